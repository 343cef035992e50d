"""What do ONNX's linear models, support vectors and preparations of features mean? The domain ai.onnx.ml.

Their long attributes are arrays, which are trained like those of other layers. Strings are refused.
"""

from __future__ import annotations

from math import isnan, prod
from typing import Any

from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.importers.graphs.table import Tables, rule
from fanlight.importers.onnx.rules.scores import labelled, transformed
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

Made = tuple[dict[str, Any], dict[str, Any]]


def float_tables(*names: str) -> Tables:
    """Of these attributes, which are lists of numbers, arrays; others stay."""

    def tables(node: Any) -> Made:
        import numpy

        kept = {key: each for key, each in node.attributes.items() if key not in names}
        arrays = {
            name: numpy.array(node.attributes[name], numpy.float32) for name in names if node.attributes.get(name)
        }
        return kept, arrays

    return tables


def named(use: Any, tables: tuple[Value, ...]) -> dict[str, Value]:
    return dict(zip(use["tables"], tables, strict=True))


def as_rows(use: Any, x: Value) -> Value:
    if x.rank not in (1, 2):
        raise use.error("rows of features", x.type)
    return fn.cast(x if x.rank == 2 else fn.expand_dims(x, 0), "float32")


# Features


@rule("ai.onnx.ml.Binarizer")
def binarizer(use: Any, x: Value) -> Value:
    return fn.cast(fn.greater(x, use["threshold"]), x.dtype)


@rule("ai.onnx.ml.ArrayFeatureExtractor")
def array_feature_extractor(use: Any, x: Value, places: Value) -> Value:
    x = fn.expand_dims(x, 0) if x.rank == 1 else x
    return fn.take(x, fn.reshape(places, (places.type.count,)), -1)


@rule("ai.onnx.ml.Scaler", tables=float_tables("offset", "scale"))
def scaler(use: Any, x: Value, *tables: Value) -> Value:
    found = named(use, tables)
    y = fn.cast(x, "float32")
    y = fn.subtract(y, found["offset"]) if "offset" in found else y
    return fn.multiply(y, found["scale"]) if "scale" in found else y


@rule("ai.onnx.ml.Normalizer")
def normalizer(use: Any, x: Value) -> Value:
    y = fn.cast(x, "float32")
    match use["norm"]:
        case "MAX":
            total = fn.max(y, -1, keepdims=True)
        case "L1":
            total = fn.sum(fn.absolute(y), -1, keepdims=True)
        case "L2":
            total = fn.sqrt(fn.sum(fn.square(y), -1, keepdims=True))
        case other:
            raise use.error("norm MAX, L1 or L2", repr(other))
    return fn.divide(y, fn.where(fn.equal(total, 0.0), 1.0, total))


def imputer_tables(node: Any) -> Made:
    import numpy

    floats, ints = (node.attributes.get(f"imputed_value_{name}") for name in ("floats", "int64s"))
    if bool(floats) == bool(ints):
        raise ModelFormatError(node.label, expected="either floats or integers to put in", got="both, or none")
    values = numpy.array(floats, numpy.float32) if floats else numpy.array(ints, numpy.int64)
    return {"old": node.attributes.get(f"replaced_value_{'float' if floats else 'int64'}")}, {"new": values}


@rule("ai.onnx.ml.Imputer", tables=imputer_tables)
def imputer(use: Any, x: Value, new: Value) -> Value:
    old = use["old"] or 0
    where = fn.isnan(x) if isnan(old) else fn.equal(x, old)
    return fn.where(where, fn.cast(new, x.dtype), x)


@rule("ai.onnx.ml.FeatureVectorizer")
def feature_vectorizer(use: Any, *xs: Value) -> Value:
    lengths = use["inputdimensions"]
    if any(x.rank != 2 for x in xs) or (lengths and list(lengths) != [x.shape[1] for x in xs]):
        raise use.refuse(f"rows of {lengths} features", [x.type for x in xs])
    return fn.concatenate([fn.cast(x, "float32") for x in xs], 1)


# Linear models


