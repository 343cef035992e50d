"""ONNX files that are broken or mean harm: each a name, and bytes, made from a small sound model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from onnx import AttributeProto, ModelProto, TensorProto, helper, numpy_helper

Change = Callable[[ModelProto], Any]
HUGE = 1 << 40


def sound() -> ModelProto:
    """x [batch, 4] -> gemm -> relu -> reshape -> y."""
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["h"], "gemm"),
        helper.make_node("Relu", ["h"], ["r"], "relu"),
        helper.make_node("Reshape", ["r", "shape"], ["y"], "reshape"),
    ]
    slots = [[helper.make_tensor_value_info(n, TensorProto.FLOAT, s)] for n, s in (("x", ("n", 4)), ("y", ("n", 3)))]
    tensors = [
        numpy_helper.from_array(array, name)
        for name, array in (
            ("w", np.ones((4, 3), "float32")),
            ("b", np.zeros(3, "float32")),
            ("shape", np.array([-1, 3])),
        )
    ]
    graph = helper.make_graph(nodes, "g", *slots, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def changed(change: Change) -> bytes:
    model = sound()
    change(model)
    return model.SerializeToString()


def tensor(model: ModelProto, name: str) -> Any:
    return next(each for each in model.graph.initializer if each.name == name)


def put(model: ModelProto, op: str, inputs: list[str], *, outputs: tuple[str, ...] = ("extra",), **more: Any) -> None:
    """One more node, before the others, whose output nothing needs."""
    node = helper.make_node(op, inputs, list(outputs), f"my {op}", **more)
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([node, *rest])


def constant(model: ModelProto, name: str, values: Any, dtype: str = "int64") -> str:
    model.graph.initializer.append(numpy_helper.from_array(np.array(values, dtype), name))
    return name


def dims(model: ModelProto, name: str, *extents: int) -> None:
    each = tensor(model, name)
    del each.dims[:]
    each.dims.extend(extents)


def external(model: ModelProto, **entries: str) -> None:
    each = tensor(model, "w")
    each.data_location = TensorProto.EXTERNAL
    each.ClearField("raw_data")
    for key, value in entries.items():
        each.external_data.add(key=key, value=value)


def nested(model: ModelProto, depth: int) -> None:
    """Branches in branches."""
    flag = constant(model, "flag", True, "bool")
    slot = helper.make_tensor_value_info("deep", TensorProto.FLOAT, None)
    leaf = graph = helper.make_graph([helper.make_node("Relu", ["x"], ["deep"])], "leaf", [], [slot])
    for _ in range(depth):
        node = helper.make_node("If", [flag], ["deep"], then_branch=graph, else_branch=leaf)
        graph = helper.make_graph([node], "branch", [], [slot])
    model.graph.node.extend(graph.node)


def function(
    model: ModelProto, *nodes: Any, inputs: tuple[str, ...] = ("a",), outputs: tuple[str, ...] = ("z",)
) -> None:
    model.functions.append(
        helper.make_function("own", "F", list(inputs), list(outputs), list(nodes), [helper.make_opsetid("", 17)])
    )
    model.opset_import.append(helper.make_opsetid("own", 1))
    put(model, "F", ["x"], domain="own")


def branches() -> list[Any]:
    """Of a function: whether the largest number is above 0 decides."""
    slot = helper.make_tensor_value_info("deep", TensorProto.FLOAT, None)
    sides = [helper.make_graph([helper.make_node(op, ["a"], ["deep"])], op, [], [slot]) for op in ("Relu", "Abs")]
    return [
        helper.make_node("ReduceMax", ["a"], ["top"], keepdims=0),
        helper.make_node("Cast", ["top"], ["flag"], to=TensorProto.BOOL),
        helper.make_node("If", ["flag"], ["z"], then_branch=sides[0], else_branch=sides[1]),
    ]


def loop(model: ModelProto, steps: int) -> None:
    slots = [
        [helper.make_tensor_value_info(n, t, s) for n, t, s in side]
        for side in (
            [("i", TensorProto.INT64, ()), ("go", TensorProto.BOOL, ()), ("v", TensorProto.FLOAT, ("n", 4))],
            [("go2", TensorProto.BOOL, ()), ("v2", TensorProto.FLOAT, ("n", 4)), ("s", TensorProto.FLOAT, ("n", 4))],
        )
    ]
    nodes = [helper.make_node("Identity", ["go"], ["go2"]), helper.make_node("Relu", ["v"], ["v2"]),
             helper.make_node("Relu", ["v"], ["s"])]  # fmt: skip
    body = helper.make_graph(nodes, "body", *slots)
    put(model, "Loop", [constant(model, "steps", steps), "", "x"], outputs=("last", "all"), body=body)


def scan(model: ModelProto, slices: int) -> None:
    ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, [3])] for name in "io"]
    body = helper.make_graph([helper.make_node("Relu", ["i"], ["o"])], "body", *ends)
    put(model, "Scan", ["w"], body=body, num_scan_inputs=slices)


def learner(model: ModelProto, op: str, x: str, **attributes: Any) -> None:
    """A node of the machine learning domain."""
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    put(model, op, [x], domain="ai.onnx.ml", **attributes)


def leaf(targets: int) -> dict[str, Any]:
    """A tree that is a single leaf."""
    places = [*(f"nodes_{each}ids" for each in ("tree", "node", "feature", "truenode", "falsenode"))]
    places += [*(f"target_{each}" for each in ("treeids", "nodeids", "ids"))]
    numbers = {"nodes_values": [0.0], "target_weights": [1.0], "n_targets": targets}
    return {**{name: [0] for name in places}, **numbers, "nodes_modes": ["LEAF"]}


def image(model: ModelProto) -> str:
    return constant(model, "image", np.ones((1, 4, 8, 8)), "float32")


def open_axes(model: ModelProto, count: int) -> None:
    """Padded by 1 and flattened, so that an axis is (n0 + 2) * (n1 + 2) * ... long."""
    shape = model.graph.input[0].type.tensor_type.shape
    del shape.dim[:], model.graph.node[:]
    for k in range(count):
        shape.dim.add(dim_param=f"n{k}")
    pads = constant(model, "pads", [1] * 2 * count)
    model.graph.node.append(helper.make_node("Pad", ["x", pads], ["h"], "pad"))
    model.graph.node.append(helper.make_node("Flatten", ["h"], ["y"], "flatten"))


def length_of(model: ModelProto, op: str, times: int) -> None:
    """An array as long as the batch `op` itself, and that `op` itself, and so on."""
    names = [f"n{k}" for k in range(times + 1)]
    nodes = [helper.make_node("Shape", ["x"], ["s"]), helper.make_node("Gather", ["s", "zero"], names[:1])]
    constant(model, "zero", [0])
    nodes += [helper.make_node(op, [old, old], [new]) for old, new in pairwise(names)]
    nodes.append(helper.make_node("ConstantOfShape", names[-1:], ["long"], "long"))
    model.graph.node.extend(nodes)


def set_raw(model: ModelProto, name: str, data: bytes) -> None:
    tensor(model, name).raw_data = data


def set_type(model: ModelProto, name: str, number: int) -> None:
    tensor(model, name).data_type = number


def instead(model: ModelProto, name: str, array: Any) -> None:
    tensor(model, name).CopyFrom(numpy_helper.from_array(array, name))


def rename(model: ModelProto, position: int, side: str, k: int, name: str) -> None:
    getattr(model.graph.node[position], side)[k] = name


def set_attribute(model: ModelProto, position: int, name: str, value: Any) -> None:
    model.graph.node[position].attribute.append(helper.make_attribute(name, value))


CHANGES: dict[str, Change] = {
    # Tensors
    "dims of 4 TB": lambda m: dims(m, "w", HUGE, 1),
    "dims whose product is beyond 64 bits": lambda m: dims(m, "w", 1 << 32, 1 << 32, 1 << 32),
    "a negative length": lambda m: dims(m, "w", -4, -3),
    "more numbers said than there are": lambda m: dims(m, "w", 5, 3),
    "fewer numbers said than there are": lambda m: dims(m, "w", 2, 3),
    "a thousand axes": lambda m: dims(m, "b", *[1] * 1000, 3),
    "no bytes": lambda m: set_raw(m, "w", b""),
    "an odd number of bytes": lambda m: set_raw(m, "w", b"\0" * 47),
    "an unknown dtype": lambda m: set_type(m, "w", 99),
    "no dtype": lambda m: set_type(m, "w", 0),
    "a wider dtype than the bytes": lambda m: set_type(m, "w", TensorProto.DOUBLE),
    "strings without strings": lambda m: set_type(m, "w", TensorProto.STRING),
    "a tensor twice": lambda m: m.graph.initializer.append(tensor(m, "w")),
    "a tensor without a name": lambda m: setattr(tensor(m, "w"), "name", ""),
    "weights that do not fit": lambda m: instead(m, "w", np.ones((5, 3), "float32")),
    "weights of whole numbers": lambda m: instead(m, "w", np.ones((4, 3), "int32")),
    # External data
    "external data nowhere": lambda m: external(m),
    "external data of the system": lambda m: external(m, location="/etc/passwd"),
    "external data above the folder": lambda m: external(m, location="../../../etc/passwd"),
    "external data that is a folder": lambda m: external(m, location="."),
    "external data that is missing": lambda m: external(m, location="none.bin"),
    "external data with a null byte": lambda m: external(m, location="a\0b"),
    "external data at a negative place": lambda m: external(m, location="hostile.onnx", offset="-8", length="48"),
    "external data beyond the end": lambda m: external(m, location="hostile.onnx", offset=str(HUGE), length="48"),
    "external data of a wrong length": lambda m: external(m, location="hostile.onnx", length="1"),
    "external data at no number": lambda m: external(m, location="hostile.onnx", offset="one"),
    # Names
    "an input that nothing defines": lambda m: rename(m, 0, "input", 0, "nothing"),
    "an output that nothing defines": lambda m: setattr(m.graph.output[0], "name", "nothing"),
    "a cycle of two": lambda m: rename(m, 0, "input", 0, "r"),
    "a cycle of one": lambda m: rename(m, 1, "input", 0, "r"),
    "a name twice": lambda m: rename(m, 1, "output", 0, "h"),
    "the name of an input again": lambda m: rename(m, 1, "output", 0, "x"),
    "the name of a tensor again": lambda m: rename(m, 1, "output", 0, "w"),
    "an input without a name": lambda m: setattr(m.graph.input[0], "name", ""),
    "an output that is an input alone": lambda m: setattr(m.graph.output[0], "name", "w"),
    "nodes the wrong way round": lambda m: m.graph.node.reverse(),
    # Graph
    "no graph": lambda m: m.ClearField("graph"),
    "no nodes": lambda m: m.graph.ClearField("node"),
    "no inputs": lambda m: m.graph.ClearField("input"),
    "no outputs": lambda m: m.graph.ClearField("output"),
    "an input without a type": lambda m: m.graph.input[0].ClearField("type"),
    "an input without a shape": lambda m: m.graph.input[0].type.tensor_type.ClearField("shape"),
    "an input of negative length": lambda m: setattr(m.graph.input[0].type.tensor_type.shape.dim[1], "dim_value", -4),
    "an input of no length": lambda m: setattr(m.graph.input[0].type.tensor_type.shape.dim[1], "dim_value", 0),
    "an input of 4 TB": lambda m: setattr(m.graph.input[0].type.tensor_type.shape.dim[1], "dim_value", HUGE),
    "an input of an unknown dtype": lambda m: setattr(m.graph.input[0].type.tensor_type, "elem_type", 99),
    "a negative version": lambda m: setattr(m.opset_import[0], "version", -3),
    "a domain without a version": lambda m: setattr(m.graph.node[0], "domain", "com.unknown"),
    "branches 20 deep": lambda m: nested(m, 20),
    # Nodes
    "too few inputs": lambda m: [m.graph.node[0].input.pop() for _ in "ab"],
    "too many inputs": lambda m: m.graph.node[1].input.append("w"),
    "no outputs of a node": lambda m: m.graph.node[1].output.pop(),
    "too many outputs": lambda m: m.graph.node[1].output.append("more"),
    "an input left out that is needed": lambda m: rename(m, 1, "input", 0, ""),
    "an unknown attribute": lambda m: set_attribute(m, 1, "sharpness", 3),
    "an attribute twice": lambda m: [set_attribute(m, 0, "alpha", 1.0) for _ in "ab"],
    "an attribute of another kind": lambda m: set_attribute(m, 0, "transA", "yes"),
    "an attribute that refers to nothing": lambda m: m.graph.node[0].attribute.append(
        AttributeProto(name="alpha", ref_attr_name="alpha", type=AttributeProto.FLOAT)
    ),
    # Operators
    "a reshape to another count": lambda m: instead(m, "shape", np.array([-1, 7])),
    "a reshape with two holes": lambda m: instead(m, "shape", np.array([-1, -1])),
    "a reshape to a negative length": lambda m: instead(m, "shape", np.array([-2, 3])),
    "a constant of 4 TB": lambda m: put(m, "ConstantOfShape", [constant(m, "s", [HUGE])]),
    "a constant of negative length": lambda m: put(m, "ConstantOfShape", [constant(m, "s", [-5])]),
    "a constant of 64 axes": lambda m: put(m, "ConstantOfShape", [constant(m, "s", [2] * 64)]),
    "an expansion to 4 TB": lambda m: put(m, "Expand", ["b", constant(m, "s", [HUGE, 3])]),
    "a tile of 4 TB": lambda m: put(m, "Tile", ["b", constant(m, "s", [HUGE])]),
    "a negative tile": lambda m: put(m, "Tile", ["b", constant(m, "s", [-2])]),
    "a range of 4 TB": lambda m: put(m, "Range", [constant(m, n, v) for n, v in (("a", 0), ("e", HUGE), ("d", 1))]),
    "a range in steps of nothing": lambda m: put(
        m, "Range", [constant(m, n, v) for n, v in (("a", 0), ("e", 9), ("d", 0))]
    ),
    "frequencies of a huge length with large factors": lambda m: put(
        m, "DFT", [constant(m, "s", np.ones((1, 10, 1)), "float32"), constant(m, "n", 2614420889902395289)]),
    "a word instead of a number of samples, of an early version": lambda m: [
        setattr(m.opset_import[0], "version", 1), m.graph.ClearField("node"),
        put(m, "Multinomial", [constant(m, "scores", np.ones((6, 1)), "float32")], outputs=("y",), sample_size="")],
    "pads of 4 TB": lambda m: put(m, "Pad", ["b", constant(m, "s", [0, HUGE])]),
    "reflected pads of 4 TB": lambda m: put(m, "Pad", ["b", constant(m, "s", [0, HUGE])], mode="reflect"),
    "a constant of 40 axes": lambda m: put(m, "ConstantOfShape", [constant(m, "s", [1] * 40)]),
    "weights of 4 TB of directions": lambda m: put(
        m, "RNN", [constant(m, "q", np.ones((1, 1, 2)), "float32"), constant(m, "v", np.ones((3, 4, 2)), "float32"),
                   constant(m, "k", np.ones((3, 4, 4)), "float32")], hidden_size=4),
    "pads for another rank": lambda m: put(m, "Pad", ["b", constant(m, "s", [1, 1, 1])]),
    "a transpose of one axis twice": lambda m: put(m, "Transpose", ["w"], perm=[0, 0]),
    "a transpose of an axis that is not there": lambda m: put(m, "Transpose", ["w"], perm=[0, 5]),
    "a concatenation along no axis": lambda m: put(m, "Concat", ["w", "w"], axis=7),
    "a slice in steps of nothing": lambda m: put(
        m, "Slice", ["w", *(constant(m, n, [v]) for n, v in (("a", 0), ("e", 2), ("x0", 0), ("d", 0)))]
    ),
    "a convolution of a matrix": lambda m: put(m, "Conv", ["w", "w"]),
    "a convolution without steps": lambda m: put(
        m, "Conv", [constant(m, n, np.ones((1, 1, 4, 4)), "float32") for n in "pk"], strides=[0, 0]
    ),
    "a product that does not fit": lambda m: put(m, "MatMul", ["w", "w"]),
    "a gather along no axis": lambda m: put(m, "Gather", ["w", constant(m, "i", [0])], axis=9),
    "a split into parts that do not add up": lambda m: put(
        m, "Split", ["w", constant(m, "s", [3, 3])], outputs=("p", "q")
    ),
    "a loop of 4 TB": lambda m: loop(m, HUGE),
    "a loop of a negative number of steps": lambda m: loop(m, -1),
    "a scan of more than there is": lambda m: scan(m, HUGE),
    "an axis far before the first": lambda m: put(m, "LayerNormalization", ["w", "b"], axis=-HUGE),
    "an axis far before the first, in version 6": lambda m: [
        setattr(m.opset_import[0], "version", 6), put(m, "Add", ["w", "b"], axis=-HUGE, broadcast=1)],
    "a tile of 4 TB in version 5": lambda m: [
        setattr(m.opset_import[0], "version", 5),
        put(m, "Tile", ["b", *(constant(m, n, [v], "float32") for n, v in (("s", HUGE), ("k", 0)))])],
    "mel filters of 4 TB": lambda m: put(m, "MelWeightMatrix", [
        *(constant(m, n, v) for n, v in (("a", HUGE), ("l", 16), ("f", 8000))),
        *(constant(m, n, v, "float32") for n, v in (("low", 0), ("high", 4000)))]),
    "a deconvolution of 4 TB of groups": lambda m: put(
        m, "ConvTranspose", [image(m), constant(m, "k", np.ones((4, 1, 2, 2)), "float32")], group=HUGE),
    "a split into 4 TB of parts": lambda m: [
        setattr(m.opset_import[0], "version", 18), put(m, "Split", ["w"], num_outputs=HUGE, outputs=("p", "q"))],
    "a range to nowhere": lambda m: put(
        m, "Range", [constant(m, n, v, "float32") for n, v in (("a", 0), ("e", np.nan), ("d", 1))]
    ),
    "indices of more axes than there are": lambda m: put(m, "GatherND", ["w", constant(m, "i", np.zeros((1, 100)))]),
    "a node of tables without outputs": lambda m: [
        learner(m, "Scaler", "x", scale=[1.0]), m.graph.node[0].output.pop()],
    "trees of 64 MB each": lambda m: [
        learner(m, "TreeEnsembleRegressor", "w", outputs=(f"t{k}",), **leaf(1 << 23)) for k in range(9)],
    "a length of a billion terms": lambda m: open_axes(m, 30),
    "a function that calls itself": lambda m: function(m, helper.make_node("F", ["a"], ["z"], domain="own")),
    "a function that is many": lambda m: [
        function(m, *[helper.make_node("G", ["a"], [f"z{k}"], domain="own") for k in range(1000)]),
        m.functions.append(helper.make_function("own", "G", ["a"], ["z"], [
            helper.make_node("Relu", ["a"], [f"q{k}"]) for k in range(1000)], [helper.make_opsetid("", 17)])),
    ],
}  # fmt: skip


NOT_BUILT: dict[str, Change] = {  # refused as what Fanlight lacks
    "a normalization of 4 TB of channels": lambda m: put(m, "LRN", [image(m)], size=HUGE),
    "windows of 4 TB": lambda m: put(m, "MaxPool", [image(m)], kernel_shape=[HUGE, 1], pads=[HUGE] * 4),
    "windows of a million taps with places": lambda m: put(
        m, "MaxPool", [image(m)], kernel_shape=[1000, 1000], pads=[1000] * 4, outputs=("p", "q")),
    "tokens with 4 TB skipped": lambda m: put(
        m, "TfIdfVectorizer", [constant(m, "t", np.ones((1, 9)))], mode="TF", max_skip_count=HUGE, min_gram_length=1,
        max_gram_length=2, ngram_counts=[0, 2], ngram_indexes=[0, 1, 2], pool_int64s=[1, 2, 1, 2]),
    "a length times infinity": lambda m: [  # each node before the last one
        put(m, "Expand", ["x", "n"], outputs=("o",)),
        put(m, "Cast", ["g"], outputs=("n",), to=TensorProto.INT64),
        put(m, "Mul", ["f", constant(m, "i", np.full(1, np.inf), "float32")], outputs=("g",)),
        put(m, "Cast", ["s"], outputs=("f",), to=TensorProto.FLOAT),
        put(m, "Shape", ["x"], outputs=("s",)),
    ],
    "a length to the power of a billion": lambda m: length_of(m, "Mul", 30),
    "trees of 4 TB of leaves": lambda m: learner(m, "TreeEnsembleRegressor", "w", **leaf(HUGE)),
}  # fmt: skip
HEAVY: dict[str, Change] = {  # sound, and more work than they look
    "a border of reflections along two axes": lambda m: put(
        m, "Pad", [constant(m, "t", np.ones((2, 2)), "float32"), constant(m, "p", [254] * 4)], mode="reflect"),
    "a constant that 300 nodes read": lambda m: [
        put(m, "Add", ["c", "c"], outputs=(f"o{k}",)) for k in range(300)
    ] + [constant(m, "c", np.ones(4096), "int8")],
    "a range of 65536 numbers": lambda m: put(
        m, "Range", [constant(m, n, v) for n, v in (("a", 0), ("e", 65536), ("d", 1))]
    ),
    "1000 nodes of one name": lambda m: [
        m.graph.node.append(helper.make_node("Relu", ["x"], [f"o{k}"], "relu")) for k in range(1000)
    ],
    "a length that is doubled 40 times": lambda m: length_of(m, "Add", 40),
    "windows 2**62 + 1 apart along an open axis": lambda m: [
        put(m, "MaxPool", ["u"], kernel_shape=[2, 2], dilations=[2, 2], strides=[2**62 + 1, 1]),
        put(m, "Reshape", ["x", constant(m, "s", [1, 1, -1, 4])], outputs=("u",))],
}  # fmt: skip

LINEAR = {"coefficients": [1.0, 2.0, -1.0] * 2, "intercepts": [0.0, 1.0], "classlabels_ints": [3, 5]}
TREE = {"nodes_treeids": [0] * 3, "nodes_nodeids": [0, 1, 2], "nodes_featureids": [1, 0, 0],
        "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"], "nodes_truenodeids": [1, 0, 0], "nodes_falsenodeids": [2, 0, 0],
        "nodes_values": [0.5, 0.0, 0.0], "class_treeids": [0, 0], "class_nodeids": [1, 2], "class_ids": [0, 1],
        "class_weights": [1.0, 2.0], "classlabels_int64s": [3, 5]}  # fmt: skip
SOUND: dict[str, Change] = {  # operators that the node tests of the onnx package lack, or have in one way alone
    "a loop of 3 steps": lambda m: loop(m, 3),
    "a scan": lambda m: scan(m, 1),
    "a function": lambda m: function(m, helper.make_node("Relu", ["a"], ["q"]), helper.make_node("Abs", ["q"], ["z"])),
    "a function with branches": lambda m: function(m, *branches()),
    "branches 3 deep": lambda m: nested(m, 3),
    "an expansion of open axes": lambda m: open_axes(m, 3),
    "a random array": lambda m: put(m, "RandomNormal", [], shape=[2, 3]),
    "regions of interest": lambda m: put(
        m, "MaxRoiPool", [image(m), constant(m, "regions", [[0, 0, 0, 4, 4]], "float32")], pooled_shape=[2, 2]),
    "a linear classifier": lambda m: learner(m, "LinearClassifier", "w", outputs=("label", "scores"), **LINEAR),
    "a tree": lambda m: learner(m, "TreeEnsembleClassifier", "w", outputs=("label", "scores"), **TREE),
    "a support vector": lambda m: learner(
        m, "SVMRegressor", "w", coefficients=[1.0], support_vectors=[1.0, 2.0, 3.0], rho=[0.0], n_supports=1,
        kernel_type="RBF", kernel_params=[0.5, 0.0, 3.0]),
    "a leaf": lambda m: learner(m, "TreeEnsembleRegressor", "w", **leaf(2)),
}  # fmt: skip


def hostile() -> Iterator[tuple[str, bytes]]:
    whole = sound().SerializeToString()
    yield "nothing", b""
    yield "text", b"once upon a time" * 10
    yield "zeros", bytes(1000)
    yield "a zip", b"PK\x03\x04" + bytes(100)
    yield "ones", b"\xff" * 1000
    for part in (3, 2):
        yield f"the first of {part} parts", whole[: len(whole) // part]
    yield "all but a byte", whole[:-1]
    yield "groups in groups", b"\x0b" * 100_000
    yield "an operator whose name is no text", whole.replace(b"Relu", b"R\xfflu")
    yield "an input whose name is no text", whole.replace(b"shape", b"sh\xffpe")
    for name, change in CHANGES.items():
        yield name, changed(change)
