"""Do trees and linear models of ONNX files give what onnxruntime gives, and are they trained?"""

import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import ModelFormatError, UnsupportedOp

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

FEATURES, DEPTH = 4, 3
ROWS = np.random.default_rng(1).normal(0, 1, (20, FEATURES)).astype(np.float32)


def trees(count, modes=("BRANCH_LEQ",), missing=False):
    """Full trees of random thresholds: attributes of their nodes, and the places of their leaves."""
    rng = np.random.default_rng(0)
    inner = 2**DEPTH - 1
    nodes = [(tree, node) for tree in range(count) for node in range(2 * inner + 1)]
    turns = [node < inner for _, node in nodes]
    attributes = {
        "nodes_treeids": [tree for tree, _ in nodes],
        "nodes_nodeids": [node for _, node in nodes],
        "nodes_featureids": [int(rng.integers(FEATURES)) if turn else 0 for turn in turns],
        "nodes_values": [float(rng.normal(0, 0.5)) if turn else 0.0 for turn in turns],
        "nodes_modes": [modes[int(rng.integers(len(modes)))] if turn else "LEAF" for turn in turns],
        "nodes_truenodeids": [2 * node + 1 if node < inner else 0 for _, node in nodes],
        "nodes_falsenodeids": [2 * node + 2 if node < inner else 0 for _, node in nodes],
    }
    if missing:
        attributes["nodes_missing_value_tracks_true"] = [int(rng.integers(2)) for _ in nodes]
    return attributes, [each for each, turn in zip(nodes, turns, strict=True) if not turn]


def votes(kind, leaves, targets, low=0.0):
    """Each leaf says something of each of the targets."""
    rng = np.random.default_rng(2)
    places = [(tree, node, target) for tree, node in leaves for target in targets]
    ids = ([place[k] for place in places] for k in range(3))
    sides = dict(zip((f"{kind}_treeids", f"{kind}_nodeids", f"{kind}_ids"), ids, strict=True))
    return {**sides, f"{kind}_weights": rng.uniform(low, 1, len(places)).tolist()}


def saved(tmp_path, op, outputs, **attributes):
    """The path of a file of one node; `outputs` are pairs of a name and an ONNX dtype."""
    from onnx import TensorProto, helper

    node = helper.make_node(op, ["x"], [name for name, _ in outputs], "learner", domain="ai.onnx.ml", **attributes)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", FEATURES])
    made = [helper.make_tensor_value_info(name, dtype, None) for name, dtype in outputs]
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    graph = helper.make_graph([node], "learner", [x], made)
    path = tmp_path / "learner.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def check(path, rows=ROWS):
    ort = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    wanted = ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": rows})
    found = fl.load(path).predict(rows)
    found = list(found.values()) if isinstance(found, dict) else [found]
    for got, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got, want, 1e-5, 1e-5)


REAL = [("y", 1)]
CLASSES = [("label", 7), ("scores", 1)]


@pytest.mark.parametrize("aggregate", ["SUM", "AVERAGE", "MIN", "MAX"])
def test_trees_regress(tmp_path, aggregate):
    nodes, leaves = trees(5)
    options = {**nodes, **votes("target", leaves, (0, 1), -1.0), "n_targets": 2, "base_values": [0.5, -0.5]}
    check(saved(tmp_path, "TreeEnsembleRegressor", REAL, **options, aggregate_function=aggregate))


def test_trees_compare_in_all_ways_and_take_missing_values(tmp_path):
    modes = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
    rows = np.where(np.random.default_rng(3).random(ROWS.shape) < 0.3, np.nan, ROWS).astype(np.float32)
    for missing in (False, True):
        nodes, leaves = trees(6, modes, missing)
        options = {**nodes, **votes("target", leaves, (0,)), "n_targets": 1}
        check(saved(tmp_path, "TreeEnsembleRegressor", REAL, **options), rows)