def matrix_tables(count_of: Any) -> Tables:
    """Coefficients as [features, scores], and intercepts; `count_of` says of a node how many scores it has."""

    def tables(node: Any) -> Made:
        import numpy

        given = node.attributes
        kept = {key: each for key, each in given.items() if key not in ("coefficients", "intercepts")}
        coefficients, offsets = (numpy.array(given.get(k) or [], numpy.float32) for k in ("coefficients", "intercepts"))
        count = count_of(given)
        if count < 1 or not coefficients.size or coefficients.size % count or offsets.size not in (0, count):
            got = f"{coefficients.size} coefficients, {offsets.size} intercepts"
            raise ModelFormatError(node.label, expected=f"coefficients and intercepts of {count} scores", got=got)
        arrays = {"coefficients": numpy.ascontiguousarray(coefficients.reshape(count, -1).T)}
        return kept, {**arrays, "intercepts": offsets} if offsets.size else arrays

    return tables


def scores_of(use: Any, x: Value, w: Value, b: Value | None) -> Value:
    x = as_rows(use, x)
    if x.shape[1] != w.shape[0]:
        raise use.error(f"rows of {w.shape[0]} features", x.type)
    y = fn.matmul(x, w)
    return y if b is None else fn.add(y, b)


@rule("ai.onnx.ml.LinearRegressor", tables=matrix_tables(lambda given: given["targets"]))
def linear_regressor(use: Any, x: Value, w: Value, b: Value | None = None) -> Value:
    return transformed(use, scores_of(use, x, w, b), use["post_transform"])


def labels_of(given: Any) -> list[Any]:
    return given.get("classlabels_ints") or given.get("classlabels_strings") or []


def classifier_tables(node: Any) -> Made:
    """Two classes may share one score, that of the second."""
    labels = labels_of(node.attributes)
    if len(labels) < 2:
        raise UnsupportedOp(node.label, expected="at least 2 classes", got=len(labels))
    offsets = node.attributes.get("intercepts") or ()
    if len(labels) == 2 and not offsets:
        raise UnsupportedOp(node.label, expected="intercepts, which tell the number of scores", got="none")
    is_single = len(labels) == 2 and len(offsets) == 1
    kept, arrays = matrix_tables(lambda _: 1 if is_single else len(labels))(node)
    return {**kept, "labels": labels}, arrays


@rule("ai.onnx.ml.LinearClassifier", tables=classifier_tables)
def linear_classifier(use: Any, x: Value, w: Value, b: Value | None = None) -> tuple[Value, Value]:
    scores = scores_of(use, x, w, b)
    if scores.shape[1] != 1:
        return labelled(use, fn.argmax(scores, 1)), transformed(use, scores, use["post_transform"])
    label = labelled(use, fn.cast(fn.greater(fn.squeeze(scores, 1), 0.0), "int32"))
    match use["post_transform"]:
        case "NONE":
            return label, fn.concatenate([fn.subtract(1.0, scores), scores], 1)
        case "LOGISTIC":
            return label, fn.sigmoid(fn.concatenate([fn.negative(scores), scores], 1))
    raise use.refuse("post_transform NONE or LOGISTIC of one score", use["post_transform"])


# Support vectors


@rule("ai.onnx.ml.SVMRegressor", tables=float_tables("coefficients", "support_vectors", "rho"))
def svm_regressor(use: Any, x: Value, *tables: Value) -> Value:
    found, x = named(use, tables), as_rows(use, x)
    count = use["n_supports"]
    if use["post_transform"] != "NONE":
        raise use.refuse("post_transform NONE", use["post_transform"])
    if count and prod(found["support_vectors"].shape) % count:
        raise use.error(f"{count} support vectors", found["support_vectors"].type)
    similar = kernel(use, x, fn.reshape(found["support_vectors"], (count, -1))) if count else x
    y = fn.add(fn.matmul(similar, fn.expand_dims(found["coefficients"], 1)), found["rho"])
    return fn.where(fn.greater(y, 0.0), 1.0, -1.0) if use["one_class"] else y


def kernel(use: Any, x: Value, vectors: Value) -> Value:
    """How near each row is to each of the vectors."""
    gamma, offset, degree = use["kernel_params"] or (0.0, 0.0, 0.0)
    if use["kernel_type"] == "RBF":
        apart = fn.subtract(fn.expand_dims(x, 1), vectors)
        return fn.exp(fn.multiply(fn.sum(fn.square(apart), 2), -gamma))
    product = fn.matmul(x, fn.transpose(vectors))
    match use["kernel_type"]:
        case "LINEAR":
            return product
        case "POLY":
            return fn.power(fn.add(fn.multiply(product, gamma), offset), float(degree))
        case "SIGMOID":
            return fn.tanh(fn.add(fn.multiply(product, gamma), offset))
    raise use.error("kernel_type LINEAR, POLY, RBF or SIGMOID", repr(use["kernel_type"]))
