"""What do ONNX's operators on vocabularies mean? Numbers looked up in a list: labels, categories, runs of tokens."""

from __future__ import annotations

from functools import reduce
from typing import Any

from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.importers.graphs.table import rule
from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.ir.types import is_float
from fanlight.ops import functions as fn

MOST_LOOKS = 1024
Made = tuple[dict[str, Any], dict[str, Any]]


def column(node: Any, kind: str) -> Any:
    """The keys or values of a LabelEncoder as an array; strings are refused."""
    import numpy

    given = node.attributes
    dtypes = {"int64s": numpy.int64, "floats": numpy.float32}
    if given.get(f"{kind}_strings"):
        raise UnsupportedOp(node.label, expected=f"numbers as {kind}", got="strings")
    found = [numpy.array(given[f"{kind}_{n}"], dtype) for n, dtype in dtypes.items() if given.get(f"{kind}_{n}")]
    if given.get(f"{kind}_tensor") is not None:
        found.append(given[f"{kind}_tensor"].ravel())
    if len(found) != 1:
        raise UnsupportedOp(node.label, expected=f"one list of {kind} of numbers", got=len(found))
    if str(found[0].dtype) not in ("int64", "int32", "int16", "float32", "float64"):
        raise UnsupportedOp(node.label, expected=f"numbers as {kind}", got=found[0].dtype)
    return found[0].astype("float32" if found[0].dtype.kind == "f" else "int64")


def encoder_tables(node: Any) -> Made:
    keys, values = column(node, "keys"), column(node, "values")
    if len(keys) != len(values):
        raise ModelFormatError(node.label, expected="as many values as keys", got=(len(keys), len(values)))
    given = node.attributes
    default = given.get("default_tensor")
    if default is not None:
        default = default.item()
    else:
        default = given.get("default_float" if values.dtype.kind == "f" else "default_int64")
    # Among equal keys the last one counts, and the first match is taken.
    return {"default": default}, {"keys": keys[::-1].copy(), "values": values[::-1].copy()}


@rule("ai.onnx.ml.LabelEncoder", tables=encoder_tables)
def label_encoder(use: Any, x: Value, keys: Value, values: Value) -> Value:
    each = fn.expand_dims(x, -1)
    same = fn.equal(each, fn.cast(keys, x.dtype))
    if is_float(x.dtype):
        same = fn.logical_or(same, fn.logical_and(fn.isnan(each), fn.isnan(keys)))
    found = fn.take(values, fn.argmax(fn.cast(same, "int32"), -1), 0)
    return fn.where(fn.any(same, -1), found, use["default"])


def category_tables(node: Any) -> Made:
    import numpy

    if not node.attributes.get("cats_int64s"):
        raise UnsupportedOp(node.label, expected="numbers as categories", got="strings, or none")
    return {}, {"categories": numpy.array(node.attributes["cats_int64s"], numpy.int64)}


@rule("ai.onnx.ml.OneHotEncoder", tables=category_tables, note="a category that is not known gives zeros")
def one_hot_encoder(use: Any, x: Value, categories: Value) -> Value:
    return fn.cast(fn.equal(fn.expand_dims(fn.cast(x, "int64"), -1), categories), "float32")


# Runs of tokens


def run_tables(node: Any) -> Made:
    """For each length of runs the runs in the pool, one a row; and for each column of the result its run."""
    import numpy

    given = node.attributes
    pool, starts, columns = given.get("pool_int64s"), given["ngram_counts"], given["ngram_indexes"]
    if not pool:
        raise UnsupportedOp(node.label, expected="a pool of numbers", got="strings, or none")
    if len(set(columns)) != len(columns) or min(columns, default=-1) < 0:
        raise UnsupportedOp(node.label, expected="a column of its own for each run", got="others")
    if max(columns) > 1 << 20 or list(starts) != sorted(starts) or not starts[0] >= 0 or starts[-1] > len(pool):
        raise ModelFormatError(node.label, expected="places in the pool, in order", got=starts)
    arrays: dict[str, Any] = {}
    kept: list[int] = []
    first = 0
    for length, (start, end) in enumerate(zip(starts, [*starts[1:], len(pool)], strict=True), start=1):
        count = (end - start) // length
        if count * length != end - start:
            raise ModelFormatError(node.label, expected=f"runs of {length}", got=f"{end - start} tokens")
        if count and given["min_gram_length"] <= length <= given["max_gram_length"]:
            arrays[f"runs{length}"] = numpy.array(pool[start:end], numpy.int64).reshape(count, length)
            kept += range(first, first + count)
        first += count
    if first != len(columns):
        raise ModelFormatError(node.label, expected=f"columns for {first} runs", got=len(columns))
    places = numpy.full(max(columns) + 1, len(kept), numpy.int32)  # of no run: the zeros behind all of them
    places[[columns[k] for k in kept]] = numpy.arange(len(kept))
    arrays["places"] = places
    if given.get("weights") and given["mode"] != "TF":
        arrays["weights"] = numpy.array(given["weights"], numpy.float32)
    return {"mode": given["mode"], "skips": given["max_skip_count"]}, arrays


@rule("TfIdfVectorizer", tables=run_tables)
def tf_idf_vectorizer(use: Any, x: Value, *tables: Value) -> Value:
    found = dict(zip(use["tables"], tables, strict=True))
    if x.rank not in (1, 2) or is_float(x.dtype):
        raise use.error("rows of tokens that are numbers", x.type)
    rows = x if x.rank == 2 else fn.expand_dims(x, 0)
    counts = [counted(use, rows, runs) for name, runs in found.items() if name.startswith("runs")]
    total = fn.concatenate([*counts, fn.zeros((rows.shape[0], 1), "float32")], 1)
    y = fn.take(total, found["places"], 1)
    if use["mode"] not in ("TF", "IDF", "TFIDF"):
        raise use.error("mode TF, IDF or TFIDF", repr(use["mode"]))
    if use["mode"] == "IDF":
        y = fn.cast(fn.greater(y, 0.0), "float32")
    y = fn.multiply(y, found["weights"]) if "weights" in found else y
    return y if x.rank == 2 else fn.squeeze(y, 0)


def counted(use: Any, rows: Value, runs: Value) -> Value:
    """How often each of the runs is in each row, with 0 to so many tokens skipped between two of it."""
    batch, time = rows.shape
    count, length = runs.shape
    total = fn.zeros((batch, count), "float32")
    if not 0 <= use["skips"] < MOST_LOOKS or (use["skips"] + 1) * dims.known(length) > MOST_LOOKS:
        raise use.refuse(f"at most {MOST_LOOKS} places to look at for each run", f"max_skip_count {use['skips']}")
    for step in range(1, (1 if length == 1 else use["skips"] + 1) + 1):
        reach = step * (dims.known(length) - 1)
        longer = fn.pad(rows, ((0, 0), (0, reach)))
        inside = fn.less(fn.iota((time, 1), 0), fn.subtract(fn.size_of(time), reach))
        same = [
            fn.equal(fn.expand_dims(fn.slice(longer, (0, step * k), (batch, time)), 2), fn.cast(runs[:, k], rows.dtype))
            for k in range(dims.known(length))
        ]
        total = fn.add(total, fn.sum(fn.cast(reduce(fn.logical_and, [inside, *same]), "float32"), 1))
    return total
