/* SPDX-License-Identifier: MIT */
/*
 * Rows to bytes, at the speed of C.
 *
 * A Packer is made for one set of names. It takes rows whose values are all
 * integers that fit, and no bool; of any other row it says so by returning None, and then
 * xengnt.codec.rows, which is slow and explains, packs the row or refuses it.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <limits.h>
#include <stdint.h>
#include <string.h>

/* Where long has 64 bits, its functions are much faster than those of long long. */
#if ULONG_MAX == UINT64_MAX
#define AS_SIGNED PyLong_AsLong
#define AS_UNSIGNED PyLong_AsUnsignedLong
#else
#define AS_SIGNED PyLong_AsLongLong
#define AS_UNSIGNED PyLong_AsUnsignedLongLong
#endif

struct slot {
    PyObject *name;   /* the key of a dict, the attribute of an object */
    Py_ssize_t offset;
    Py_ssize_t count; /* of an array the number of elements, else -1 */
    int size;         /* of an element, in bytes */
    int is_signed;
};

typedef struct {
    PyObject_HEAD
    Py_ssize_t size; /* of the struct */
    Py_ssize_t slots;
    Py_ssize_t width; /* values in a tuple */
    struct slot *slot;
} Packer;

/*
 * All functions below return 1 if it is done, 0 if the row is not one to take
 * here, with no exception set, and -1 with one that is to reach the caller.
 */

static int not_taken(void)
{
    PyObject *raised = PyErr_Occurred();

    if (raised && !PyErr_GivenExceptionMatches(raised, PyExc_Exception))
        return -1; /* an interrupt, or the end of the program */
    PyErr_Clear();
    return 0;
}

static int store(const struct slot *slot, unsigned char *to, PyObject *value)
{
    unsigned bits = 8 * (unsigned)slot->size;
    uint64_t number;
    unsigned char bytes[8];
    int byte;

    if (slot->is_signed) {
        int64_t signed_number = AS_SIGNED(value);
        int64_t high = (int64_t)(((uint64_t)1 << (bits - 1)) - 1);

        if (signed_number == -1 && PyErr_Occurred())
            return not_taken();
        if (signed_number > high || signed_number < -high - 1)
            return 0;
        number = (uint64_t)signed_number;
    } else {
        number = AS_UNSIGNED(value);
        if (number == UINT64_MAX && PyErr_Occurred())
            return not_taken();
        if (bits < 64 && number >> bits)
            return 0;
    }
    for (byte = 0; byte < 8; byte++)
        bytes[byte] = (unsigned char)(number >> (8 * byte));
    switch (slot->size) { /* constant sizes, of which the compiler makes plain stores */
    case 1:
        memcpy(to, bytes, 1);
        break;
    case 2:
        memcpy(to, bytes, 2);
        break;
    case 4:
        memcpy(to, bytes, 4);
        break;
    default:
        memcpy(to, bytes, 8);
    }
    return 1;
}

static int put(const struct slot *slot, unsigned char *to, PyObject *value)
{
    PyObject *integer;
    int done;

    if (PyLong_CheckExact(value))
        return store(slot, to, value);
    if (PyBool_Check(value) || !PyIndex_Check(value))
        return 0;
    if (PyLong_Check(value))
        return store(slot, to, value);
    integer = PyNumber_Index(value);
    if (!integer)
        return not_taken();
    done = store(slot, to, integer);
    Py_DECREF(integer);
    return done;
}

/* A value, or a list or tuple of all those of an array. */
static int put_all(const struct slot *slot, unsigned char *row, PyObject *value)
{
    unsigned char *to = row + slot->offset;
    Py_ssize_t index;
    PyObject *values;
    int done = 1;

    if (slot->count < 0)
        return put(slot, to, value);
    if (!PyList_CheckExact(value) && !PyTuple_CheckExact(value))
        return 0;
    values = PySequence_Tuple(value);
    if (!values)
        return -1;
    if (PyTuple_Size(values) != slot->count)
        done = 0;
    for (index = 0; done > 0 && index < slot->count; index++, to += slot->size)
        done = put(slot, to, PyTuple_GetItem(values, index));
    Py_DECREF(values);
    return done;
}

static int pack_dict(Packer *self, unsigned char *to, PyObject *row)
{
    Py_ssize_t index;
    int done = 1;

    if (!PyDict_CheckExact(row) || PyDict_Size(row) != self->slots)
        return 0;
    for (index = 0; done > 0 && index < self->slots; index++) {
        const struct slot *slot = self->slot + index;
        PyObject *value = PyDict_GetItemWithError(row, slot->name);

        if (!value)
            return not_taken();
        Py_INCREF(value); /* what it does as an integer may take it out of the row */
        done = put_all(slot, to, value);
        Py_DECREF(value);
    }
    return done;
}

/* Tuples and lists: the values in the order of the slots, arrays flat. What is derived
 * from them may be something else, a namedtuple. */
