"""How is a function written as a TFLite file? Operators over tensors by name; weights lie in the file as constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

VERSION = 3  # of the file format, by its schema


@dataclass(frozen=True)
class Step:
    """One operator: its name in the schema, what it takes and gives, its options' table and how they are filled."""

    kind: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    options: str = ""
    fields: Mapping[str, float] | None = None


def tflite_file(
    steps: Sequence[Step],
    shapes: Mapping[str, Sequence[int]],
    weights: Mapping[str, np.ndarray],
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> bytes:
    """`shapes` are those of all tensors that are not weights; everything is float32 but integer weights."""
    import flatbuffers
    import tflite

    builder = flatbuffers.Builder(1 << 20)
    names = [*shapes, *weights]
    number = {name: k for k, name in enumerate(names)}

    def vector(start: Callable, items: Sequence, prepend: Callable) -> int:
        start(builder, len(items))
        for item in reversed(items):
            prepend(item)
        return builder.EndVector()

    def integers(start: Callable, items: Sequence[int]) -> int:
        return vector(start, items, builder.PrependInt32)

    def offsets(start: Callable, items: Sequence[int]) -> int:
        return vector(start, items, builder.PrependUOffsetTRelative)

    buffers = []
    for content in (None, *weights.values()):  # buffer 0 is the empty one
        data = builder.CreateNumpyVector(np.frombuffer(content.tobytes(), np.uint8)) if content is not None else None
        tflite.BufferStart(builder)
        if data is not None:
            tflite.BufferAddData(builder, data)
        buffers.append(tflite.BufferEnd(builder))
    tensors = []
    for position, name in enumerate(names):
        label = builder.CreateString(name)
        array = weights.get(name)
        shape = integers(tflite.TensorStartShapeVector, array.shape if array is not None else shapes[name])
        tflite.TensorStart(builder)
        tflite.TensorAddShape(builder, shape)
        is_integer = array is not None and array.dtype == np.int32
        tflite.TensorAddType(builder, tflite.TensorType.INT32 if is_integer else tflite.TensorType.FLOAT32)
        tflite.TensorAddBuffer(builder, 0 if array is None else 1 + position - len(shapes))
        tflite.TensorAddName(builder, label)
        tensors.append(tflite.TensorEnd(builder))
    kinds = sorted({step.kind for step in steps})
    operators = []
    for step in steps:
        options = None
        if step.options:
            getattr(tflite, f"{step.options}Start")(builder)
            for field, value in (step.fields or {}).items():
                getattr(tflite, f"{step.options}Add{field}")(builder, value)
            options = getattr(tflite, f"{step.options}End")(builder)
        taken = integers(tflite.OperatorStartInputsVector, [number[name] for name in step.inputs])
        given = integers(tflite.OperatorStartOutputsVector, [number[name] for name in step.outputs])
        tflite.OperatorStart(builder)
        tflite.OperatorAddOpcodeIndex(builder, kinds.index(step.kind))
        tflite.OperatorAddInputs(builder, taken)
        tflite.OperatorAddOutputs(builder, given)
        if options is not None:
            tflite.OperatorAddBuiltinOptionsType(builder, getattr(tflite.BuiltinOptions, step.options))
            tflite.OperatorAddBuiltinOptions(builder, options)
        operators.append(tflite.OperatorEnd(builder))
    codes = []
    for kind in kinds:
        code = getattr(tflite.BuiltinOperator, kind)
        tflite.OperatorCodeStart(builder)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, min(code, 127))
        tflite.OperatorCodeAddBuiltinCode(builder, code)
        tflite.OperatorCodeAddVersion(builder, 1)
        codes.append(tflite.OperatorCodeEnd(builder))
    all_tensors = offsets(tflite.SubGraphStartTensorsVector, tensors)
    all_operators = offsets(tflite.SubGraphStartOperatorsVector, operators)
    taken = integers(tflite.SubGraphStartInputsVector, [number[name] for name in inputs])
    given = integers(tflite.SubGraphStartOutputsVector, [number[name] for name in outputs])
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, all_tensors)
    tflite.SubGraphAddInputs(builder, taken)
    tflite.SubGraphAddOutputs(builder, given)
    tflite.SubGraphAddOperators(builder, all_operators)
    graphs = offsets(tflite.ModelStartSubgraphsVector, [tflite.SubGraphEnd(builder)])
    all_codes = offsets(tflite.ModelStartOperatorCodesVector, codes)
    all_buffers = offsets(tflite.ModelStartBuffersVector, buffers)
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, VERSION)
    tflite.ModelAddOperatorCodes(builder, all_codes)
    tflite.ModelAddSubgraphs(builder, graphs)
    tflite.ModelAddBuffers(builder, all_buffers)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())
