"""What does a compiled module look like from outside? The manifest (fanlight.json, format 1), for engines and pages.

In: dataclasses, or JSON from anywhere. Out: the other form; JSON that is off is a ModelFormatError that says where.
Knows no file system and no arrays. Without `code`, `weights` and `files` it describes a module that is in no folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fanlight.bundle.dim_json import MOST_BYTES, dim_from_json, dim_to_json
from fanlight.bundle.record import Record, parse_json
from fanlight.errors import ModelFormatError
from fanlight.ir import dim as dims
from fanlight.ir.dim import Size
from fanlight.ir.module import ROLES
from fanlight.ir.types import DTYPES, Shape, item_bytes

FORMAT = 1
NAME = "fanlight.json"
PACKED = ".gz.bin"  # ends the names of compressed files: a host that knew .gz might unpack them on the way
PAGE_BYTES = 65536  # WebAssembly page
LONGEST_MANIFEST = 64 << 20
FILE_NAME = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}"  # one path component: no separator, no leading dot


@dataclass(frozen=True, slots=True)
class Slot:
    """Where an input or output lies: dense row-major from `offset`, at the actual sizes. None: nothing reads it."""

    name: str
    dtype: str
    shape: Shape
    offset: int | None

    def to_json(self) -> dict[str, Any]:
        shape = [dim_to_json(extent) for extent in self.shape]
        return {"name": self.name, "dtype": self.dtype, "shape": shape, "offset": self.offset}


@dataclass(frozen=True, slots=True)
class Function:
    """One exported function. `sizes` are its arguments in order; a guarded one may return 1: it then wrote no state.

    `operations` estimates the scalar operations of a call at the largest sizes (0: unknown): it decides on the thread.
    """

    sizes: tuple[Size, ...]
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]
    writes: tuple[str, ...] = ()
    guarded: bool = False
    operations: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "sizes": [{"name": size.name, "low": size.low, "high": size.high} for size in self.sizes],
            "inputs": [slot.to_json() for slot in self.inputs],
            "outputs": [slot.to_json() for slot in self.outputs],
            "writes": list(self.writes),
            "guarded": self.guarded,
            "operations": self.operations,
        }


@dataclass(frozen=True, slots=True)
class StateSlot:
    """Where a state array lies, and what it is for. Without `initial` the weights must hold it."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    group: int
    role: str = "parameter"
    trainable: bool = True
    initial: float | int | None = None

    def to_json(self) -> dict[str, Any]:
        record = {
            "name": self.name,
            "dtype": self.dtype,
            "shape": list(self.shape),
            "offset": self.offset,
            "group": self.group,
            "role": self.role,
            "trainable": self.trainable,
        }
        return record if self.initial is None else record | {"initial": self.initial}


@dataclass(frozen=True, slots=True)
class Memory:
    """Pages of 64 KiB to allocate, bytes used, and where the int32 version of each state group lies."""

    pages: int
    bytes: int
    versions: int