static int pack_tuple(Packer *self, unsigned char *to, PyObject *row)
{
    Py_ssize_t index, element, next = 0;
    int done = 1;

    if (PyTuple_CheckExact(row))
        Py_INCREF(row);
    else if (!PyList_CheckExact(row))
        return 0;
    else if (!(row = PyList_AsTuple(row))) /* which nobody else can change */
        return -1;
    if (PyTuple_Size(row) != self->width)
        done = 0;
    for (index = 0; done > 0 && index < self->slots; index++) {
        const struct slot *slot = self->slot + index;
        Py_ssize_t elements = slot->count < 0 ? 1 : slot->count;
        unsigned char *at = to + slot->offset;

        for (element = 0; done > 0 && element < elements; element++, at += slot->size)
            done = put(slot, at, PyTuple_GetItem(row, next++));
    }
    Py_DECREF(row);
    return done;
}

/* Objects of one class that have an attribute for each slot, and none of the absent. */
static int pack_object(Packer *self, unsigned char *to, PyObject *row, PyObject *kind,
                       PyObject *absent)
{
    Py_ssize_t index;
    int done = 1;

    if ((PyObject *)Py_TYPE(row) != kind)
        return 0;
    for (index = 0; done > 0 && index < PyTuple_Size(absent); index++) {
        PyObject *value = PyObject_GetAttr(row, PyTuple_GetItem(absent, index));

        if (value) {
            Py_DECREF(value);
            return 0;
        }
        if (!PyErr_ExceptionMatches(PyExc_AttributeError))
            return not_taken();
        PyErr_Clear();
    }
    for (index = 0; done > 0 && index < self->slots; index++) {
        const struct slot *slot = self->slot + index;
        PyObject *value = PyObject_GetAttr(row, slot->name);

        if (!value)
            return not_taken();
        done = put_all(slot, to, value);
        Py_DECREF(value);
    }
    return done;
}

enum form { DICTS, TUPLES, OBJECTS };

