# SPDX-License-Identifier: MIT
"""The numbers of DWARF that are used here, by the names that its standard has for them.

This module imports nothing.
"""

from __future__ import annotations

TAG_array_type = 0x01
TAG_class_type = 0x02
TAG_enumeration_type = 0x04
TAG_lexical_block = 0x0B
TAG_member = 0x0D
TAG_pointer_type = 0x0F
TAG_reference_type = 0x10
TAG_compile_unit = 0x11
TAG_structure_type = 0x13
TAG_subroutine_type = 0x15
TAG_typedef = 0x16
TAG_union_type = 0x17
TAG_variant = 0x19
TAG_inheritance = 0x1C
TAG_module = 0x1E
TAG_ptr_to_member_type = 0x1F
TAG_subrange_type = 0x21
TAG_base_type = 0x24
TAG_const_type = 0x26
TAG_enumerator = 0x28
TAG_packed_type = 0x2D
TAG_subprogram = 0x2E
TAG_variant_part = 0x33
TAG_volatile_type = 0x35
TAG_restrict_type = 0x37
TAG_namespace = 0x39
TAG_imported_unit = 0x3D
TAG_unspecified_type = 0x3B
TAG_rvalue_reference_type = 0x42
TAG_template_alias = 0x43
TAG_atomic_type = 0x47
TAG_immutable_type = 0x4B

STRUCTS = frozenset({TAG_structure_type, TAG_class_type})
AGGREGATES = STRUCTS | {TAG_union_type}
ALIASES = frozenset({TAG_typedef, TAG_template_alias})
POINTERS = frozenset(
    {TAG_pointer_type, TAG_reference_type, TAG_rvalue_reference_type, TAG_ptr_to_member_type}
)
QUALIFIERS = frozenset(
    {
        *(TAG_const_type, TAG_volatile_type, TAG_restrict_type, TAG_atomic_type),
        *(TAG_packed_type, TAG_immutable_type),
    }
)
NAMED = frozenset({*AGGREGATES, *ALIASES, TAG_enumeration_type, TAG_enumerator, TAG_imported_unit})
"""Entries that are looked at."""

SCOPES_C = frozenset({TAG_enumeration_type, TAG_subprogram, TAG_lexical_block})
SCOPES = SCOPES_C | AGGREGATES | {TAG_namespace, TAG_module}
"""Entries whose children are looked at."""

AT_sibling = 0x01
AT_name = 0x03
AT_byte_size = 0x0B
AT_bit_offset = 0x0C
AT_bit_size = 0x0D
AT_stmt_list = 0x10
AT_language = 0x13
AT_import = 0x18
AT_comp_dir = 0x1B
AT_const_value = 0x1C
AT_lower_bound = 0x22
AT_upper_bound = 0x2F
AT_count = 0x37
AT_data_member_location = 0x38
AT_decl_file = 0x3A
AT_decl_line = 0x3B
AT_declaration = 0x3C
AT_encoding = 0x3E
AT_external = 0x3F
AT_specification = 0x47
AT_type = 0x49
AT_signature = 0x69
AT_data_bit_offset = 0x6B
AT_str_offsets_base = 0x72
AT_dwo_name = 0x76
AT_alignment = 0x88
AT_GNU_dwo_name = 0x2130
AT_GNU_dwo_id = 0x2131

FORM_addr = 0x01
FORM_block2 = 0x03
FORM_block4 = 0x04
FORM_data2 = 0x05
FORM_data4 = 0x06
FORM_data8 = 0x07
FORM_string = 0x08
FORM_block = 0x09
FORM_block1 = 0x0A
FORM_data1 = 0x0B
FORM_flag = 0x0C
FORM_sdata = 0x0D
FORM_strp = 0x0E
FORM_udata = 0x0F
FORM_ref_addr = 0x10
FORM_ref1 = 0x11
FORM_ref2 = 0x12
FORM_ref4 = 0x13
FORM_ref8 = 0x14
FORM_ref_udata = 0x15
FORM_indirect = 0x16
FORM_sec_offset = 0x17
FORM_exprloc = 0x18
FORM_flag_present = 0x19
FORM_strx = 0x1A
FORM_addrx = 0x1B
FORM_ref_sup4 = 0x1C
FORM_strp_sup = 0x1D
FORM_data16 = 0x1E
FORM_line_strp = 0x1F
FORM_ref_sig8 = 0x20
FORM_implicit_const = 0x21
FORM_loclistx = 0x22
FORM_rnglistx = 0x23
FORM_ref_sup8 = 0x24
FORM_strx1 = 0x25
FORM_strx2 = 0x26
FORM_strx3 = 0x27
FORM_strx4 = 0x28
FORM_GNU_addr_index = 0x1F01
FORM_GNU_str_index = 0x1F02
FORM_GNU_ref_alt = 0x1F20
FORM_GNU_strp_alt = 0x1F21
FORM_LLVM_addrx_offset = 0x2001

