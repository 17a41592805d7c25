/* SPDX-License-Identifier: MIT */
/* columns.cdef.h: the part of columns.h that cffi reads too. */

/* One column of a batch, and the field that it goes to or comes from. */
struct xengnt_column {
    unsigned char *data;        /* of the first element */
    int64_t stride;             /* bytes from one element to the next; 0 repeats the first */
    uint64_t bias;              /* (value + bias) & outside is 0 for each value that fits; */
    uint64_t outside;           /* where all do, outside is 0 */
    uint32_t offset;            /* of the field in its struct */
    uint8_t size;               /* of the field: 1, 2, 4 or 8 */
    uint8_t width;              /* of an element of the column: the same */
    uint8_t is_signed;          /* whether the narrower of the two is extended by its sign */
};

/* A batch, and the columns of all its fields in order of their offset. */
struct xengnt_batch {
    unsigned char *bytes;
    uint64_t count;             /* of structs */
    struct xengnt_column *column;
    uint32_t columns;
    uint32_t size;              /* of a struct */
    int32_t kernel;             /* which kernel was generated for these fields, -1: none */
    uint32_t wrong_column;      /* what does not fit: the column, */
    uint64_t wrong_element;     /* and the element */
};
