"""Are metrics Keras's? Several batches through state and result, with and without sample weights, options drawn."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluate import evaluate_graph
from fanlight.errors import FanlightError, ShapeError, UnknownNameError, UnsupportedOp
from fanlight.ir.graph import Graph, Input, State, apply
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.training import metrics

# Keras says that it cuts weights to whole numbers for IoU, and that JAX has no int64.
pytestmark = [
    pytest.mark.filterwarnings("ignore:You are passing weight"),
    pytest.mark.filterwarnings("ignore:Explicitly requested dtype"),
]
ROWS, CLASSES = 12, 4


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return (powers / powers.sum(-1, keepdims=True)).astype("float32")


def drawn(kind, rng):
    """(targets, predictions) of a batch."""
    scores = rng.normal(size=(ROWS, CLASSES)).astype("float32")
    numbers = rng.integers(0, CLASSES, ROWS).astype("int32")
    probabilities = rng.random((ROWS, CLASSES)).astype("float32")
    if kind == "classes":
        return numbers, softmax(scores)
    if kind == "one_hot":
        return np.eye(CLASSES, dtype="float32")[numbers], softmax(scores)
    if kind == "labels":  # some predictions lie on thresholds, and at the ends
        probabilities[0] = [0, 0.5, 1, 0.25]
        return (rng.random((ROWS, CLASSES)) < 0.4).astype("float32"), probabilities
    if kind == "binary":
        return (rng.random(ROWS) < 0.5).astype("float32"), probabilities[:, :1]
    if kind == "steps":
        return (rng.random((ROWS, 3)) < 0.5).astype("float32"), rng.random((ROWS, 3)).astype("float32")
    if kind == "numbers":
        return scores + rng.normal(size=scores.shape).astype("float32"), scores
    if kind == "counts":
        return rng.integers(0, CLASSES, (ROWS, 2)), rng.integers(0, CLASSES, (ROWS, 2))
    assert kind == "sorted"
    return numbers, np.argsort(scores, axis=-1).astype("float32")


share = st.floats(0.0625, 0.9375, width=32)
levels = st.none() | share | st.lists(share, min_size=1, max_size=3, unique=True) | st.just([0.0, 0.25, 0.5, 0.75, 1.0])
counts = {"thresholds": levels}
parts = counts | {"top_k": st.none() | st.integers(1, 3), "class_id": st.none() | st.integers(0, CLASSES - 1)}
best = {"num_thresholds": st.sampled_from([1, 2, 7, 200]), "class_id": st.none() | st.integers(0, CLASSES - 1)}
ids = st.lists(st.integers(0, CLASSES - 1), min_size=1, max_size=3, unique=True)
size = {"num_classes": st.just(CLASSES), "dtype": st.sampled_from([None, "float32"])}
ignored = {"ignore_class": st.none() | st.integers(0, CLASSES - 1)}

# class -> (kind of data, strategies of its attributes)
CASES = {
    "Accuracy": ("counts", {}),
    "BinaryAccuracy": ("steps", {"threshold": share}),
    "CategoricalAccuracy": ("one_hot", {}),
    "SparseCategoricalAccuracy": ("classes", {}),
    "TopKCategoricalAccuracy": ("one_hot", {"k": st.integers(1, 5)}),
    "SparseTopKCategoricalAccuracy": ("classes", {"k": st.integers(1, 5)}),
    "MeanSquaredError": ("numbers", {}),
    "MeanAbsoluteError": ("numbers", {}),
    "MeanAbsolutePercentageError": ("numbers", {}),
    "MeanSquaredLogarithmicError": ("labels", {}),
    "RootMeanSquaredError": ("numbers", {}),
    "LogCoshError": ("numbers", {}),
    "CosineSimilarity": ("numbers", {"axis": st.sampled_from([-1, 1])}),
    "R2Score": (
        "numbers",
        {
            "class_aggregation": st.sampled_from([None, "uniform_average", "variance_weighted_average"]),
            "num_regressors": st.sampled_from([0, 3]),
        },
    ),
    "PearsonCorrelation": ("numbers", {}),
    "ConcordanceCorrelation": ("numbers", {}),
    "Poisson": ("labels", {}),
    "KLDivergence": ("one_hot", {}),
    "BinaryCrossentropy": ("steps", {"label_smoothing": st.sampled_from([0.0, 0.2])}),
    "CategoricalCrossentropy": ("one_hot", {"label_smoothing": st.sampled_from([0.0, 0.2])}),
    "SparseCategoricalCrossentropy": ("classes", {}),
    "Hinge": ("labels", {}),
    "SquaredHinge": ("labels", {}),
    "CategoricalHinge": ("one_hot", {}),
    "TruePositives": ("labels", counts),
    "FalsePositives": ("binary", counts),
    "TrueNegatives": ("steps", counts),
    "FalseNegatives": ("labels", counts),
    "Precision": ("labels", parts),
    "Recall": ("labels", parts),
    "SensitivityAtSpecificity": ("labels", best | {"specificity": share}),
    "SpecificityAtSensitivity": ("labels", best | {"sensitivity": share}),
    "PrecisionAtRecall": ("labels", best | {"recall": share}),
    "RecallAtPrecision": ("labels", best | {"precision": share}),
    "AUC": (
        "labels",
        {
            "num_thresholds": st.sampled_from([3, 10, 200]),
            "curve": st.sampled_from(["ROC", "PR", "PRGAIN"]),
            "summation_method": st.sampled_from(["interpolation", "minoring", "majoring"]),
            "thresholds": st.none() | st.lists(share, min_size=1, max_size=4, unique=True),
            "multi_label": st.booleans(),
            "label_weights": st.none() | st.just([0.5, 1.0, 2.0, 0.25]),
            "from_logits": st.booleans(),
        },
    ),
    "F1Score": (
        "one_hot",
        {"average": st.sampled_from([None, "micro", "macro", "weighted"]), "threshold": st.none() | share.map(float)},
    ),
    "FBetaScore": ("labels", {"average": st.sampled_from([None, "macro"]), "beta": st.floats(0.5, 3)}),
    "IoU": ("counts", size | ignored | {"target_class_ids": ids}),
    "MeanIoU": ("counts", size | ignored),
    "BinaryIoU": ("steps", {"threshold": share, "target_class_ids": st.sampled_from([(0, 1), (1,)])}),
    "OneHotIoU": ("one_hot", size | ignored | {"target_class_ids": ids}),
    "OneHotMeanIoU": ("one_hot", size | ignored),
}
SORTED = "SparseTopKCategoricalAccuracy"


def test_every_metric_is_in_the_table():
    theirs = {name for name in dir(keras.metrics) if isinstance(getattr(keras.metrics, name), type)}
    theirs -= {"Metric", "Mean", "Sum", "MeanMetricWrapper"}  # of values, not of targets and predictions
    assert set(CASES) == theirs == {each.__name__ for each in metrics.CLASSES} - {"ConfusionMatrix"}


def followed(metric, batches):
    """The result after each batch: (targets, predictions, weights or None)."""
    arrays = {"y": batches[0][0], "p": batches[0][1]} | ({} if batches[0][2] is None else {"w": batches[0][2]})
    values = {name: apply(Input(name, Type(str(a.dtype), a.shape))) for name, a in arrays.items()}
    specs = metric.variables(values["y"].type, values["p"].type)
    added = metric.adds(values["y"], values["p"], values.get("w"))
    assert {name: value.type for name, value in added.items()} == specs
    new = {name: apply(State(name, type)) + added[name] for name, type in specs.items()}
    graph = Graph(tuple(values.values()), {"result": metric.result(new)}, new)
    state = {name: np.zeros(type.shape, type.dtype) for name, type in specs.items()}
    for batch in batches:
        outputs, state = evaluate_graph(graph, [each for each in batch if each is not None], state)
        yield outputs["result"]


def check(name, kind, options, seed, weighted):
    """Three batches, with weights of rows or steps or without."""
    rng = np.random.default_rng(seed)
    batches = []
    for _ in range(3):
        target, prediction = drawn(kind, rng)
        shape = (ROWS, 3) if weighted == "steps" else (ROWS,)
        weights = rng.integers(0, 4, shape).astype("float32") if weighted else None
        batches.append((target, prediction, weights))
    ours = getattr(metrics, name)(**options)
    theirs = getattr(keras.metrics, name)(**options)
    for result, (target, prediction, weights) in zip(followed(ours, batches), batches, strict=True):
        if name.endswith("IoU") and weighted and kind != "one_hot":
            weights = np.repeat(weights[:, None], target.shape[1], axis=1)  # a row's weight for each of its numbers
        theirs.update_state(target, prediction, sample_weight=weights)
        np.testing.assert_allclose(result, np.asarray(theirs.result()), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", CASES)
def test_against_keras(name, request):
    kind, strategies = CASES[name]

    @settings(max_examples=20 if request.config.getoption("--full") else 3, suppress_health_check=list(HealthCheck))
    @given(options=st.fixed_dictionaries(strategies), seed=st.integers(0, 99), weighted=st.booleans())
    def run(options, seed, weighted):
        if options.get("multi_label"):
            weighted = False if options.get("thresholds") else weighted  # Keras cannot tile weights of rows there
        if options.get("top_k") and options.get("thresholds"):
            del options["thresholds"]
        check(name, kind, options, seed, weighted and "rows")

    run()


@pytest.mark.parametrize("name", ["BinaryAccuracy", "TruePositives", "AUC"])
def test_weights_of_steps(name):
    check(name, "steps", {}, 5, "steps")


def test_classes_in_order():
    check(SORTED, "sorted", {"k": 2, "from_sorted_ids": True}, 1, "rows")


@pytest.mark.parametrize("name", CASES)
def test_names_and_records_are_keras_names_and_records(name):
    needed = {"num_classes": 3, "target_class_ids": [0, 2], "specificity": 0.5, "sensitivity": 0.5}
    needed |= {"recall": 0.4, "precision": 0.3}
    options = {key: value for key, value in needed.items() if key in CASES[name][1] and name != "BinaryIoU"}
    ours = getattr(metrics, name)(**options)
    keras.utils.clear_session()
    theirs = getattr(keras.metrics, name)(**options)
    assert ours.label == theirs.name
    read = metrics.from_record(keras.metrics.serialize(theirs))
    assert read == replace(ours, name=theirs.name, **({"dtype": read.dtype} if hasattr(read, "dtype") else {}))
    assert metrics.from_record(ours.attributes()) == ours


def test_a_confusion_matrix():
    rng = np.random.default_rng(0)
    batches = [(*drawn("classes", rng), rng.integers(0, 3, ROWS).astype("float32")) for _ in range(3)]
    *_, found = followed(metrics.ConfusionMatrix(), batches)
    expected = np.zeros((CLASSES, CLASSES))
    for target, prediction, weights in batches:
        np.add.at(expected, (target, prediction.argmax(-1)), weights)
    np.testing.assert_array_equal(found, expected)
    (one_hot,) = followed(metrics.ConfusionMatrix(), [(np.eye(CLASSES, dtype="f")[batches[0][0]], *batches[0][1:])])
    (sparse,) = followed(metrics.ConfusionMatrix(), batches[:1])
    np.testing.assert_array_equal(one_hot, sparse)
    binary = np.array([0, 1, 1, 0], "float32"), np.array([[0.7], [0.6], [0.2], [0.1]], "float32"), None
    assert [each.tolist() for each in followed(metrics.ConfusionMatrix(), [binary])] == [[[1, 1], [1, 1]]]


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("accuracy", "classes"),
        ("accuracy", "one_hot"),
        ("accuracy", "binary"),
        ("acc", "classes"),
        ("binary_accuracy", "labels"),
        ("sparse_top_k_categorical_accuracy", "classes"),
        ("mse", "labels"),
        ("cosine_similarity", "labels"),
        ("AUC", "labels"),
    ],
)
def test_names(name, of):
    target, prediction = drawn(of, np.random.default_rng(3))
    if of == "binary":
        target = target[:, None]
    metric = metrics.get(name, *(Type(str(a.dtype), a.shape) for a in (target, prediction)))
    theirs = keras.src.trainers.compile_utils.get_metric(name, target, prediction)
    theirs.update_state(target, prediction)
    (result,) = followed(metric, [(target, prediction, None)])
    assert metric.label == theirs.name
    np.testing.assert_allclose(result, float(theirs.result()), rtol=2e-6)


def test_functions_and_losses_are_metrics():
    def off(target, prediction):
        return fn.mean(fn.absolute(target - prediction), axis=-1)

    type = Type("float32", (ROWS, CLASSES))
    assert metrics.get(off, type, type).label == "off" and metrics.get("huber", type, type).label == "huber"
    ones = np.ones(type.shape, "float32")
    assert list(followed(metrics.get(off, type, type), [(ones, 3 * ones, None)])) == [2]


def test_wrong_requests_are_refused():
    type = Type("float32", (ROWS, CLASSES))
    with pytest.raises(UnknownNameError, match="accuracy"):
        metrics.get("arc", type, type)
    with pytest.raises(ShapeError, match="thresholds from 0 to 1"):
        metrics.Precision(thresholds=[0.2, 1.5])
    with pytest.raises(UnknownNameError, match="a curve of"):
        metrics.AUC(curve="POC")
    with pytest.raises(UnsupportedOp, match="spread"):
        metrics.from_record({"class_name": "AUC", "config": {"spread": 3}})
    with pytest.raises(FanlightError, match="targets like the predictions"):
        list(followed(metrics.AUC(), [(*drawn("classes", np.random.default_rng(0)), None)]))
