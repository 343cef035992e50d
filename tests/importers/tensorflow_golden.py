"""Writes what TensorFlow itself gives for the cases of its operations, and the defaults of their attributes.

    PYTHONPATH=src:tests:<folder of tensorflow> python tests/importers/tensorflow_golden.py [operation ...]

After a change of the cases; with operations, what the others give is kept. TensorFlow is no dependency of the project:
`pip install --target <folder> tensorflow-cpu` puts it aside. The file is read by `tensorflow_nodes.golden`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", TF_ENABLE_ONEDNN_OPTS="0")
import tensorflow as tf  # pyright: ignore[reportMissingImports]  # only who writes the files has it
from tensorflow.python.framework import op_def_registry  # pyright: ignore[reportMissingImports]  # the same

from importers.tensorflow_case import Case, Known, floats
from importers.tensorflow_cases import CASES
from importers.tensorflow_nodes import GOLDEN, packed, unpacked

RULES = Path(__file__).parents[2] / "src" / "fanlight" / "importers" / "tensorflow" / "rules"
FIRST = {"NCHW": "NHWC", "NCDHW": "NDHWC"}
FUSED = {"leakyrelu_alpha": 0.2, "epsilon": 0.0001, "fused_ops": [], "explicit_paddings": []}  # of TensorFlow.js's own


# Attributes


def plain(value: Any) -> Any:
    """An attribute as Fanlight's records have it."""
    kind = value.WhichOneof("value")
    if kind == "list":
        for name in ("s", "i", "f", "b", "type", "shape"):
            if found := list(getattr(value.list, name)):
                return [single(name, each) for each in found]
        return []
    return single(kind, getattr(value, kind))


def single(kind: str, value: Any) -> Any:
    if kind == "s":
        return value.decode()
    if kind == "type":
        return tf.dtypes.as_dtype(value).name
    if kind == "shape":
        return None if value.unknown_rank else tuple(None if d.size < 0 else d.size for d in value.dim)
    return tf.make_ndarray(value) if kind == "tensor" else float(value) if kind == "f" else value


def proto(kind: str, value: Any) -> Any:
    """A plain attribute as TensorFlow has it."""
    made = tf.compat.v1.AttrValue()
    if kind.startswith("list("):
        inner = kind[5:-1]
        made.list.SetInParent()
        for each in value:
            one = proto(inner, each)
            name = one.WhichOneof("value")
            getattr(made.list, name).append(getattr(one, name))
    elif kind == "type":
        made.type = tf.dtypes.as_dtype(value).as_datatype_enum
    elif kind == "shape":
        made.shape.CopyFrom(tf.TensorShape(value).as_proto())
    elif kind == "tensor":
        made.tensor.CopyFrom(tf.make_tensor_proto(value))
    else:
        name = {"string": "s", "int": "i", "float": "f", "bool": "b"}[kind]
        setattr(made, name, value.encode() if kind == "string" else value)
    return made


def node_of(case: Case) -> Any:
    """The node of a case, its dtypes and numbers of inputs as the inputs have them."""
    definition = op_def_registry.get(case.op)
    attributes = dict(case.attributes)
    arrays, place = case.arrays, 0
    singles = sum(not each.number_attr and not each.type_list_attr for each in definition.input_arg)
    usual = defaults_of(case.op)
    for each in definition.input_arg:
        if each.number_attr:
            count = attributes.get(each.number_attr, usual.get(each.number_attr, len(arrays) - singles))
            attributes[each.number_attr] = count
        elif each.type_list_attr:
            count = len(arrays) - singles
            attributes[each.type_list_attr] = [str(a.dtype) for a in arrays[place : place + count]]
        else:
            count = 1
        if each.type_attr and count:
            attributes.setdefault(each.type_attr, str(arrays[place].dtype))
        place += count
    assert place == len(arrays), (case.op, place, len(arrays))
    kinds = {each.name: each.type for each in definition.attr}
    node = tf.compat.v1.NodeDef(name="node", op=case.op)
    node.input.extend(f"x{k}" for k in range(len(arrays)))
    for name, value in attributes.items():
        node.attr[name].CopyFrom(proto(kinds[name], value))
    return node


