"""Does a manifest say what was put in, and is a broken or hostile one refused with the place?"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanlight.bundle.dim_json import dim_from_json, dim_to_json
from fanlight.bundle.manifest import FileEntry, Function, Manifest, Memory, Slot, StateSlot
from fanlight.errors import CompileError, ModelFormatError
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, Size
from web.hand_made import line, pixels

HASH = "0" * 64


def whole() -> Manifest:
    manifest, _, _ = line()
    files = {name: FileEntry(1, HASH, 1) for name in ("code.1.wasm", "weights.1.safetensors", "index.js")}
    more = {"license": "MIT", "citation": "Someone", "source": {"sha256": HASH}, "page": {"title": "Line"}}
    code = {"portable": "code.1.wasm"}
    return Manifest(
        **{name: getattr(manifest, name) for name in ("name", "functions", "state", "memory", "training", "fanlight")},
        meanings={"x": {"kind": "table", "columns": ["a", "b", "c", "d"]}},
        code=code,
        weights=("weights.1.safetensors",),
        files=files,
        **more,
    )


@pytest.mark.parametrize("manifest", [whole(), line()[0], pixels()[0]], ids=["whole", "line", "pixels"])
def test_a_manifest_comes_back(manifest):
    again = Manifest.from_bytes(manifest.to_bytes())
    assert again == manifest
    assert again.to_bytes() == manifest.to_bytes()


def test_an_input_that_nothing_reads_has_no_offset():
    batch = Size("batch", 1, 8)
    function = Function((batch,), (Slot("x", "float32", (Dim.of(batch), 1 << 30), None),), ())
    manifest = Manifest("unused", {"predict": function}, (), Memory(1, 64, 0))
    assert Manifest.from_bytes(manifest.to_bytes()).functions["predict"].inputs[0].offset is None


def test_lookup_of_state():
    manifest = whole()
    slot = manifest.slot("count")
    assert slot is not None and slot.role == "counter" and manifest.slot("nothing") is None


# Dims


def test_dims_are_numbers_or_terms():
    batch, length = (dims.size(name, 1, 9) for name in ("batch", "length"))
    assert dim_to_json(7) == 7
    assert dim_to_json(2 * batch + 1) == [[2, "batch"], [1]]
    assert dim_to_json(batch * length * 3) == [[3, "batch", "length"]]
    with pytest.raises(CompileError, match="sums of products"):
        dim_to_json(batch // 2)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_dims_come_back(constant, linear, mixed):
    sizes = {name: Size(name, 1, 9) for name in ("batch", "length")}
    batch, length = (Dim.of(size) for size in sizes.values())
    extent = constant + linear * batch + mixed * (batch * length)
    assert dim_from_json(json.loads(json.dumps(dim_to_json(extent))), sizes, "here") == extent


@pytest.mark.parametrize(
    "value",
    [
        *[True, "4", None, 1.5, -1, 1 << 40, [], [[]], [[1, "other"]], [[1.5, "batch"]], [["batch"]], [[-2, "batch"]]],
        *[[[1] * 3], [[1 << 40, "batch"]], [[1, *["batch"] * 20]], [[1, "batch"]] * 100],
    ],
)
def test_wrong_dims_are_refused(value):
    with pytest.raises(ModelFormatError, match="at there"):
        dim_from_json(value, {"batch": Size("batch", 1, 9)}, "there")


# What is off


def changed(path: str, value: object) -> bytes:
    """The manifest with one place of its JSON replaced, or removed where the value is `...`."""
    record = json.loads(whole().to_bytes())
    place = record
    *before, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in before:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps(record).encode()


WRONG = [
    ("format", 2, "format 1, got 2"),
    ("format", ..., "format"),
    ("name", 5, "name"),
    ("name", ..., "name"),
    ("name", "x" * (1 << 21), "at most"),
    ("functions", [], "functions"),
    ("functions.predict", None, "functions.predict"),
    ("functions.predict.sizes", "batch", "functions.predict.sizes"),
    ("functions.predict.sizes.0.high", 0, "high"),
    ("functions.predict.sizes.0.high", 1 << 40, "high"),
    ("functions.predict.sizes.0.low", True, "low"),
    ("functions.predict.inputs.0.dtype", "float64", "one of float32"),
    ("functions.predict.inputs.0.offset", -4, "offset"),
    ("functions.predict.inputs.0.offset", 130, "a multiple of 4"),
    ("functions.predict.inputs.0.offset", 444, "at most 448 bytes of memory"),
    ("functions.predict.inputs.0.shape", [[[1, "rows"]]], "sizes"),
    ("functions.predict.inputs.0.shape", [1 << 31, 1 << 31], "memory"),
    ("functions.predict.inputs.0.name", ["x"], "name"),
    ("functions.train_step.inputs.1.name", "x", "each name once"),
    ("functions.train_step.writes", ["w", "other"], "names of state"),
    ("functions.train_step.guarded", 1, "guarded"),
    ("functions.predict.operations", -1, "operations"),
    ("state", {}, "state"),
    ("state.0.role", "weight", "one of parameter"),
    ("state.0.shape", [-1], "shape"),
    ("state.0.shape", [1 << 33], "shape"),
    ("state.0.shape", [2.0], "shape"),
    ("state.0.group", 1 << 20, "group"),
    ("state.1.name", "w", "each state name once"),
    ("state.0.trainable", "yes", "trainable"),
    ("state.2.initial", "zero", "initial"),
    ("memory", 5, "memory"),
    ("memory.pages", 0, "pages"),
    ("memory.pages", 70000, "pages"),
    ("memory.bytes", 1 << 30, "bytes"),
    ("memory.versions", 449, "versions"),
    ("meanings", {"x": 5}, "meanings.x"),
    ("training.batch", 0, "batch"),
    ("training.outputs", "loss", "outputs"),
    ("training.input_names", [5], "input_names"),
    ("code", {"portable": "../../etc/passwd"}, "code.portable"),
    ("code", {"portable": "missing.wasm"}, "an entry for 'missing.wasm'"),
    ("weights", ["/etc/passwd"], "weights"),
    ("weights", [".hidden"], "weights"),
    ("files", {"a/b.js": {"bytes": 1, "sha256": HASH, "gzip": 1}}, "files"),
    ("files", {"..": {"bytes": 1, "sha256": HASH, "gzip": 1}}, "files"),
    ("files", {"index.js": {"bytes": 1, "sha256": "abc", "gzip": 1}}, "sha256"),
    ("license", 5, "license"),
    ("page", [1], "page"),
]


@pytest.mark.parametrize(("path", "value", "message"), WRONG, ids=lambda each: str(each)[:30])
def test_what_is_off_is_refused_with_its_place(path, value, message):
    with pytest.raises(ModelFormatError) as error:
        Manifest.from_bytes(changed(path, value), "site/fanlight.json")
    assert message in str(error.value) and "site/fanlight.json" in str(error.value)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"format": NaN}', b"[" * 100000, b'{"a":' * 100000, b"<!doctype html>"],
)
def test_what_is_no_manifest_is_refused(data):
    with pytest.raises(ModelFormatError, match=r"fanlight\.json"):
        Manifest.from_bytes(data)


def test_free_parts_are_not_nested_without_end():
    deep: object = 1
    for _ in range(40):
        deep = [deep]
    with pytest.raises(ModelFormatError, match="at most 32 levels"):
        Manifest.from_bytes(changed("page", {"deep": deep}))


def test_defaults_are_not_written():
    slot = StateSlot("w", "float32", (2,), 0, 0)
    assert "initial" not in slot.to_json()
    assert "training" not in json.loads(pixels()[0].to_bytes())
