"""Writes small TensorFlow Lite files: tensors, operators with options, signatures, metadata."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import tflite
from tflite.utils import BUILTIN_OPCODE2NAME

from fanlight.importers.tflite.schema import DTYPES, members

NUMBERS = {name: number for number, name in DTYPES.items()}
VERSIONS = {"BROADCAST_TO": 2}  # the first that the kernels know, where it is not 1
CODES = {name: number for number, name in BUILTIN_OPCODE2NAME.items()}


@dataclass
class T:
    """A tensor: of data, or a constant with `array`; numbers with scales (one or many), zero points and an axis."""

    shape: Sequence[int] = ()
    dtype: str = "float32"
    array: Any = None
    scale: Any = None
    zero: Any = 0
    axis: int = 0
    name: str = ""
    signature: Sequence[int] | None = None
    is_variable: bool = False
    outside: bool = False  # its bytes lie behind the flatbuffer


@dataclass
class Op:
    """An operator: tensors by number, -1 for one that is left out, and options of a kind."""

    name: str
    inputs: Sequence[int]
    outputs: Sequence[int]
    kind: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    custom: str = ""


@dataclass
class Part:
    """One graph: its operators and tensors, and which of these are its inputs and outputs."""

    operators: Sequence[Op]
    tensors: Sequence[T]
    inputs: Sequence[int]
    outputs: Sequence[int]


def constant(array: Any, **more: Any) -> T:
    array = np.asarray(array)
    return T(array.shape, str(array.dtype), array, **more)


class Writer:
    """Writes one file. Vectors and tables come before what refers to them."""

    def __init__(self) -> None:
        self.b = flatbuffers.Builder(1024)
        self.b.ForceDefaults(True)  # a 0 stands there, to be changed

    def vector(self, numbers: Any, dtype: str) -> int:
        return self.b.CreateNumpyVector(np.ascontiguousarray(numbers, dtype))

    def tables(self, start: Any, items: Sequence[int]) -> int:
        start(self.b, len(items))
        for each in reversed(items):
            self.b.PrependUOffsetTRelative(each)
        return self.b.EndVector()

    def table(self, kind: str, **fields: Any) -> int:
        """A table of that kind; fields that are None are left out."""
        module = tflite
        getattr(module, f"{kind}Start")(self.b)
        for name, value in fields.items():
            if value is not None:
                getattr(module, f"{kind}Add{name}")(self.b, value)
        return getattr(module, f"{kind}End")(self.b)

    def options(self, kind: str, given: dict[str, Any]) -> int:
        camel = {"".join(part.capitalize() for part in name.split("_")): value for name, value in given.items()}
        ready = {name: self.vector(value, "int32") if isinstance(value, list) else value
                 for name, value in camel.items()}  # fmt: skip
        return self.table(kind, **ready)

    def quantization(self, t: T) -> int | None:
        if t.scale is None:
            return None
        scales = np.atleast_1d(np.asarray(t.scale, "float32"))
        zeros = np.broadcast_to(np.asarray(t.zero, "int64"), scales.shape)
        return self.table("QuantizationParameters", Scale=self.vector(scales, "float32"),
                          ZeroPoint=self.vector(zeros, "int64"), QuantizedDimension=t.axis)  # fmt: skip

    def tensor(self, t: T, k: int, buffer: int) -> int:
        name = self.b.CreateString(t.name or f"t{k}")
        shape = self.vector(t.shape, "int32")
        signature = None if t.signature is None else self.vector(t.signature, "int32")
        return self.table("Tensor", Shape=shape, Type=NUMBERS[t.dtype], Buffer=buffer, Name=name,
                          IsVariable=t.is_variable, Quantization=self.quantization(t),
                          ShapeSignature=signature)  # fmt: skip

    def operator(self, op: Op, code: int) -> int:
        inputs, outputs = self.vector(op.inputs, "int32"), self.vector(op.outputs, "int32")
        options = self.options(op.kind, op.options) if op.kind else None
        kinds = {name: number for number, name in members("BuiltinOptions").items()}
        return self.table("Operator", OpcodeIndex=code, Inputs=inputs, Outputs=outputs,
                          BuiltinOptionsType=kinds[op.kind] if op.kind else None, BuiltinOptions=options)  # fmt: skip


def written(
    operators: Sequence[Op],
    tensors: Sequence[T],
    inputs: Sequence[int],
    outputs: Sequence[int],
    signatures: dict[str, tuple[dict[str, int], dict[str, int]]] | None = None,
    metadata: bytes | None = None,
    version: int = 3,
    more: Sequence[Part] = (),
) -> bytes:
    """The bytes of a file with this graph, the first, and `more` that nodes run."""
    w = Writer()
    b = w.b
    parts = [Part(operators, tensors, inputs, outputs), *more]
    contents: list[tuple[bytes, bool]] = [(b"", False)]
    places: list[list[int]] = []
    for part in parts:
        places.append([])
        for t in part.tensors:
            places[-1].append(0 if t.array is None else len(contents))
            if t.array is not None:
                contents.append((np.ascontiguousarray(t.array).tobytes(), t.outside))
    if metadata is not None:
        contents.append((metadata, False))
    behind = sum(len(data) for data, outside in contents if outside)
    holes = []  # where the offsets of buffers behind the file are to be written
    buffers = []
    for data, outside in contents:
        if outside:
            holes.append((len(buffers), data))
            buffers.append(w.table("Buffer", Offset=(1 << 40) + len(holes), Size=len(data)))
        else:
            buffers.append(w.table("Buffer", Data=w.vector(np.frombuffer(data, "uint8"), "uint8") if data else None))
    named = []
    if metadata is not None:
        named.append(w.table("Metadata", Name=b.CreateString("TFLITE_METADATA"), Buffer=len(buffers) - 1))
    kinds = list(dict.fromkeys((op.name, op.custom) for part in parts for op in part.operators))
    codes = []
    for name, custom in kinds:
        number = CODES[name]
        word = b.CreateString(custom) if custom else None
        codes.append(w.table("OperatorCode", DeprecatedBuiltinCode=min(number, 127), BuiltinCode=number,
                             CustomCode=word, Version=VERSIONS.get(name, 1)))  # fmt: skip
    graphs = []
    for part, held in zip(parts, places, strict=True):
        made = [w.tensor(t, k, held[k]) for k, t in enumerate(part.tensors)]
        nodes = [w.operator(op, kinds.index((op.name, op.custom))) for op in part.operators]
        fields = {
            "Tensors": w.tables(tflite.SubGraphStartTensorsVector, made),
            "Inputs": w.vector(part.inputs, "int32"),
            "Outputs": w.vector(part.outputs, "int32"),
            "Operators": w.tables(tflite.SubGraphStartOperatorsVector, nodes),
            "Name": b.CreateString("main"),
        }
        graphs.append(w.table("SubGraph", **fields))
    defs = []
    for key, sides in (signatures or {}).items():
        maps = [[w.table("TensorMap", Name=b.CreateString(name), TensorIndex=k) for name, k in side.items()]
                for side in sides]  # fmt: skip
        defs.append(w.table("SignatureDef", Inputs=w.tables(tflite.SignatureDefStartInputsVector, maps[0]),
                            Outputs=w.tables(tflite.SignatureDefStartOutputsVector, maps[1]),
                            SignatureKey=b.CreateString(key), SubgraphIndex=0))  # fmt: skip
    root = w.table(
        "Model",
        Version=version,
        OperatorCodes=w.tables(tflite.ModelStartOperatorCodesVector, codes),
        Subgraphs=w.tables(tflite.ModelStartSubgraphsVector, graphs),
        Buffers=w.tables(tflite.ModelStartBuffersVector, buffers),
        Metadata=w.tables(tflite.ModelStartMetadataVector, named) if named else None,
        SignatureDefs=w.tables(tflite.ModelStartSignatureDefsVector, defs) if defs else None,
    )
    b.Finish(root, b"TFL3")
    data = bytearray(b.Output())
    if behind:
        data += b"\0" * (-len(data) % 16)
        for k, (_, content) in enumerate(holes):
            mark = ((1 << 40) + k + 1).to_bytes(8, "little")
            at = data.index(mark)
            data[at : at + 8] = len(data).to_bytes(8, "little")
            data += content
    return bytes(data)
