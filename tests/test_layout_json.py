# SPDX-License-Identifier: MIT
"""The reader of layout JSON: all of what we write, what people write, and what nobody should."""

from __future__ import annotations

import copy
import json
import os
import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import ABIS, ROOT, VERSIONS

from xengnt.abi.declarations import (
    Aggregate,
    Arithmetic,
    Array,
    Constant,
    CType,
    Declarations,
    Member,
    Pointer,
    header,
)
from xengnt.abi.layout import Layout, OpLayout, compute
from xengnt.abi.targets import TARGETS
from xengnt.cli import main
from xengnt.compare import compare
from xengnt.errors import SourceError
from xengnt.findings import NOTE
from xengnt.sources import layout_json
from xengnt.sources.reading import (
    ALIGNMENT,
    CONSTANTS,
    POINTEES,
    SIGNEDNESS,
    TYPEDEFS,
    Reading,
)

SOME = (("x86_32", "undefined"), ("arm32", "0x0003020a"), ("ppc64", "newest"))

FUZZ = int(os.environ.get("XENGNT_FUZZ", "2000"))
"""How many mutated documents are read."""

Json = Any


def all_names(name: str) -> bool:
    """Want everything."""
    return True


def read(document: Json) -> Reading:
    """Read one document."""
    (reading,) = layout_json.read(json.dumps(document).encode(), "x.json", all_names)
    return reading


def of(abi: str, version: str = "newest") -> Layout:
    """Return our layout for an ABI."""
    return compute(header().at(abi, version))


def in_json(layout: Layout) -> Layout:
    """Return what JSON holds of a layout: not what each field asks for as alignment."""
    structs = {
        tag: replace(one, fields=tuple(replace(field, align=None) for field in one.fields))
        for tag, one in layout.structs.items()
    }
    return replace(layout, structs=structs)


def errors(reference: Layout, theirs: Layout) -> set[tuple[str, str]]:
    """Return the errors and warnings, as code and place."""
    return {(one.code, one.where) for one in compare(reference, theirs) if one.severity != NOTE}


@pytest.mark.parametrize("abi", ABIS)
def test_what_we_write_is_read_back(abi: str) -> None:
    """Would catch anything of a layout that is lost or changed on the way through JSON."""
    for version in VERSIONS:
        layout = of(abi, version)
        reading = read(layout.as_json())
        assert reading.layout == in_json(layout)
        assert reading.unseen == frozenset()
        assert not reading.problems
        assert [one for one in compare(layout, reading.layout) if one.severity != NOTE] == []