@pytest.mark.parametrize("transform", ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"])
def test_trees_classify(tmp_path, transform):
    nodes, leaves = trees(5)
    options = {**nodes, **votes("class", leaves, (0, 1, 2), -1.0), "classlabels_int64s": [7, 5, 9]}
    check(saved(tmp_path, "TreeEnsembleClassifier", CLASSES, **options, post_transform=transform))


@pytest.mark.parametrize("low", [0.0, -1.0])
@pytest.mark.parametrize("transform", ["NONE", "LOGISTIC"])
def test_one_score_tells_two_classes(tmp_path, transform, low):
    nodes, leaves = trees(5)
    options = {**nodes, **votes("class", leaves, (0,), low), "classlabels_int64s": [7, 5], "base_values": [-1.5]}
    check(saved(tmp_path, "TreeEnsembleClassifier", CLASSES, **options, post_transform=transform))


@pytest.mark.parametrize("transform", ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"])
def test_linear_models(tmp_path, transform):
    weights = np.linspace(-1, 1, 3 * FEATURES).tolist()
    options = {"coefficients": weights, "intercepts": [0.1, 0.0, -0.1], "post_transform": transform}
    check(saved(tmp_path, "LinearRegressor", REAL, **options, targets=3))
    check(saved(tmp_path, "LinearClassifier", CLASSES, **options, classlabels_ints=[4, 2, 3]))
    if transform in ("NONE", "LOGISTIC"):
        options = {"coefficients": weights[:FEATURES], "intercepts": [0.2], "post_transform": transform}
        check(saved(tmp_path, "LinearClassifier", CLASSES, **options, classlabels_ints=[4, 2]))


@pytest.mark.parametrize("kind", ["LINEAR", "POLY", "RBF", "SIGMOID"])
def test_support_vectors(tmp_path, kind):
    vectors = ROWS[:5].ravel().tolist()
    options = {"n_supports": 5, "support_vectors": vectors, "coefficients": [0.5, -1.0, 0.25, 0.75, -0.5], "rho": [0.3]}
    for one_class in (0, 1):
        options |= {"kernel_type": kind, "kernel_params": [0.2, 0.1, 3.0], "one_class": one_class}
        check(saved(tmp_path, "SVMRegressor", REAL, **options))


def test_features(tmp_path):
    check(saved(tmp_path, "Scaler", REAL, offset=[1.0, 2.0, 3.0, 4.0], scale=[0.5, 0.25, 2.0, 1.0]))
    for norm in ("MAX", "L1", "L2"):
        check(saved(tmp_path, "Normalizer", REAL, norm=norm))
    rows = np.where(ROWS > 1, np.float32(-1), ROWS)
    check(saved(tmp_path, "Imputer", REAL, imputed_value_floats=[1.0, 2.0, 3.0, 4.0], replaced_value_float=-1.0), rows)


def test_what_leaves_say_is_trained(tmp_path):
    nodes, leaves = trees(5)
    path = saved(tmp_path, "TreeEnsembleRegressor", REAL, **nodes, **votes("target", leaves, (0,)), n_targets=1)
    model = fl.load(path)
    model.compile("sgd", "mse")
    goal = ROWS[:, :1] * 2
    before = float(np.mean((model.predict(ROWS) - goal) ** 2))
    model.fit(ROWS, goal, epochs=20, verbose=0)
    assert float(np.mean((model.predict(ROWS) - goal) ** 2)) < before / 2
    with pytest.raises(UnsupportedOp, match="TreeEnsembleRegressor"):
        model.save(tmp_path / "again.onnx")


def test_trees_that_are_none_are_refused(tmp_path):
    nodes, leaves = trees(2)
    options = {**votes("target", leaves, (0,)), "n_targets": 1}
    breaks = {
        "nodes_truenodeids": [0] * len(nodes["nodes_modes"]),  # a cycle
        "nodes_featureids": [-1] * len(nodes["nodes_modes"]),
        "nodes_nodeids": [0] * len(nodes["nodes_modes"]),
        "nodes_values": [0.0],
        "target_ids": [3] * len(leaves),
    }
    for name, values in breaks.items():
        path = saved(tmp_path, "TreeEnsembleRegressor", REAL, **{**nodes, **options, name: values})
        with pytest.raises(ModelFormatError, match="TreeEnsembleRegressor"):
            fl.load(path)