def defaults_of(name: str) -> dict[str, Any]:
    definition = op_def_registry.get(name)
    if definition is None:
        return {}
    return {each.name: plain(each.default_value) for each in definition.attr if each.HasField("default_value")}


# What TensorFlow gives


def results(case: Case) -> tuple[dict[str, Any], list[Any], list[Any] | None]:
    """The attributes that a file would have, the outputs, and the gradients with respect to floats that are data."""
    if case.attributes.get("data_format") in FIRST and case.by is None:
        try:
            return computed(case)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
            return channels_last(case)
    return computed(case)


def computed(case: Case) -> tuple[dict[str, Any], list[Any], list[Any] | None]:
    graph = tf.Graph()
    config = tf.compat.v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True  # what is written is what is run
    with graph.as_default(), tf.compat.v1.Session(graph=graph, config=config) as session:
        xs = [
            tf.constant(a, name=f"x{k}")
            if isinstance(each, Known)
            else tf.compat.v1.placeholder(a.dtype, a.shape, f"x{k}")
            for k, (each, a) in enumerate(zip(case.inputs, case.arrays, strict=True))
        ]
        fed = {x: a for x, a, each in zip(xs, case.arrays, case.inputs, strict=True) if not isinstance(each, Known)}
        if case.by is not None:
            ys: Any = case.by(tf, *xs)
            ys, attributes = list(ys) if isinstance(ys, list | tuple) else [ys], dict(case.attributes)
        else:
            node = node_of(case)
            definition = tf.compat.v1.GraphDef(node=[node])
            inputs = {f"x{k}": x for k, x in enumerate(xs)}
            for name in inputs:
                placeholder = definition.node.add(name=name, op="Placeholder")
                placeholder.attr["dtype"].type = inputs[name].dtype.as_datatype_enum
            (made,) = tf.graph_util.import_graph_def(definition, inputs, return_elements=["node"], name="")
            ys = list(made.outputs)[: case.outputs]
            usual = defaults_of(case.op)
            attributes = {name: plain(value) for name, value in node.attr.items()}
            attributes = {
                name: value for name, value in attributes.items() if name not in usual or usual[name] != value
            }
        found = session.run(ys, fed)
        return attributes, [np.asarray(each) for each in found], gradients(session, xs, ys, found, fed, case)


def gradients(session: Any, xs: Any, ys: Any, found: Any, fed: Any, case: Case) -> list[Any] | None:
    """Of the sum of all float outputs, each weighed with numbers of its own."""
    leaves = [x for x in xs if x in fed and x.dtype == tf.float32]
    ends = [k for k, y in enumerate(ys) if y.dtype == tf.float32]
    if not leaves or not ends or any(y.dtype.is_complex for y in ys) or any(x.dtype.is_complex for x in xs):
        return None
    weights = [tf.constant(floats(*np.shape(found[k]), salt=90 + k)) for k in ends]
    try:
        made = tf.gradients([ys[k] for k in ends], leaves, weights)
        return [
            np.zeros(x.shape, "float32") if g is None else np.asarray(session.run(tf.convert_to_tensor(g), fed))
            for x, g in zip(leaves, made, strict=True)
        ]
    except (LookupError, NotImplementedError, TypeError, ValueError, tf.errors.InvalidArgumentError):
        return None  # none is there, or one that fails


