"""TensorFlow Lite files that are broken or mean harm: each a name and the bytes, made from a small sound one.

Some are written with wrong numbers; in others a number is changed where it stands, which the package's own accessors
find.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tflite

from importers.tflite_file import Op, Part, T, constant, written

FULL, HUGE = "FullyConnectedOptions", 1 << 30


def sound(
    more: tuple[Op, ...] = (), tensors: tuple[T, ...] = (), x: T | None = None, w: T | None = None, **said: Any
) -> bytes:
    """x [2, 4] -> FULLY_CONNECTED with w -> h -> RELU -> y; tensors 0 to 3, `tensors` are those from 4 on, of which
    nodes in `more` make use, and the last is the output."""
    base = [x or T((2, 4), name="x"), w or constant(np.ones((3, 4), "float32"), name="w"), T((2, 3), name="h"),
            T((2, 3), name="y")]  # fmt: skip
    nodes = [Op("FULLY_CONNECTED", [0, 1, -1], [2], FULL, {}), Op("RELU", [2], [3])]
    last = more[-1].outputs[0] if more else 3
    return written([*nodes, *more], [*base, *tensors], [0], [said.pop("output", last)], **said)


def one(op: str, *constants: Any, kind: str = "", x: T | None = None, **options: Any) -> bytes:
    """x [1, 4, 4, 2] -> the operator with these constants."""
    held = [constant(np.asarray(each)) for each in constants]
    tensors = [x or T((1, 4, 4, 2), name="x"), *held, T((), name="y")]
    node = Op(op, range(len(held) + 1), [len(held) + 1], kind, options)
    return written([node], tensors, [0], [len(held) + 1])


# A number changed where it stands


def changed(data: bytes, at: int, form: str, value: Any) -> bytes:
    found = bytearray(data)
    struct.pack_into(form, found, at, value)
    return bytes(found)


def model(data: bytes) -> Any:
    return tflite.Model.GetRootAs(data, 0)


def field(table: Any, number: int) -> int:
    """Where a field of a table stands."""
    offset = table._tab.Offset(4 + 2 * number)
    assert offset, number
    return table._tab.Pos + offset


def length(data: bytes, table: Any, number: int) -> int:
    """Where the length of a list stands."""
    at = field(table, number)
    return at + struct.unpack_from("<I", data, at)[0]


def with_length(of: Callable[[Any], Any], number: int, value: int = HUGE) -> bytes:
    data = sound()
    return changed(data, length(data, of(model(data)), number), "<I", value)


def with_field(of: Callable[[Any], Any], number: int, form: str, value: Any, data: bytes | None = None) -> bytes:
    data = data or sound()
    return changed(data, field(of(model(data)), number), form, value)


def graph(m: Any) -> Any:
    return m.Subgraphs(0)


def tensor(k: int) -> Callable[[Any], Any]:
    return lambda m: graph(m).Tensors(k)


def operator(m: Any) -> Any:
    return graph(m).Operators(0)


def repeated(number: int, count: int) -> bytes:
    """A list of a graph whose entries are all the same, very often."""
    data = sound()
    at = field(graph(model(data)), number)
    first = at + struct.unpack_from("<I", data, at)[0] + 4
    target = first + struct.unpack_from("<I", data, first)[0]
    body = bytearray(data)
    body += b"\0" * (-len(body) % 4)
    start = len(body)
    struct.pack_into("<I", body, at, start - at)
    body += struct.pack("<I", count)
    # An offset leads forward, so the entry that is repeated is put behind: a table whose list of fields is the old one.
    table = start + 4 + 4 * count
    fields = target - struct.unpack_from("<i", data, target)[0]
    size = struct.unpack_from("<H", data, fields + 2)[0]
    for k in range(count):
        body += struct.pack("<I", table - (start + 4 + 4 * k))
    copy = bytearray(data[target : target + size])
    struct.pack_into("<i", copy, 0, table - fields)
    for entry in range(fields + 4, fields + struct.unpack_from("<H", data, fields)[0], 2):
        offset = struct.unpack_from("<H", data, entry)[0]
        if offset and offset + 4 <= size:
            value = struct.unpack_from("<I", copy, offset)[0]
            struct.pack_into("<I", copy, offset, (target + value - table) & 0xFFFFFFFF)
    return bytes(body + copy)


def scaled(scale: Any, zero: Any = 0, axis: int = 0, dtype: str = "int8") -> bytes:
    return sound(w=constant(np.ones((3, 4), dtype), scale=scale, zero=zero, axis=axis))


def labelled(name: str, content: bytes, metadata: bytes | None = None) -> bytes:
    """A file with metadata, and a zip behind it."""
    from importers.tflite_metadata import described

    data = sound(metadata=described(labels=name) if metadata is None else metadata)
    behind = io.BytesIO()
    with zipfile.ZipFile(behind, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return data + behind.getvalue()


def hostile() -> Iterator[tuple[str, bytes]]:
    data = sound()
    root = struct.unpack_from("<I", data)[0]
    yield "nothing", b""
    yield "four bytes", data[:4]
    yield "another format", b"PK\3\4" + data[4:]
    yield "another identifier", data[:4] + b"TFL2" + data[8:]
    yield "a root outside", changed(data, 0, "<I", 1 << 31)
    yield "a root at the end", changed(data, 0, "<I", len(data) - 2)
    yield "fields before the file", changed(data, root, "<i", root + 100)
    yield "fields behind the file", changed(data, root, "<i", -(1 << 30))
    for part in (3, 2, 1.3):
        yield f"one part of {part}", data[: int(len(data) / part)]
    yield "version 9", sound(version=9)
    yield "no graphs", with_length(lambda m: m, 2, 0)
    for what, of, number in (
        ("codes", lambda m: m, 1), ("graphs", lambda m: m, 2), ("buffers", lambda m: m, 4), ("tensors", graph, 0),
        ("inputs", graph, 1), ("outputs", graph, 2), ("operators", graph, 3), ("a shape", tensor(1), 0),
        ("operands", operator, 1), ("results", operator, 2),
        ("a buffer", lambda m: m.Buffers(1), 0),
    ):  # fmt: skip
        yield f"a huge list: {what}", with_length(of, number)
        yield f"a list beyond the end: {what}", with_length(of, number, 5000)
    for what, number in (("tensors", 0), ("operators", 3)):
        yield f"one of the {what}, forty thousand times", repeated(number, 40_000)
        yield f"one of the {what}, a million times", repeated(number, 1_000_000)
    for what, of, number in (("tensors", graph, 0), ("operators", graph, 3), ("options", operator, 4)):
        yield f"an offset outside: {what}", with_field(of, number, "<I", 1 << 30)
    yield from tensors()
    yield from nodes()
    yield from graphs()
    yield from results()
    yield from meanings()


def tensors() -> Iterator[tuple[str, bytes]]:
    ones = np.ones((3, 4), "float32")
    yield "a negative length", sound(x=T((2, -4), name="x"))
    yield "a negative length of weights", sound(w=T((-3, 4), array=ones))
    yield "forty axes", sound(x=T((1,) * 40, name="x"))
    yield "lengths that overflow", sound(w=T((1 << 30, 1 << 30, 1 << 30), array=ones))
    yield "too few bytes", sound(w=T((3, 5), array=ones))
    yield "too many bytes", sound(w=T((3, 3), array=ones))
    yield "an input of nothing", sound(x=T((2, 0), name="x"))
    yield "a signature of another rank", sound(x=T((2, 4), name="x", signature=(-1, 4, 1)))
    yield "a signature below -1", sound(x=T((2, 4), name="x", signature=(-2, 4)))
    yield "variables without end", sound(x=T((2, 4), name="x"), w=T((1 << 30, 1 << 30), is_variable=True))
    yield "an unknown dtype", with_field(tensor(1), 1, "<b", 99)
    yield "a buffer that is not there", with_field(tensor(1), 2, "<I", 77)
    outside = sound(w=T((3, 4), array=ones, outside=True))

    def buffer(m):
        return m.Buffers(1)

    yield "a buffer behind the end", with_field(buffer, 1, "<Q", 1 << 20, outside)
    yield "a buffer at the end of numbers", with_field(buffer, 1, "<Q", (1 << 64) - 1, outside)
    yield "a buffer that is too long", with_field(buffer, 2, "<Q", 1 << 40, outside)
    for what, said in (
        ("no number", (float("nan"),)), ("infinite", (float("inf"),)), ("zero", (0.0,)), ("negative", (-0.5,)),
    ):  # fmt: skip
        yield f"a scale that is {what}", scaled(*said)
    wild = T((2, 4), "int8", scale=1e30, name="x")
    for scale in (1e30, [1e30] * 3):
        held = constant(np.ones((3, 4), "int8"), scale=scale, name="w")
        tensors_ = [wild, held, T((2, 3), "int8", scale=1e-30)]
        several = "many" if isinstance(scale, list) else "one"
        yield (
            f"factors without end, {several}",
            written([Op("FULLY_CONNECTED", [0, 1, -1], [2], FULL)], tensors_, [0], [2]),
        )
    yield "a zero point outside", scaled(0.5, 300)
    yield "scales for no axis", scaled([0.5, 0.25, 0.5], axis=7)
    yield "scales for a negative axis", scaled([0.5, 0.25, 0.5], axis=-1)
    yield "scales for another length", scaled([0.5, 0.25], axis=0)
    held = np.ones(1 << 16, "float32")
    shared = [T((1 << 16,), array=held) for _ in range(2)]
    many = [Op("ADD", [0, 1], [2])]
    data = written(many, [T((1 << 16,), name="x"), *shared, T(())], [0], [3])
    yield "the same bytes, over and over", over_and_over(data)


def over_and_over(data: bytes) -> bytes:
    """A hundred tensors that all are the large buffer."""
    ones = np.ones(1 << 20, "uint8")
    tensors = [T((1 << 20,), "uint8", ones), *[T((1 << 20,), "uint8") for _ in range(100)], T(())]
    found = written([Op("ADD", [0, 1], [101])], tensors, [100], [101])
    graph = model(found).Subgraphs(0)
    out = bytearray(found)
    for k in range(1, 100):
        table = graph.Tensors(k)
        offset = table._tab.Offset(8)
        if offset:
            struct.pack_into("<I", out, table._tab.Pos + offset, 1)
    return bytes(out)


def nodes() -> Iterator[tuple[str, bytes]]:
    extra = (T((2, 3), name="z"),)
    yield "an operator that is not there", with_field(operator, 0, "<I", 9)
    for k in (-2, -(1 << 31), 99, (1 << 31) - 1):
        yield f"operand {k}", sound((Op("RELU", [k], [4]),), extra)
        yield f"result {k}", sound((Op("RELU", [3], [k]),), extra, output=3)
    yield "no result", sound((Op("RELU", [3], [-1]),), extra, output=3)
    yield "a node that reads itself", sound((Op("RELU", [4], [4]),), extra)
    yield "nodes in a circle", sound((Op("RELU", [5], [4]), Op("RELU", [4], [5])), (*extra, T((2, 3))))
    yield "what is made later", sound((Op("RELU", [5], [4]), Op("RELU", [3], [5])), (*extra, T((2, 3))))
    yield "a tensor made twice", sound((Op("RELU", [0], [3]),))
    yield "weights that are made", sound((Op("RELU", [0], [1]),))
    yield "an input that is made", sound((Op("RELU", [3], [0]),))
    yield "an output that nothing makes", sound((), extra, output=4)
    yield "an output that is not there", sound(output=44)
    yield "a name for a tensor that is not there", sound(signatures={"a": ({"x": 0}, {"y": 99})})
    signed = sound(signatures={"a": ({"x": 0}, {"y": 3})})
    yield "a signature of a graph that is not there", with_field(lambda m: m.SignatureDefs(0), 4, "<I", 7, signed)
    yield "an unknown padding", one("MAX_POOL_2D", kind="Pool2DOptions", padding=77, filter_height=2, filter_width=2)
    yield (
        "an unknown activation",
        sound((Op("ADD", [3, 3], [4], "AddOptions", {"fused_activation_function": 99}),), extra),
    )
    yield "an unknown mode", one("MIRROR_PAD", [[0, 0]] * 4, kind="MirrorPadOptions", mode=9)
    yield "too few operands", sound((Op("ADD", [3], [4], "AddOptions"),), extra)
    yield "too many operands", sound((Op("RELU", [3] * 9, [4]),), extra)
    yield "no operands", sound((Op("RELU", [], [4]),), extra)


def branch(first: int, second: int) -> Op:
    return Op("IF", [1, 0], [2], "IfOptions", {"then_subgraph_index": first, "else_subgraph_index": second})


def graphs() -> Iterator[tuple[str, bytes]]:
    """Graphs that run graphs."""
    tensors = [T((2, 4)), T((1,), "bool"), T((2, 4))]

    def part(op: Op) -> Part:
        return Part([op], tensors, [0, 1], [2])

    last = Part([Op("RELU", [0], [2])], tensors, [0, 1], [2])

    def file(op: Op, *more: Part) -> bytes:
        return written([op], tensors, [0, 1], [2], more=more)

    for k in (-1, 0, 2, 1 << 30):
        yield f"a branch that is graph {k}", file(branch(1, k), last)
    yield "a graph that runs itself", file(branch(1, 1), part(branch(1, 1)))
    yield "graphs that run each other", file(branch(1, 1), part(branch(2, 2)), part(branch(1, 1)))
    yield "graphs forty deep", file(branch(1, 1), *[part(branch(k + 2, k + 2)) for k in range(40)], last)
    yield "graphs that double", file(branch(1, 1), *[part(branch(k + 2, k + 2)) for k in range(15)], last)


def results() -> Iterator[tuple[str, bytes]]:
    """Sound records of which nothing can come."""
    pool = {"kind": "Pool2DOptions", "padding": 1}
    yield "strides of 0", one("MAX_POOL_2D", **pool, filter_height=2, filter_width=2)
    yield "strides below 0", one("MAX_POOL_2D", **pool, filter_height=2, filter_width=2, stride_h=-1, stride_w=-1)
    yield "windows of 0", one("MAX_POOL_2D", **pool, stride_h=1, stride_w=1)
    yield (
        "windows larger than the image",
        one("MAX_POOL_2D", **pool, stride_h=1, stride_w=1, filter_height=99, filter_width=9),
    )
    yield "a shape of another size", one("RESHAPE", [5, 7])
    yield "a shape that is too large", one("RESHAPE", [1 << 30, 1 << 30])
    yield "tiles without end", one("TILE", [1 << 20, 1 << 20, 1, 1])
    yield "borders without end", one("PAD", [[0, 0], [1 << 30, 0], [1 << 30, 0], [0, 0]])
    yield "negative borders", one("PAD", [[0, 0], [-9, 0], [0, 0], [0, 0]])
    yield "images without end", one("RESIZE_BILINEAR", [1 << 25, 1 << 25], kind="ResizeBilinearOptions")
    yield "images of nothing", one("RESIZE_BILINEAR", [0, -4], kind="ResizeBilinearOptions")
    yield "a wrong order of axes", one("TRANSPOSE", [0, 1, 1, 3])
    yield "an axis too far", one("GATHER", [0, 1], kind="GatherOptions", axis=99)
    yield "an axis too far in a sum", one("SUM", [99], kind="ReducerOptions")
    yield "blocks of 0", one("SPACE_TO_DEPTH", kind="SpaceToDepthOptions", block_size=0)
    yield "blocks that do not fit", one("SPACE_TO_DEPTH", kind="SpaceToDepthOptions", block_size=3)
    yield "a step of 0", one("STRIDED_SLICE", [0] * 4, [1] * 4, [0] * 4, kind="StridedSliceOptions")
    yield "a slice outside", one("SLICE", [0, 0, 0, 9], [1, 1, 1, 9])
    yield "squeezed where it is long", one("SQUEEZE", kind="SqueezeOptions", squeeze_dims=[1])
    yield "numbers without end", one("BROADCAST_TO", [1 << 30, 1, 4, 4, 2])
    yield "weights of another length", sound(w=constant(np.ones((3, 5), "float32")))
    yield "weights of another rank", sound(w=constant(np.ones((3, 2, 2), "float32")))
    kernel = np.ones((1, 3, 3, 5), "float32")
    conv = {"padding": 0, "stride_h": 1, "stride_w": 1}
    yield "a kernel of other channels", one("CONV_2D", kernel, kind="Conv2DOptions", **conv)
    yield "a kernel of no whole multiple", one("DEPTHWISE_CONV_2D", kernel, kind="DepthwiseConv2DOptions", **conv)
    yield (
        "dilations below 0",
        one("CONV_2D", np.ones((1, 3, 3, 2), "float32"), kind="Conv2DOptions", **conv, dilation_h_factor=-1),
    )


def meanings() -> Iterator[tuple[str, bytes]]:
    from importers.tflite_metadata import described

    said = described(labels="labels.txt")
    yield "metadata of another kind", labelled("labels.txt", b"", b"\x10\0\0\0XXXX" + said[8:])
    yield "metadata that end early", labelled("labels.txt", b"", said[:40])
    yield "metadata that begin outside", labelled("labels.txt", b"", struct.pack("<I", 1 << 31) + said[4:])
    yield "labels that unpack to much", labelled("labels.txt", b"\n" * (64 << 20))
    broken = labelled("labels.txt", b"a\nb\nc\n" * 50)
    yield "labels whose bytes are changed", broken.replace(b"labels.txtK", b"labels.txt\xff", 1)


__all__ = ["hostile", "sound"]