@dataclass(frozen=True, slots=True)
class Training:
    """How `train_step` and `evaluate_step` are called, in Keras's words. `outputs` are their logs, the loss first: each
    is an output q, the value since `reset_metrics`, or a mean, q/sum by q/count. `weight_names` are inputs too, of how
    much each row counts. The configurations are for recompiling; pages do not read them."""

    optimizer: str
    loss: str
    metrics: tuple[str, ...]
    batch: int
    input_names: tuple[str, ...]
    target_names: tuple[str, ...]
    outputs: tuple[str, ...]
    weight_names: tuple[str, ...] = ()
    optimizer_config: Mapping[str, Any] | None = None
    loss_config: Any = None

    def to_json(self) -> dict[str, Any]:
        configs = {"optimizer_config": self.optimizer_config, "loss_config": self.loss_config}
        return {
            **{key: config for key, config in configs.items() if config is not None},
            "optimizer": self.optimizer,
            "loss": self.loss,
            "metrics": list(self.metrics),
            "batch": self.batch,
            "input_names": list(self.input_names),
            "target_names": list(self.target_names),
            "outputs": list(self.outputs),
            **({"weight_names": list(self.weight_names)} if self.weight_names else {}),
        }


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of the folder: its length, its SHA-256 in hex, and what gzip makes of its length, if much."""

    bytes: int
    sha256: str
    gzip: int

    def to_json(self) -> dict[str, Any]:
        return {"bytes": self.bytes, "sha256": self.sha256, "gzip": self.gzip}


@dataclass(frozen=True, slots=True)
class Manifest:
    """A module from outside. `code` maps a variant to its file; `files` lists every file but the manifest itself."""

    name: str
    functions: Mapping[str, Function]
    state: tuple[StateSlot, ...]
    memory: Memory
    meanings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    training: Training | None = None
    code: Mapping[str, str] = field(default_factory=dict)
    weights: tuple[str, ...] = ()
    files: Mapping[str, FileEntry] = field(default_factory=dict)
    graph: str | None = None  # the module before lowering, for recompiling
    selftest: str | None = None
    inside: str | None = None  # layers, kernels, and code that calls each kernel alone, for widgets
    license: str | None = None
    citation: str | None = None
    source: Mapping[str, Any] | None = None
    page: Mapping[str, Any] | None = None
    fanlight: str = ""  # the version that wrote it

    def to_json(self) -> dict[str, Any]:
        optional = {
            "license": self.license,
            "citation": self.citation,
            "training": None if self.training is None else self.training.to_json(),
            "graph": self.graph,
            "selftest": self.selftest,
            "inside": self.inside,
            "source": None if self.source is None else dict(self.source),
            "page": None if self.page is None else dict(self.page),
        }
        memory = {"pages": self.memory.pages, "bytes": self.memory.bytes, "versions": self.memory.versions}
        return {
            "format": FORMAT,
            "fanlight": self.fanlight,
            "name": self.name,
            "functions": {name: function.to_json() for name, function in self.functions.items()},
            "state": [slot.to_json() for slot in self.state],
            "memory": memory,
            "meanings": {name: dict(meaning) for name, meaning in self.meanings.items()},
            **{key: value for key, value in optional.items() if value is not None},
            "code": dict(self.code),
            "weights": list(self.weights),
            "files": {name: entry.to_json() for name, entry in self.files.items()},
        }

    def to_bytes(self) -> bytes:
        """The text of fanlight.json: deterministic, one line."""
        return (json.dumps(self.to_json(), ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes, at: str = NAME) -> Manifest:
        return cls.from_json(parse_json(data, at, LONGEST_MANIFEST), at)

    @classmethod
    def from_json(cls, value: Any, at: str = NAME) -> Manifest:
        """The manifest that parsed JSON describes; ModelFormatError where it breaks a rule of format 1."""
        record = Record(value, at)
        if record.integer("format", 1, 1 << 31) != FORMAT:
            record.fail(
                "format", f"format {FORMAT}", f"{record.value['format']}; use the version of Fanlight that wrote it"
            )
        memory = _memory(Record(record.value.get("memory"), f"{at}.memory"))
        training = record.value.get("training")
        manifest = cls(
            name=record.text("name"),
            functions=record.table("functions", lambda r: _function(r, memory.bytes)),
            state=tuple(_state_slot(r, memory) for r in record.records("state")),
            memory=memory,
            meanings=record.table("meanings", lambda r: r.value, {}),
            training=None if training is None else _training(Record(training, f"{at}.training")),
            code={
                variant: _file_name(record, f"code.{variant}", name) for variant, name in _table(record, "code").items()
            },
            weights=tuple(
                _file_name(record, f"weights[{i}]", name) for i, name in enumerate(record.items("weights", []))
            ),
            files=record.table("files", _file_entry, {}),
            graph=_optional_file(record, "graph"),
            selftest=_optional_file(record, "selftest"),
            inside=_optional_file(record, "inside"),
            license=record.text("license", None),
            citation=record.text("citation", None),
            source=_optional_table(record, "source"),
            page=_optional_table(record, "page"),
            fanlight=record.text("fanlight", ""),
        )
        record.free("meanings")
        manifest.check(at)
        return manifest

    def check(self, at: str = NAME) -> None:
        """Raises ModelFormatError where parts contradict each other."""
        names = [slot.name for slot in self.state]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ModelFormatError(expected="each state name once", got=repr(twice), at=f"{at}.state")
        for name, function in self.functions.items():
            unknown = sorted(set(function.writes) - set(names))
            if unknown:
                raise ModelFormatError(expected="names of state", got=unknown, at=f"{at}.functions.{name}.writes")
        for file in [*self.code.values(), *self.weights, *filter(None, (self.graph, self.selftest, self.inside))]:
            if file not in self.files:
                raise ModelFormatError(expected=f"an entry for {file!r}", got="none", at=f"{at}.files")
        for file in self.files:
            _file_name(Record({}, at), "files", file)

    def slot(self, name: str) -> StateSlot | None:
        """The state array called `name`."""
        return next((slot for slot in self.state if slot.name == name), None)


def _memory(record: Record) -> Memory:
    pages = record.integer("pages", 1, MOST_BYTES // PAGE_BYTES)
    used = record.integer("bytes", 0, pages * PAGE_BYTES)
    return Memory(pages, used, _offset(record, "versions", used, 4))


def _offset(record: Record, key: str, limit: int, item: int) -> int:
    offset = record.integer(key, 0, limit)
    return offset if offset % item == 0 else record.fail(key, f"a multiple of {item}", offset)


def _check_room(record: Record, offset: int, count: int, dtype: str, limit: int) -> None:
    end = offset + count * item_bytes(dtype)
    if end > limit:
        record.fail("shape", f"at most {limit} bytes of memory", f"{end}")


def _function(record: Record, limit: int) -> Function:
    sizes = {}
    for size in record.records("sizes"):
        name, low = size.text("name"), size.integer("low", 0, 1 << 31)
        sizes[name] = Size(name, low, size.integer("high", low, 1 << 31))
    if len(sizes) != len(record.value["sizes"]):
        record.fail("sizes", "each name once", [size["name"] for size in record.value["sizes"]])

    def slots(key: str) -> tuple[Slot, ...]:
        found = tuple(_slot(item, sizes, limit) for item in record.records(key))
        if len({slot.name for slot in found}) != len(found):
            record.fail(key, "each name once", [slot.name for slot in found])
        return found

    return Function(
        tuple(sizes.values()),
        slots("inputs"),
        slots("outputs"),
        record.texts("writes", []),
        record.flag("guarded", False),
        record.integer("operations", 0, 1 << 53, 0),
    )


def _slot(record: Record, sizes: Mapping[str, Size], limit: int) -> Slot:
    dtype = record.one_of("dtype", DTYPES)
    shape = tuple(dim_from_json(item, sizes, f"{record.at}.shape") for item in record.items("shape"))
    name = record.text("name")
    if record.value.get("offset", 0) is None:
        return Slot(name, dtype, shape, None)
    offset = _offset(record, "offset", limit, item_bytes(dtype))
    _check_room(record, offset, dims.upper(dims.product(shape)), dtype, limit)
    return Slot(name, dtype, shape, offset)


def _state_slot(record: Record, memory: Memory) -> StateSlot:
    dtype = record.one_of("dtype", DTYPES)
    shape = tuple(record.items("shape"))
    for item in shape:
        if type(item) is not int or not 0 <= item <= MOST_BYTES:
            record.fail("shape", f"lengths from 0 to {MOST_BYTES}", str(item)[:80])
    offset = _offset(record, "offset", memory.bytes, item_bytes(dtype))
    count = dims.product(shape)
    assert isinstance(count, int)
    _check_room(record, offset, count, dtype, memory.bytes)
    group = record.integer("group", 0, max(0, (memory.bytes - memory.versions) // 4 - 1))
    role, trainable = record.one_of("role", ROLES), record.flag("trainable", True)
    return StateSlot(record.text("name"), dtype, shape, offset, group, role, trainable, record.number("initial", None))


def _training(record: Record) -> Training:
    return Training(
        optimizer=record.text("optimizer"),
        loss=record.text("loss"),
        metrics=record.texts("metrics", []),
        batch=record.integer("batch", 1, 1 << 31),
        input_names=record.texts("input_names"),
        target_names=record.texts("target_names"),
        outputs=record.texts("outputs"),
        weight_names=record.texts("weight_names", []),
        optimizer_config=_optional_table(record, "optimizer_config"),
        loss_config=record.free("loss_config"),
    )


def _file_entry(record: Record) -> FileEntry:
    return FileEntry(
        record.integer("bytes", 0, 1 << 53),
        record.text("sha256", pattern="[0-9a-f]{64}"),
        record.integer("gzip", 0, 1 << 53),
    )


def _file_name(record: Record, key: str, name: Any) -> str:
    return Record({key: name}, record.at).text(key, pattern=FILE_NAME)


def _optional_file(record: Record, key: str) -> str | None:
    return None if record.value.get(key) is None else _file_name(record, key, record.value[key])


def _table(record: Record, key: str) -> dict[str, Any]:
    return Record(record.free(key, {}), f"{record.at}.{key}").value


def _optional_table(record: Record, key: str) -> dict[str, Any] | None:
    return None if record.value.get(key) is None else _table(record, key)