def channels_last(case: Case) -> tuple[dict[str, Any], list[Any], list[Any] | None]:
    """What the same images give channels-last, where TensorFlow's CPU has nothing else; moved back."""
    rank = len(FIRST[case.attributes["data_format"]])
    there, back = (0, *range(2, rank), 1), (0, rank - 1, *range(1, rank - 1))
    attributes: dict[str, Any] = {}
    for name, value in case.attributes.items():
        if name in ("strides", "ksize", "dilations"):
            value = [value[k] for k in there]
        elif name == "explicit_paddings":
            value = [n for k in there for n in value[2 * k : 2 * k + 2]]
        attributes[name] = FIRST[value] if name == "data_format" else value
    kernel = 1 if "Conv" in case.op else None
    inputs = tuple(
        each
        if isinstance(each, Known) or each.ndim != rank or k == kernel
        else np.ascontiguousarray(each.transpose(there))
        for k, each in enumerate(case.inputs)
    )
    if case.op == "Conv2DBackpropInput":
        sizes = case.arrays[0]
        inputs = (Known(sizes[list(there)]), *inputs[1:])
    turned = Case(case.op, inputs, attributes, case.outputs)
    _, outputs, slopes = computed_turned(turned, back)
    node = node_of(case)
    usual = defaults_of(case.op)
    own = {name: plain(value) for name, value in node.attr.items()}
    own = {name: value for name, value in own.items() if name not in usual or usual[name] != value}
    return own, outputs, slopes


def computed_turned(case: Case, back: tuple[int, ...]) -> tuple[dict[str, Any], list[Any], list[Any] | None]:
    """As `computed`, with gradients for weights that are channels-first."""
    global floats
    own, there = floats, tuple(np.argsort(back))

    def turned(*shape: int, salt: int = 0) -> Any:
        if len(shape) != len(back):
            return own(*shape, salt=salt)
        return own(*(shape[k] for k in back), salt=salt).transpose(there)

    floats = turned
    try:
        attributes, outputs, slopes = computed(case)
    finally:
        floats = own
    data = [k for k, each in enumerate(case.inputs) if not isinstance(each, Known)]
    kernels = [data.index(1)] if "Conv" in case.op else []
    outputs = [y.transpose(back) if y.ndim == len(back) else y for y in outputs]
    if slopes is not None:
        slopes = [g.transpose(back) if g.ndim == len(back) and k not in kernels else g for k, g in enumerate(slopes)]
    return attributes, outputs, slopes


# Files


def write_defaults() -> None:
    from fanlight.importers.graphs.table import RULES as TABLE

    lines = []
    for kind in sorted(TABLE):
        if kind.startswith("tf."):
            name = kind.removeprefix("tf.")
            found = defaults_of(name)
            if name == "FusedDepthwiseConv2dNative":
                found = defaults_of("DepthwiseConv2dNative") | FUSED
            found = {
                key: value for key, value in found.items() if not key.startswith("_") and not hasattr(value, "dtype")
            }
            if found:
                line = f"    {name!r}: {found!r},"
                lines.append(line.replace("'", '"'))
    text = (
        '"""Which attributes does an operation have where a node says nothing? TensorFlow\'s own defaults.\n\n'
        'Written by tests/importers/tensorflow_golden.py from TensorFlow\'s definitions.\n"""\n\n'
        "from __future__ import annotations\n\nfrom typing import Any\n\n"
        "# fmt: off\n# ruff: noqa: E501\nDEFAULTS: dict[str, dict[str, Any]] = {\n" + "\n".join(lines) + "\n}\n"
    )
    (RULES / "defaults.py").write_text(text, encoding="utf-8")


def main(wanted: list[str]) -> None:
    old = unpacked(GOLDEN.read_bytes()) if wanted and GOLDEN.exists() else {}
    made: dict[str, Any] = {}
    failed: list[str] = []
    for case in CASES:
        if case.key in old and case.op not in wanted:
            made[case.key] = old[case.key]
            continue
        try:
            made[case.key] = results(case)
        except Exception as error:
            failed.append(f"{case.op} {case.attributes}: {type(error).__name__}: {str(error)[:300]}")
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_bytes(packed(made))
    write_defaults()
    print("\n".join([*failed, f"{len(made)} cases, {GOLDEN.stat().st_size} bytes"]))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main(sys.argv[1:])