LEB_FORMS = frozenset(
    {
        *(FORM_sdata, FORM_udata, FORM_ref_udata, FORM_strx, FORM_addrx),
        *(FORM_loclistx, FORM_rnglistx, FORM_GNU_addr_index, FORM_GNU_str_index),
    }
)
UNIT_REFERENCES = frozenset({FORM_ref1, FORM_ref2, FORM_ref4, FORM_ref8, FORM_ref_udata})
SUPPLEMENT_REFERENCES = frozenset({FORM_GNU_ref_alt, FORM_ref_sup4, FORM_ref_sup8})
REFERENCES = UNIT_REFERENCES | SUPPLEMENT_REFERENCES | {FORM_ref_addr, FORM_ref_sig8}
STRING_INDICES = frozenset(
    {FORM_strx, FORM_strx1, FORM_strx2, FORM_strx3, FORM_strx4, FORM_GNU_str_index}
)
OWN_STRINGS = STRING_INDICES | {FORM_strp}
"""Forms of strings in the string section of the same file."""

OTHER_FORMS = (
    REFERENCES
    | STRING_INDICES
    | {FORM_strp, FORM_line_strp, FORM_strp_sup, FORM_GNU_strp_alt, FORM_addr, FORM_addrx}
    | {FORM_loclistx, FORM_rnglistx, FORM_sec_offset}
)
"""Forms whose value is an integer, and that mean something else than a number."""

_FIXED = {
    **dict.fromkeys((FORM_flag_present, FORM_implicit_const), 0),
    **dict.fromkeys((FORM_data1, FORM_flag, FORM_ref1, FORM_strx1, 0x29), 1),
    **dict.fromkeys((FORM_data2, FORM_ref2, FORM_strx2, 0x2A), 2),
    **dict.fromkeys((FORM_strx3, 0x2B), 3),
    **dict.fromkeys((FORM_data4, FORM_ref4, FORM_ref_sup4, FORM_strx4, 0x2C), 4),
    **dict.fromkeys((FORM_data8, FORM_ref8, FORM_ref_sig8, FORM_ref_sup8), 8),
    FORM_data16: 16,
}
_OFFSETS = (
    *(FORM_strp, FORM_sec_offset, FORM_line_strp, FORM_strp_sup),
    *(FORM_GNU_ref_alt, FORM_GNU_strp_alt),
)


def fixed_sizes(wide: int, word: int, version: int) -> dict[int, int]:
    """Return the sizes of forms that have one, by the sizes of offsets and addresses."""
    return {
        **_FIXED,
        **dict.fromkeys(_OFFSETS, wide),
        FORM_addr: word,
        FORM_ref_addr: word if version == 2 else wide,  # noqa: PLR2004 -- a version
    }


UT_compile = 1
UT_type = 2
UT_partial = 3
UT_skeleton = 4
UT_split_compile = 5
UT_split_type = 6

SECT_INFO = 1
SECT_TYPES = 2
SECT_ABBREV = 3
SECT_STR = 6

ATE_boolean = 0x02
ATE_complex_float = 0x03
ATE_float = 0x04
ATE_signed = 0x05
ATE_signed_char = 0x06
ATE_imaginary_float = 0x09
ATE_decimal_float = 0x0F
FLOATS = frozenset({ATE_complex_float, ATE_float, ATE_imaginary_float, ATE_decimal_float})
SIGNED = frozenset({ATE_signed, ATE_signed_char})

OP_constu = 0x10
OP_plus_uconst = 0x23

LANGUAGES_C = frozenset({0x01, 0x02, 0x0C, 0x1D, 0x2C, 0x3E})
"""C of 1989, before, of 1999, 2011, 2017 and 2023."""