/* Pack a list, or return None. It may change its length while it is packed. */
static PyObject *pack_rows(Packer *self, PyObject *rows, enum form form, PyObject *kind,
                           PyObject *absent)
{
    PyObject *result, *row;
    unsigned char *to;
    Py_ssize_t index, count;
    int done = 1;

    if (!PyList_Check(rows)) {
        PyErr_SetString(PyExc_TypeError, "expected a list");
        return NULL;
    }
    count = PyList_Size(rows);
    if (count > PY_SSIZE_T_MAX / self->size)
        return PyErr_NoMemory();
    result = PyBytes_FromStringAndSize(NULL, count * self->size);
    if (!result)
        return NULL;
    to = (unsigned char *)PyBytes_AsString(result);
    memset(to, 0, (size_t)(count * self->size));
    for (index = 0; done > 0 && index < count; index++, to += self->size) {
        if (index >= PyList_Size(rows)) {
            done = 0;
            break;
        }
        row = PyList_GetItem(rows, index);
        Py_INCREF(row);
        if (form == DICTS)
            done = pack_dict(self, to, row);
        else if (form == TUPLES)
            done = pack_tuple(self, to, row);
        else
            done = pack_object(self, to, row, kind, absent);
        Py_DECREF(row);
    }
    if (done > 0 && PyList_Size(rows) == count)
        return result;
    Py_DECREF(result);
    if (done < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *packer_dicts(PyObject *self, PyObject *rows)
{
    return pack_rows((Packer *)self, rows, DICTS, NULL, NULL);
}

static PyObject *packer_tuples(PyObject *self, PyObject *rows)
{
    return pack_rows((Packer *)self, rows, TUPLES, NULL, NULL);
}

static PyObject *packer_objects(PyObject *self, PyObject *arguments)
{
    PyObject *rows, *kind, *absent;

    if (!PyArg_ParseTuple(arguments, "OOO!", &rows, &kind, &PyTuple_Type, &absent))
        return NULL;
    return pack_rows((Packer *)self, rows, OBJECTS, kind, absent);
}

/* Columns in the order of the slots, as a tuple: lists with a value for each row, or the
 * value of all rows. */
static PyObject *packer_columns(PyObject *object, PyObject *arguments)
{
    Packer *self = (Packer *)object;
    PyObject *columns, *result;
    unsigned char *to;
    Py_ssize_t row, index, count;
    int done = 1;

    if (!PyArg_ParseTuple(arguments, "O!n", &PyTuple_Type, &columns, &count))
        return NULL;
    if (PyTuple_Size(columns) != self->slots || count < 0) {
        PyErr_SetString(PyExc_ValueError, "expected a column for each slot");
        return NULL;
    }
    if (count > PY_SSIZE_T_MAX / self->size)
        return PyErr_NoMemory();
    result = PyBytes_FromStringAndSize(NULL, count * self->size);
    if (!result)
        return NULL;
    to = (unsigned char *)PyBytes_AsString(result);
    memset(to, 0, (size_t)(count * self->size));
    for (row = 0; done > 0 && row < count; row++, to += self->size)
        for (index = 0; done > 0 && index < self->slots; index++) {
            PyObject *value = PyTuple_GetItem(columns, index);

            if (PyList_Check(value)) {
                if (row >= PyList_Size(value)) { /* what a value does may take others out */
                    done = 0;
                    break;
                }
                value = PyList_GetItem(value, row);
            }
            Py_INCREF(value);
            done = put_all(self->slot + index, to, value);
            Py_DECREF(value);
        }
    if (done > 0)
        return result;
    Py_DECREF(result);
    if (done < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *packer_dict(PyObject *object, PyObject *row)
{
    Packer *self = (Packer *)object;
    PyObject *result = PyBytes_FromStringAndSize(NULL, self->size);
    unsigned char *to;
    int done;

    if (!result)
        return NULL;
    to = (unsigned char *)PyBytes_AsString(result);
    memset(to, 0, (size_t)self->size);
    done = pack_dict(self, to, row);
    if (done > 0)
        return result;
    Py_DECREF(result);
    if (done < 0)
        return NULL;
    Py_RETURN_NONE;
}

static void packer_free(PyObject *object)
{
    Packer *self = (Packer *)object;
    PyTypeObject *type = Py_TYPE(object);
    freefunc tp_free = (freefunc)PyType_GetSlot(type, Py_tp_free);
    Py_ssize_t index;

    for (index = 0; self->slot && index < self->slots; index++)
        Py_XDECREF(self->slot[index].name);
    PyMem_Free(self->slot);
    tp_free(object);
    Py_DECREF(type);
}

static PyObject *packer_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    allocfunc tp_alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    PyObject *slots;
    Py_ssize_t size, index;
    Packer *self;

    (void)keywords;
    if (!PyArg_ParseTuple(arguments, "nO!", &size, &PyTuple_Type, &slots))
        return NULL;
    if (size < 1) {
        PyErr_SetString(PyExc_ValueError, "a struct has at least one byte");
        return NULL;
    }
    self = (Packer *)tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->size = size;
    self->slots = PyTuple_Size(slots);
    self->slot = PyMem_Calloc((size_t)self->slots + 1, sizeof(*self->slot));
    if (!self->slot) {
        PyErr_NoMemory();
        goto fail;
    }
    for (index = 0; index < self->slots; index++) {
        struct slot *slot = self->slot + index;
        PyObject *given = PyTuple_GetItem(slots, index);
        Py_ssize_t elements;

        if (!PyTuple_Check(given)) {
            PyErr_SetString(PyExc_TypeError, "a slot is a tuple");
            goto fail;
        }
        if (!PyArg_ParseTuple(given, "Unnip", &slot->name, &slot->offset,
                              &slot->count, &slot->size, &slot->is_signed)) {
            slot->name = NULL; /* borrowed, if it is there at all */
            goto fail;
        }
        Py_INCREF(slot->name);
        PyUnicode_InternInPlace(&slot->name);
        elements = slot->count < 0 ? 1 : slot->count;
        if ((slot->size != 1 && slot->size != 2 && slot->size != 4 && slot->size != 8) ||
            slot->offset < 0 || slot->offset > size ||
            elements > (size - slot->offset) / slot->size) {
            PyErr_SetString(PyExc_ValueError, "a slot that is not inside the struct");
            goto fail;
        }
        self->width += elements;
    }
    return (PyObject *)self;
fail:
    Py_DECREF(self);
    return NULL;
}

static PyMethodDef packer_methods[] = {
    {"dicts", packer_dicts, METH_O, "Pack a list of dicts, or return None."},
    {"tuples", packer_tuples, METH_O, "Pack a list of tuples or lists, or return None."},
    {"objects", packer_objects, METH_VARARGS,
     "Pack a list of objects of a class and without these attributes, or return None."},
    {"columns", packer_columns, METH_VARARGS,
     "Pack a tuple of columns and their length, or return None."},
    {"dict", packer_dict, METH_O, "Pack one dict, or return None."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot packer_slots[] = {
    {Py_tp_doc, "Packer(size, slots): packs rows of integers that have just these names.\n\n"
                "A slot is (name, offset, count or -1, size, signed)."},
    {Py_tp_new, packer_new},
    {Py_tp_dealloc, packer_free},
    {Py_tp_methods, packer_methods},
    {0, NULL},
};

static PyType_Spec packer_spec = {
    "xengnt._rows.Packer",
    sizeof(Packer),
    0,
    Py_TPFLAGS_DEFAULT,
    packer_slots,
};

static int rows_exec(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&packer_spec);
    int done;

    if (!type)
        return -1;
    done = PyModule_AddObjectRef(module, "Packer", type);
    Py_DECREF(type);
    return done;
}

static PyModuleDef_Slot rows_slots[] = {
    {Py_mod_exec, rows_exec},
    {0, NULL},
};

static struct PyModuleDef rows_module = {
    PyModuleDef_HEAD_INIT,
    "xengnt._rows",
    "Rows to bytes, at the speed of C.",
    0,
    NULL,
    rows_slots,
    NULL,
    NULL,
    NULL,
};

PyMODINIT_FUNC PyInit__rows(void);

PyMODINIT_FUNC PyInit__rows(void)
{
    return PyModuleDef_Init(&rows_module);
}