def test_what_the_command_writes_is_read_back(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Would catch a command that writes another shape than `Layout.as_json`, for one ABI or all."""
    assert main(["layout", "--abi", "all", "--format", "json"]) == 0
    readings = layout_json.read(capsysbinary.readouterr().out, "x.json", all_names)
    assert [one.layout for one in readings] == [in_json(of(abi)) for abi in TARGETS]
    assert main(["layout", "copy", "--abi", "arm32", "--format", "json"]) == 0
    (reading,) = layout_json.read(capsysbinary.readouterr().out, "x.json", all_names)
    assert reading.layout.structs.keys() == {"gnttab_copy"}


SCALARS = [
    Arithmetic(name)
    for name in ("char", "signed char", "_Bool", "unsigned short", "int", "unsigned long", "double")
]
FILLED = {"min_size": 1, "max_size": 4}


def aggregates(depth: int) -> st.SearchStrategy[Aggregate]:
    """Draw structs and unions, of scalars, pointers, bit-fields, arrays and one another."""
    scalars: st.SearchStrategy[CType] = st.sampled_from(SCALARS)
    pointers = st.builds(Pointer, st.sampled_from([*SCALARS, Arithmetic("void"), None]))
    types = scalars | pointers
    if depth:
        types |= aggregates(depth - 1)
    types |= st.builds(Array, types, st.integers(0, 3))
    bits = st.integers(1, 16).map(lambda width: (Arithmetic("int"), width))
    members = st.lists(types.map(lambda one: (one, None)) | bits, **FILLED)
    return st.builds(_aggregate, st.sampled_from(("struct", "union")), members, st.booleans())


def _aggregate(kind: str, members: list[tuple[CType, int | None]], packed: bool) -> Aggregate:  # noqa: FBT001 -- hypothesis calls it
    named = tuple(
        Member(f"m{number}", one, bits=bits) for number, (one, bits) in enumerate(members)
    )
    return Aggregate(kind, None, named, packed=packed)


CONSTANTS_OF_C = st.builds(
    lambda value, size: Constant(value, size, signed=True),
    st.integers(-(1 << 31), (1 << 31) - 1),
    st.sampled_from((4, 8)),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(ABIS),
    st.dictionaries(st.sampled_from("abcd"), aggregates(2), **FILLED),
    st.dictionaries(st.from_regex(r"[A-Z_]{1,9}", fullmatch=True), CONSTANTS_OF_C, max_size=3),
    st.lists(st.text(st.characters(categories=("L", "N", "P")), max_size=9), max_size=3),
)
def test_any_layout_is_read_back(
    abi: str, structs: dict[str, Aggregate], constants: dict[str, Constant], messages: list[str]
) -> None:
    """Would catch a shape of struct that is refused, or comes back as another."""
    tagged = {tag: replace(one, tag=tag) for tag, one in structs.items()}
    declared = Declarations(
        TARGETS[abi], 0x30201, aggregates=tagged, constants=constants, messages=tuple(messages)
    )
    layout = compute(declared)
    assert read(layout.as_json()).layout == in_json(layout)


MINIMAL = {
    "abi": "i386",
    "structs": {
        "gnttab_transfer": {
            "fields": [
                {"name": "mfn", "offset": 0, "size": 4},
                {"name": "domid", "offset": 4, "size": 2},
                {"name": "ref", "offset": 8, "size": 4},
                {"name": "status", "offset": 12, "size": 2},
            ],
            "align": 4,
        },
        "gnttab_copy_ptr": {
            "fields": [
                {"name": "u", "offset": 0, "size": 4},
                {"name": "u.ref", "offset": 0, "size": 4},
                {"name": "u.gmfn", "offset": 0, "size": 4},
                {"name": "domid", "offset": 4, "size": 2},
                {"name": "offset", "offset": 6, "size": 2, "signed": None},
            ]
        },
    },
    "constants": {"GNTTABOP_copy": {"value": 5}},
    "ops": {"copy": {"number": 5, "struct": "gnttab_copy"}},
}


def test_little_is_enough() -> None:
    """Would catch a key that a hand-written document has to have, or a default that is wrong."""
    layout = read(MINIMAL).layout
    assert (layout.abi, layout.interface_version) == ("x86_32", 0)
    transfer, copied = layout.structs["gnttab_transfer"], layout.structs["gnttab_copy_ptr"]
    assert (transfer.kind, transfer.size, transfer.align) == ("struct", 16, 4)
    assert (copied.size, copied.align) == (8, None)
    assert [field.kind for field in copied.fields] == ["union", "int", "int", "int", "int"]
    assert copied.fields[1].signed is None
    assert layout.ops == {"copy": OpLayout(5, "gnttab_copy", "GNTTABOP_copy")}
    assert layout.constants == {"GNTTABOP_copy": Constant(5, None, None)}
    assert errors(of("x86_32"), layout) == set()


def test_a_document_for_whatever_is_asked_for() -> None:
    """Would catch an ABI that is made up where the document states none."""
    document = json.dumps({key: one for key, one in MINIMAL.items() if key != "abi"}).encode()
    (reading,) = layout_json.read(document, "x.json", all_names, TARGETS["arm32"])
    assert reading.layout.abi == "arm32"
    with pytest.raises(SourceError, match=r"^x\.json: \$: 'abi' is missing$"):
        layout_json.read(document, "x.json", all_names)


def test_what_is_not_stated_is_named() -> None:
    """Would catch a comparison that takes what a document leaves out for a difference."""
    assert read(MINIMAL).unseen == {TYPEDEFS, POINTEES}
    least = {"abi": "arm64", "structs": {"a": {"fields": [{"name": "b", "offset": 0, "size": 1}]}}}
    assert read(least).unseen == {TYPEDEFS, POINTEES, ALIGNMENT, SIGNEDNESS, CONSTANTS}


def test_only_what_is_wanted() -> None:
    """Would catch names that nobody asked for, and ones that are not checked for that."""
    document = json.dumps(of("x86_64").as_json()).encode()
    (reading,) = layout_json.read(document, "x.json", lambda name: name == "gnttab_copy")
    assert set(reading.layout.structs) == {"gnttab_copy"}
    assert not reading.layout.constants
    assert not reading.layout.typedefs
    bad = {"abi": "arm64", "structs": {"other": {"fields": [{"name": "x"}]}}}
    with pytest.raises(SourceError, match=r"structs\.other"):
        layout_json.read(json.dumps(bad).encode(), "x.json", str.isupper)


Edit = Callable[[Json], object]


def fields(document: Json, tag: str) -> Json:
    """Return the fields of a struct by name."""
    return {field["name"]: field for field in document["structs"][tag]["fields"]}


def change(tag: str, name: str, **values: object) -> Edit:
    """Return an edit of a field."""
    return lambda document: fields(document, tag)[name].update(values)


def moved(tag: str, after: str, by: int) -> Edit:
    """Return an edit that moves all fields from one on, and the end, and drops the holes."""

    def edit(document: Json) -> None:
        struct = document["structs"][tag]
        names = [field["name"] for field in struct["fields"]]
        for field in struct["fields"][names.index(after) :]:
            field["offset"] += by
        struct["size"] += by
        del struct["holes"], struct["align"]

    return edit


def constant(name: str, **values: object) -> Edit:
    """Return an edit of a constant."""
    return lambda document: document["constants"][name].update(values)


FAULTS: dict[str, tuple[str, Edit, set[tuple[str, str]]]] = {
    "unsigned status": (
        "riscv64",
        change("gnttab_map_grant_ref", "status", signed=False),
        {("field-sign", "gnttab_map_grant_ref.status")},
    ),
    "pointee": (
        "arm32",
        change(
            "gnttab_setup_table",
            "frame_list",
            pointee={"type": "unsigned long", "size": 4, "signed": False},
        ),
        {("pointee-size", "gnttab_setup_table.frame_list")},
    ),
    "a pointer that is no handle": (
        "arm32",
        change("gnttab_get_status_frames", "frame_list", size=4),
        {
            ("field-size", "gnttab_get_status_frames.frame_list"),
        },
    ),
    "moved": (
        "ppc64",
        moved("gnttab_cache_flush", "length", 4),
        {
            ("field-offset", "gnttab_cache_flush.length"),
            ("field-offset", "gnttab_cache_flush.op"),
            ("struct-size", "gnttab_cache_flush"),
        },
    ),
    "array": (
        "x86_64",
        change("grant_entry_v2", "__spacer", count=2),
        {("field-count", "grant_entry_v2.__spacer")},
    ),
    "value": (
        "x86_32",
        constant("GNTST_no_space", value=-12),
        {("constant-value", "GNTST_no_space")},
    ),
    "signed flag": (
        "arm64",
        constant("GTF_readonly", signed=True),
        {("constant-sign", "GTF_readonly")},
    ),
    "op": (
        "arm64",
        lambda document: document["ops"]["copy"].update(struct="gnttab_transfer"),
        {("op-struct", "GNTTABOP_copy")},
    ),
    "typedef": (
        "arm64",
        lambda document: document["typedefs"]["domid_t"].update(size=4),
        {("type-size", "domid_t")},
    ),
}


@pytest.mark.parametrize(("abi", "edit", "expected"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_at_the_right_place(
    abi: str, edit: Edit, expected: set[tuple[str, str]]
) -> None:
    """Would catch a reader that evens out what is wrong in a document."""
    document = of(abi).as_json()
    edit(document)
    for struct in document["structs"].values():
        struct.pop("holes", None)
    assert errors(of(abi), read(document).layout) == expected


def documents(edit: Edit) -> bytes:
    """Return our layout after an edit."""
    document = json.loads(json.dumps(of("x86_64").as_json()))
    edit(document)
    return json.dumps(document).encode()


def at(path: str, value: object) -> Edit:
    """Return an edit that puts a value at a path, ``structs.gnttab_copy.fields.3.offset``."""

    def edit(document: Json) -> None:
        *steps, last = path.split(".")
        for step in steps:
            document = document[int(step) if step.isdecimal() else step]
        document[int(last) if last.isdecimal() else last] = value

    return edit


COPY = "structs.gnttab_copy"
FIELD = f"{COPY}.fields.3"
TYPES = {
    f"{FIELD}.offset": ("4", "expected an integer, not '4'"),
    f"{FIELD}.size": (True, "expected an integer, not True"),
    f"{FIELD}.name": (7, "expected a text, not 7"),
    f"{FIELD}.kind": ("integer", "expected one of int, float, handle, bits, struct, union, not "),
    f"{FIELD}.direction": ("INOUT", "expected one of IN, OUT, IN/OUT, IN-pointer, not 'INOUT'"),
    f"{FIELD}.count": (3, "8 bytes are not 3 elements"),
    f"{FIELD}.signed": (1, "expected true or false, not 1"),
    f"{FIELD}.type": ("a\nb", "'a\\nb' cannot be that"),
    f"{FIELD}.pointee": ({}, "source.u.gmfn is no handle"),
    f"{COPY}.fields": ({}, "expected a list, not an object"),
    f"{COPY}.size": (-1, "-1 is not in 0 … 9223372036854775807"),
    f"{COPY}.align": (12, "12 is not a power of two"),
    f"{COPY}.kind": ("class", "expected one of struct, union, not 'class'"),
    f"{COPY}.holes": ([[36, 3]], "not the bytes that no field covers"),
    "structs.gnttab_setup_table.fields.3.pointee": ({"size": 8}, "'type' is missing"),
    "constants.GNTTABOP_copy.value": (5.0, "expected an integer, not 5.0"),
    "constants.GNTTABOP_copy.size": (9, "9 is not in 1 … 8"),
    "constants.GNTMAP_readonly": (4, "expected an object, not 4"),
    "typedefs.domid_t.kind": ("handle", "expected one of int, float, not 'handle'"),
    "aliases.gnttab_copy_t": (None, "expected a text, not None"),
    "ops.copy.number": (1 << 32, "4294967296 is not in 0 … 4294967295"),
    "ops.copy.struct": ("struct gnttab_copy", "expected the tag of a struct"),
    "messages.2": (3, "expected a text, not 3"),
    "abi": ("sparc", "unknown ABI 'sparc': expected one of"),
    "interface_version": ("newest", "'newest' cannot be that"),
    "structs": ([], "expected an object, not a list"),
}


@pytest.mark.parametrize("path", TYPES)
def test_a_value_that_cannot_be_is_named_by_its_path(path: str) -> None:
    """Would catch a value of a wrong type or range that passes, or is named by a wrong path."""
    value, message = TYPES[path]
    with pytest.raises(SourceError) as caught:
        layout_json.read(documents(at(path, value)), "x.json", all_names)
    shown = re.sub(r"\.(\d+)", r"[\1]", path)
    assert str(caught.value).startswith(f"x.json: $.{shown}: ")
    assert message in str(caught.value)


def rows(*fields: tuple[str, int, int] | dict[str, object], **more: object) -> Json:
    """Return a document of one struct with these fields."""
    listed = [
        one if isinstance(one, dict) else dict(zip(("name", "offset", "size"), one, strict=True))
        for one in fields
    ]
    return {"abi": "arm64", "structs": {"a": {"fields": listed, **more}}}


def array(name: str, offset: int, size: int, count: int) -> dict[str, object]:
    """Return a field that is an array."""
    return {"name": name, "offset": offset, "size": size, "count": count}


ROWS: dict[str, tuple[Json, str]] = {
    "beyond the end": (rows(("x", 4, 8), size=8), "$.structs.a.fields[0]: x ends at 12, a at 8"),
    "twice": (rows(("x", 0, 4), ("x", 4, 4)), "$.structs.a.fields[1].name: x is there twice"),
    "of nothing": (rows(("x.y", 0, 4)), "fields[0].name: x.y does not follow a struct or union x"),
    "not behind": (
        rows(("x", 0, 4), ("x.y", 0, 4), ("z", 4, 4), ("x.w", 0, 4)),
        "fields[3].name: x.w does not follow a struct or union x",
    ),
    "of a scalar": (
        rows({"name": "x", "offset": 0, "size": 4, "kind": "int"}, ("x.y", 0, 4)),
        "fields[1].name: x.y does not follow a struct or union x",
    ),
    "outside": (
        rows(("x", 0, 4), ("x.y", 2, 4)),
        "fields[1].offset: x.y is at 2 … 6, outside of x at 0 … 4",
    ),
    "outside of an element": (
        rows(array("x", 0, 8, 2), ("x[].y", 4, 4)),
        "fields[1].offset: x[].y is at 4 … 8, outside of x at 0 … 4",
    ),
    "no array": (rows(("x", 0, 4), ("x[].y", 0, 4)), "fields[1].name: x is no array"),
    "an array": (rows(array("x", 0, 8, 2), ("x.y", 0, 4)), "fields[1].name: x is an array"),
    "no name": (rows(("", 0, 4)), "fields[0].name: "),
    "a strange name": (rows(("a..b", 0, 4)), "fields[0].name: 'a..b' cannot be that"),
    "a name that ends in brackets": (rows(("a[]", 0, 4)), "fields[0].name: 'a[]' cannot be that"),
    "no bytes": (rows(("x", 0, 0)), "fields[0].size: x has no bytes"),
    "no multiple": (rows(("x", 0, 4), size=6, align=4), "$.structs.a.size: 6 is no multiple of"),
    "no offset": (rows({"name": "x", "size": 4}), "$.structs.a.fields[0]: 'offset' is missing"),
    "a typing mistake": (
        rows({"name": "x", "offset": 0, "size": 4, "sgined": True}),
        "$.structs.a.fields[0].sgined: unknown key",
    ),
    "too deep": (
        rows(*((".".join("x" * depth), 0, 4) for depth in range(1, 110))),
        "fields[100]: structs nested deeper than 100",
    ),
    "too many": (rows(*((f"x{n}", n, 1) for n in range(20_001))), "more than 20000 fields"),
    "a strange tag": (
        {"abi": "arm64", "structs": {"a b\n": {}}},
        "$.structs['a b\\n']: not a C name",
    ),
    "no layouts": ([], "$: no layouts in it"),
    "a list in a list": ([[]], "$[0]: expected an object, not a list"),
    "a second one": ([rows(("x", 0, 4)), 5], "$[1]: expected an object, not 5"),
    "something else": ({"name": "left-pad"}, "$: no layout: it has none of structs, typedefs"),
    "a text": ("x", "$: expected an object, not 'x'"),
    "a number that does not fit": (
        {"abi": "arm64", "constants": {"X": {"value": 300, "size": 1, "signed": False}}},
        "$.constants.X.value: 300 does not fit into 1 bytes",
    ),
}


@pytest.mark.parametrize(("document", "message"), ROWS.values(), ids=ROWS)
def test_a_contradiction_is_named(document: Json, message: str) -> None:
    """Would catch a list of fields that no struct can have and is compared nevertheless."""
    with pytest.raises(SourceError) as caught:
        layout_json.read(json.dumps(document).encode(), "x.json", all_names)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


BYTES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "x.json: not JSON: Expecting value"),
    "binary": (b"\x7fELF\xff\xff", "x.json: not JSON: "),
    "cut off": (b'{"abi": "arm64"', "x.json: not JSON: "),
    "lists without end": (b"[" * 200_000, "x.json: nested too deeply"),
    "objects without end": (b'{"a":' * 200_000, "x.json: nested too deeply"),
    "a long number": (b'{"structs": ' + b"9" * 10_000 + b"}", "x.json: not JSON: "),
    "no number": (b'{"structs": NaN}', "x.json: not JSON: NaN is no number"),
    "a key twice": (
        b'{"abi": "arm64", "structs": {"a": {"fields": []}, "a": {"fields": []}}}',
        "x.json: $.structs.a: stated twice",
    ),
    "half a character": (
        b'{"abi": "arm64", "structs": {"\\ud800": 1}}',
        "$.structs['\\ud800']: not a C name",
    ),
    "too large": (b" " * (layout_json.MAX_BYTES + 1), "x.json: larger than 8 MiB"),
}


@pytest.mark.parametrize(("data", "message"), BYTES.values(), ids=BYTES)
def test_what_is_no_document(data: bytes, message: str) -> None:
    """Would catch a traceback, or a message that does not say what is wrong."""
    with pytest.raises(SourceError) as caught:
        layout_json.read(data, "x.json", all_names)
    assert message in str(caught.value)
    str(caught.value).encode()  # it can be printed


ODD = (None, True, -1, 0, 3, 1 << 62, 1 << 64, 1.5, "", "x", "a.b", "a[].b", "struct", "bits", [])
ODD = (*ODD, {}, [[]], [[0, 1]], {"": 0}, {"type": "x", "size": 2, "signed": None})


def nodes(document: Json) -> list[tuple[Json, Any]]:
    """Return all containers of a document with each of their keys."""
    found, left = [], [document]
    while left:
        one = left.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one))
        found += [(one, key) for key in keys]
        left += [one[key] for key in keys if isinstance(one[key], dict | list)]
    return found


def mutate(document: Json, chance: random.Random) -> None:
    """Change a document in one place, no matter how."""
    container, key = chance.choice(nodes(document))
    value = container[key]
    match chance.randrange(6):
        case 0:
            del container[key]
        case 1:
            container[key] = copy.deepcopy(chance.choice(nodes(document)))[0]
        case 2 if isinstance(container, list):
            container.insert(chance.randrange(len(container) + 1), copy.deepcopy(value))
        case 2:
            container[chance.choice(("size", "count", "x", "x.y", "gnttab_copy"))] = value
        case 3 if isinstance(container, list):
            chance.shuffle(container)
        case 4 if type(value) is int:
            container[key] = value + chance.choice((-8, -4, -1, 1, 2, 4, 8, 1 << 32))
        case _:
            container[key] = copy.deepcopy(chance.choice(ODD))


def test_mutations_are_read_or_refused_in_one_line() -> None:
    """Would catch a document that leads to a traceback, in the reader or in the comparison."""
    reference = of("arm32")
    whole = json.loads(json.dumps(reference.as_json()))
    tags = ("gnttab_copy", "gnttab_setup_table", "grant_entry_v2")
    whole["structs"] = {tag: whole["structs"][tag] for tag in tags}
    for part in ("constants", "typedefs", "ops", "aliases"):
        whole[part] = dict(list(whole[part].items())[:3])
    text = json.dumps(whole)
    chance = random.Random(20_040)
    accepted, said = 0, set[str]()
    for number in range(FUZZ):
        if number % 4:
            document = json.loads(text)
            for _ in range(chance.choice((1, 1, 1, 4))):
                if nodes(document):
                    mutate(document, chance)
            data = json.dumps(document).encode()
        else:
            broken = bytearray(text.encode())
            for _ in range(chance.choice((1, 3))):
                broken[chance.randrange(len(broken))] = chance.choice(b'0123456789[]{}:,"-x.\xff')
            data = bytes(broken[: chance.choice((len(broken), chance.randrange(len(broken))))])
        try:
            readings = layout_json.read(data, "x.json", all_names)
        except SourceError as error:
            said.add(str(error))
        else:
            for one in readings:
                compare(reference, one.layout)
                one.layout.as_json()
            accepted += 1
    assert FUZZ // 20 < accepted < FUZZ // 2
    assert len(said) > FUZZ // 20
    assert [one for one in said if not re.fullmatch(r"x\.json: .+", one)] == []


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    """Return the schema in the documentation."""
    text = (ROOT / "docs" / "layout.schema.json").read_text()
    jsonschema.Draft202012Validator.check_schema(json.loads(text))
    return jsonschema.Draft202012Validator(json.loads(text))


def test_the_schema_is_of_what_is_read(schema: jsonschema.Draft202012Validator) -> None:
    """Would catch a key or kind that the schema forbids, and the reader or the command knows."""
    whole = [json.loads(json.dumps(of(abi, version).as_json())) for abi, version in SOME]
    for document in (*whole, whole, MINIMAL):
        assert [error.message for error in schema.iter_errors(document)] == []


def test_the_reader_is_as_strict_as_the_schema(schema: jsonschema.Draft202012Validator) -> None:
    """Would catch a document that editors mark as wrong, and the reader accepts."""
    document = json.loads(json.dumps(of("arm32").as_json()))
    document["structs"] = {
        tag: document["structs"][tag] for tag in ("gnttab_setup_table", "gnttab_dump_table")
    }
    for part in ("constants", "typedefs", "ops", "aliases", "messages"):
        document[part] = (
            document[part][:2] if part == "messages" else dict(list(document[part].items())[:2])
        )
    text = json.dumps(document)
    chance = random.Random(30_060)
    refused = 0
    for _ in range(500):
        document = json.loads(text)
        mutate(document, chance)
        if not schema.is_valid(document):
            refused += 1
            with pytest.raises(SourceError):
                layout_json.read(json.dumps(document).encode(), "x.json", all_names)
    assert refused > 100
