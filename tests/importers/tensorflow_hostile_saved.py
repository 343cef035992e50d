"""SavedModels that are broken or mean harm: each a name, and files by name, made from a small one of TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fanlight.importers.tensorflow.checkpoint import MAGIC, crc32c, masked
from fanlight.importers.tensorflow.schema import message, parsed

Change = Callable[[Any], Any]
Files = dict[str, bytes]
HUGE = 1 << 40
SAVED = Path(__file__).parent / "tensorflow" / "old"
INDEX, DATA, MODEL = "variables/variables.index", "variables/variables.data-00000-of-00001", "saved_model.pb"


def saved() -> Files:
    return {name: (SAVED / name).read_bytes() for name in (INDEX, DATA, MODEL)}


def number(value: int) -> bytes:
    found = b""
    while value > 127:
        found, value = found + bytes([value & 127 | 128]), value >> 7
    return found + bytes([value])


def block(entries: list[tuple[int, bytes, bytes]], kind: int = 0, restarts: int = 1) -> bytes:
    """A block of (how much of the key before, the rest of the key, value), with its sum."""
    data = b"".join(number(n) + number(len(k)) + number(len(v)) + k + v for n, k, v in entries)
    data += bytes(4 * min(restarts, 1)) + restarts.to_bytes(4, "little")
    return data + bytes([kind]) + masked(crc32c(data + bytes([kind]))).to_bytes(4, "little")


def table(inner: bytes, at: tuple[int, int] | None = None, index: tuple[int, int] | None = None) -> bytes:
    handle = number(at[0]) + number(at[1]) if at else number(0) + number(len(inner) - 5)
    outer = block([(0, b"z", handle)])
    where = index or (len(inner), len(outer) - 5)
    footer = (number(0) + number(0) + number(where[0]) + number(where[1])).ljust(40, b"\0") + MAGIC
    return inner + outer + footer


def bundle(key: bytes = b"dense/kernel", **change: Any) -> list[tuple[int, bytes, bytes]]:
    header = message("BundleHeaderProto")(num_shards=change.pop("num_shards", 1))
    said = message("BundleEntryProto")(dtype=1, size=24, offset=0)
    for each in change.pop("shape", (2, 3)):
        said.shape.dim.add(size=each)
    for name, value in change.items():
        setattr(said, name, value)
    return [(0, b"", header.SerializeToString()), (0, key, said.SerializeToString())]


def saved_change(change: Change) -> bytes:
    model = parsed("SavedModel", saved()[MODEL], "a test")
    change(model.meta_graphs[0])
    return model.SerializeToString()


def children(meta: Any) -> None:
    meta.object_graph_def.nodes.add().children.add(node_id=1 << 30, local_name="a")


def signature(meta: Any, side: str, key: str, name: str) -> None:
    getattr(next(iter(meta.signature_def.values())), side)[key].name = name


def saved_models() -> Iterator[tuple[str, Files]]:
    index, data, model = (saved()[name] for name in (INDEX, DATA, MODEL))
    sound_block = block(bundle())
    indices = {
        "nothing in the index": b"",
        "half of the index": index[: len(index) // 2],
        "another magic": index[:-1] + b"\0",
        "a changed letter": index.replace(b"kernel", b"kernal"),
        "a block far away": table(sound_block, (HUGE, 100)),
        "a block of 4 TB": table(sound_block, (0, HUGE)),
        "a block beyond all numbers": table(sound_block, ((1 << 69) - 1, (1 << 69) - 1)),
        "an index far away": table(sound_block, None, (HUGE, 100)),
        "an index of no length": table(sound_block, None, (0, 0)),
        "numbers that do not end": b"\xff" * 40 + MAGIC,
        "a key that begins with more than there is": table(block([(99, b"a", b"b")])),
        "a key of 4 TB": table(b"\0" + number(HUGE) + block([])),
        "more restarts than bytes": table(block(bundle(), restarts=HUGE >> 20)),
        "an entry that is none": table(block([(0, b"", b"\xff\xff"), (0, b"w", b"\xff")])),
        "an array far away": table(block(bundle(offset=HUGE))),
        "an array at a negative place": table(block(bundle(offset=-8))),
        "an array of 4 TB": table(block(bundle(size=HUGE, shape=(HUGE,)))),
        "an array of a negative size": table(block(bundle(size=-24))),
        "a shape of 4 TB": table(block(bundle(shape=(HUGE, 3)))),
        "a shape for other bytes": table(block(bundle(shape=(2, 2)))),
        "a negative shape": table(block(bundle(shape=(-2, -3)))),
        "a shard that is not there": table(block(bundle(shard_id=7, num_shards=9))),
        "a shard beyond their number": table(block(bundle(shard_id=7))),
        "a negative shard": table(block(bundle(shard_id=-1))),
        "another array alone": table(block(bundle(b"other"))),
    }
    for name, changed in indices.items():
        yield f"saved: {name}", {INDEX: changed, DATA: data, MODEL: model}
    yield "saved: no index", {DATA: data, MODEL: model}
    yield "saved: no data", {INDEX: index, MODEL: model}
    yield "saved: half of the data", {INDEX: index, DATA: data[: len(data) // 2], MODEL: model}
    yield "saved: nothing in the model", {INDEX: index, DATA: data, MODEL: b""}
    yield "saved: half of the model", {INDEX: index, DATA: data, MODEL: model[: len(model) // 2]}
    changes: dict[str, Change] = {
        "no graph": lambda m: m.ClearField("graph_def"),
        "an output that is not there": lambda m: signature(m, "outputs", "out", "nothing:0"),
        "an output far beyond": lambda m: signature(m, "outputs", "out", "hidden:999999999"),
        "one tensor as two inputs": lambda m: signature(m, "inputs", "again", "x:0"),
        "objects that are not there": children,
        "nothing that restores variables": lambda m: [
            setattr(each, "op", "NoOp") for each in m.graph_def.node if each.op == "RestoreV2"],
        "arrays without names": lambda m: [
            each.attr.clear() for each in m.graph_def.node if each.name.endswith("RestoreV2/tensor_names")],
    }  # fmt: skip
    for name, change in changes.items():
        yield f"saved: {name}", {INDEX: index, DATA: data, MODEL: saved_change(change)}
