"""What do ONNX's ensembles of trees mean? All trees of all rows go down together, one level each round.

Trees are arrays of nodes: which feature, compared with what, and where to go on; a leaf goes on to itself. Thresholds
are kept as their bits, so that training leaves them alone; what leaves say is trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from operator import add
from typing import Any

from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.importers.graphs.table import rule
from fanlight.importers.onnx.rules.scores import TRANSFORMS, labelled, transformed
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

LEQ, LT, GTE, GT, EQ, NEQ, MEMBER = range(7)
MODES = {name: k for k, name in enumerate(("LEQ", "LT", "GTE", "GT", "EQ", "NEQ"))}
COMPARE = (fn.less_equal, fn.less, fn.greater_equal, fn.greater, fn.equal, fn.not_equal)
AGGREGATES = ("AVERAGE", "SUM", "MIN", "MAX")
DEEPEST = 4096
LARGEST = 1 << 24  # numbers in leaves


@dataclass
class Forest:
    """Nodes, inner ones first: `turns` are (feature, threshold, mode, yes, no, whether NaN counts as yes)."""

    turns: list[tuple[int, float, int, int, int, bool]]
    roots: list[int]
    votes: list[tuple[int, int, float]]  # node, target, weight
    count: int  # of nodes with leaves
    targets: int


def wrong(node: Any, expected: object, got: object) -> ModelFormatError:
    return ModelFormatError(node.label, expected=expected, got=str(got)[:200])


def tables_of(node: Any, forest: Forest, aggregate: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a rule needs to know of a forest, and its arrays."""
    import numpy

    inner, count = len(forest.turns), forest.count
    if count * forest.targets > LARGEST:
        got = f"{count} nodes for {forest.targets} targets"
        raise UnsupportedOp(node.label, expected=f"at most {LARGEST} numbers in leaves", got=got)
    feature, threshold, mode, yes, no, missing = (
        list(each) for each in (zip(*forest.turns, strict=True) if inner else ((),) * 6)
    )
    own = list(range(inner, count))
    goes = numpy.array([yes + own, no + own], numpy.int64).reshape(2, count)
    roots = numpy.array(forest.roots, numpy.int64)
    if (goes.size and (goes.min() < 0 or goes.max() >= count)) or roots.size == 0 or not (roots >= 0).all():
        raise wrong(node, f"places of nodes below {count}, and roots", "others")
    if min(feature, default=0) < 0 or (roots >= count).any():
        raise wrong(node, "features and roots that there are", "others")
    empty = {"MIN": inf, "MAX": -inf}.get(aggregate, 0.0)
    said: dict[tuple[int, int], float] = {}
    for place, target, weight in forest.votes:
        if not 0 <= target < forest.targets or not 0 <= place < count:
            raise wrong(node, f"votes of nodes for targets below {forest.targets}", (place, target))
        combine = {"MIN": min, "MAX": max}.get(aggregate, add)
        said[place, target] = combine(said.get((place, target), empty), weight)
    values = numpy.full((count, forest.targets), empty, numpy.float32)
    for at, weight in said.items():
        values[at] = weight
    modes = sorted(set(mode)) or [LEQ]
    arrays = {
        "feature": numpy.array(feature + [0] * len(own), numpy.int32),
        "threshold": numpy.array(threshold + [0.0] * len(own), numpy.float32).view(numpy.int32),
        "yes": goes[0].astype(numpy.int32),
        "no": goes[1].astype(numpy.int32),
        "roots": roots.astype(numpy.int32),
        "leaves": values,
    }
    if len(modes) > 1:
        arrays["mode"] = numpy.array(mode + [0] * len(own), numpy.int32)
    if any(missing):
        arrays["missing"] = numpy.array(missing + [False] * len(own), numpy.int32)
    found = {"modes": modes, "depth": depth_of(node, goes, roots, inner), "features": max(feature, default=-1) + 1}
    return {**found, "aggregate": aggregate}, arrays


def depth_of(node: Any, goes: Any, roots: Any, inner: int) -> int:
    """How many turns the longest way has."""
    import numpy

    level, depth = numpy.unique(roots), 0
    while (level := level[level < inner]).size:
        depth += 1
        if depth > min(inner, DEEPEST):
            raise wrong(node, f"trees without cycles, at most {DEEPEST} deep", "others")
        level = numpy.unique(goes[:, level])
    return depth


def summed(use: Any, x: Value, tables: tuple[Value, ...]) -> Value:
    """What the leaves say for each row [rows, targets], put together."""
    arrays = dict(zip(use["tables"], tables, strict=True))
    if x.rank == 1:
        x = fn.expand_dims(x, 0)
    if x.rank != 2 or (isinstance(x.shape[1], int) and x.shape[1] < use["features"]):
        raise use.error(f"rows of at least {use['features']} features", x.type)
    x = fn.cast(x, "float32")
    roots = arrays["roots"]
    places = fn.add(fn.zeros((x.shape[0], roots.shape[0]), "int32"), roots)
    places = fn.fori_loop(0, use["depth"], lambda _, at: turned(use, x, at, arrays), places)
    said = fn.take(arrays["leaves"], places, 0)
    match use["aggregate"]:
        case "SUM":
            return fn.sum(said, 1)
        case "AVERAGE":
            return fn.mean(said, 1)
    y = fn.min(said, 1) if use["aggregate"] == "MIN" else fn.max(said, 1)
    return fn.where(fn.equal(fn.absolute(y), inf), 0.0, y)  # for which no leaf has a say


def turned(use: Any, x: Value, places: Value, arrays: dict[str, Value]) -> Value:
    """Where each row goes on in each tree."""
    here = {name: fn.take(arrays[name], places, 0) for name in arrays if name not in ("roots", "leaves")}
    seen, limit = fn.take_along_axis(x, here["feature"], 1), fn.bitcast(here["threshold"], "float32")
    modes = use["modes"]
    goes = COMPARE[modes[0]](seen, limit)
    for mode in modes[1:]:
        goes = fn.where(fn.equal(here["mode"], mode), COMPARE[mode](seen, limit), goes)
    if "missing" in here:
        goes = fn.logical_or(goes, fn.logical_and(fn.isnan(seen), fn.not_equal(here["missing"], 0)))
    return fn.where(goes, here["yes"], here["no"])


# Forests of the older operators: each node says its tree and number, votes stand beside


def older(node: Any, kind: str, targets: int) -> Forest:
    """The forest of a TreeEnsembleRegressor (`kind` target) or TreeEnsembleClassifier (class)."""
    given = node.attributes
    names = ("treeids", "nodeids", "featureids", "modes", "truenodeids", "falsenodeids")
    columns = [given.get(f"nodes_{name}") or [] for name in names]
    limits = numbers(given, "nodes_values")
    if len({len(each) for each in columns} | {len(limits)}) != 1 or not limits:
        raise wrong(node, "as many of all that nodes have", [len(each) for each in (*columns, limits)])
    missing = given.get("nodes_missing_value_tracks_true") or [0] * len(limits)
    keys = list(zip(columns[0], columns[1], strict=True))
    is_leaf = [mode == "LEAF" for mode in columns[3]]
    order = sorted(range(len(keys)), key=lambda k: is_leaf[k])
    place = {keys[k]: n for n, k in enumerate(order)}
    turns = []
    children = set()
    for k in order[: is_leaf.count(False)]:
        tree, _, feature, mode, yes, no = (each[k] for each in columns)
        if mode.removeprefix("BRANCH_") not in MODES or (tree, yes) not in place or (tree, no) not in place:
            raise wrong(node, "nodes that compare, and go on to nodes", (mode, yes, no))
        ways = place[tree, yes], place[tree, no]
        children.update(ways)
        turns.append((feature, limits[k], MODES[mode.removeprefix("BRANCH_")], *ways, bool(missing[k])))
    roots = [place[key] for key in keys if place[key] not in children]
    if len(place) != len(keys) or len(roots) != len(set(columns[0])):
        raise wrong(node, "one root for each tree, and each node once", f"{len(roots)} roots")
    sides = [given.get(f"{kind}_{name}") or [] for name in ("treeids", "nodeids", "ids")]
    weights = numbers(given, f"{kind}_weights")
    if len({len(each) for each in sides} | {len(weights)}) != 1 or not set(zip(*sides[:2], strict=True)) <= set(place):
        raise wrong(node, "votes of nodes that there are", "others")
    votes = [(place[t, n], target, w) for t, n, target, w in zip(*sides, weights, strict=True)]
    return Forest(turns, roots, votes, len(keys), targets)


def numbers(given: Any, name: str) -> list[float]:
    """A list of numbers that may stand in a tensor instead."""
    tensor = given.get(f"{name}_as_tensor")
    return list(given.get(name) or []) if tensor is None else tensor.ravel().tolist()


def based(node: Any, found: dict[str, Any], targets: tuple[int, ...]) -> dict[str, Any]:
    """With the numbers that are added to scores."""
    base = numbers(node.attributes, "base_values")
    if base and len(base) not in targets:
        raise wrong(node, f"base values for {targets[-1]}", len(base))
    return {**found, "base": base, "post_transform": node.attributes["post_transform"]}


def regressor_tables(node: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    targets = node.attributes.get("n_targets") or 1
    aggregate = node.attributes["aggregate_function"]
    if aggregate not in AGGREGATES:
        raise wrong(node, f"aggregate_function among {', '.join(AGGREGATES)}", aggregate)
    found, arrays = tables_of(node, older(node, "target", targets), aggregate)
    return based(node, found, (targets,)), arrays


@rule("ai.onnx.ml.TreeEnsembleRegressor", tables=regressor_tables)
def tree_regressor(use: Any, x: Value, *tables: Value) -> Value:
    y = with_base(use, summed(use, x, tables))
    return transformed(use, y, use["post_transform"])


def with_base(use: Any, y: Value) -> Value:
    return y if not use["base"] else fn.add(y, fn.stack([fn.full((), each, "float32") for each in use["base"]]))


def classifier_tables(node: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    given = node.attributes
    labels = given.get("classlabels_int64s") or given.get("classlabels_strings") or []
    if len(labels) < 2:
        raise UnsupportedOp(node.label, expected="at least 2 classes", got=len(labels))
    voted = set(given.get("class_ids") or ())
    is_binary = len(labels) == 2 and len(voted) == 1  # one score, for the second class
    if is_binary and voted != {0}:
        raise UnsupportedOp(node.label, expected="votes for both classes, or the score of class 0", got=voted)
    found, arrays = tables_of(node, older(node, "class", 1 if is_binary else len(labels)), "SUM")
    found = based(node, found, (1,) if is_binary else (len(labels),))
    is_positive = all(weight >= 0 for weight in numbers(given, "class_weights"))
    return {**found, "labels": labels, "is_binary": is_binary, "is_positive": is_positive}, arrays


@rule("ai.onnx.ml.TreeEnsembleClassifier", tables=classifier_tables)
def tree_classifier(use: Any, x: Value, *tables: Value) -> tuple[Value, Value]:
    scores = with_base(use, summed(use, x, tables))
    if not use["is_binary"]:
        return labelled(use, fn.argmax(scores, 1)), transformed(use, scores, use["post_transform"])
    limit = 0.5 if use["is_positive"] else 0.0  # probabilities, or something around 0
    label = labelled(use, fn.cast(fn.greater(fn.squeeze(scores, 1), limit), "int32"))
    match use["post_transform"]:
        case "NONE":
            first = fn.subtract(1.0, scores) if use["is_positive"] else fn.negative(scores)
            return label, fn.concatenate([first, scores], 1)
        case "LOGISTIC":
            return label, fn.sigmoid(fn.concatenate([fn.negative(scores), scores], 1))
    raise use.refuse("post_transform NONE or LOGISTIC of one score", use["post_transform"])


# The newer operator: inner nodes and leaves apart


def ensemble_tables(node: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    given = node.attributes
    aggregate, post = given["aggregate_function"], given["post_transform"]
    if aggregate not in range(len(AGGREGATES)) or post not in range(len(TRANSFORMS)):
        raise wrong(node, "an aggregate_function and a post_transform that there are", (aggregate, post))
    found, arrays = tables_of(node, newer(node, given), AGGREGATES[aggregate])
    return {**found, "base": [], "post_transform": TRANSFORMS[post]}, arrays


def newer(node: Any, given: Any) -> Forest:
    names = ("featureids", "truenodeids", "falsenodeids", "trueleafs", "falseleafs")
    columns = [given[f"nodes_{name}"] for name in names]
    modes, limits = (given[f"nodes_{name}"].ravel().tolist() for name in ("modes", "splits"))
    missing = given.get("nodes_missing_value_tracks_true") or [0] * len(modes)
    leaves, targets = given["leaf_weights"].ravel().tolist(), given["leaf_targetids"]
    if len({len(each) for each in (*columns, modes, limits, missing)}) != 1 or len(leaves) != len(targets):
        raise wrong(node, "as many of all that nodes have", "others")
    members = membership(node, given, modes)
    more = sum(len(each) - 1 for each in members.values())
    first_leaf, spare = len(modes) + more, len(modes)
    turns: list[Any] = []
    extra: list[Any] = []
    for k, mode in enumerate(modes):
        feature, yes, no, yes_leaf, no_leaf = (each[k] for each in columns)
        ways = [n + first_leaf if leaf else n for n, leaf in ((yes, yes_leaf), (no, no_leaf))]
        if any(not 0 <= n < (len(leaves) if leaf else len(modes)) for n, leaf in ((yes, yes_leaf), (no, no_leaf))):
            raise wrong(node, "nodes and leaves that there are", (yes, no))
        if mode != MEMBER:
            turns.append((feature, limits[k], mode, *ways, bool(missing[k])))
            continue
        chain = members[k]  # equal to the first, or to the second, ...
        for n, each in enumerate(chain):
            is_last = n == len(chain) - 1
            turn = (feature, each, EQ, ways[0], ways[1] if is_last else spare, bool(missing[k]))
            (turns if n == 0 else extra).append(turn)
            spare += not is_last
    votes = [(first_leaf + k, target, weight) for k, (target, weight) in enumerate(zip(targets, leaves, strict=True))]
    if any(mode not in range(MEMBER + 1) for mode in modes):
        raise wrong(node, "modes from 0 to 6", sorted(set(modes)))
    if any(not 0 <= root < len(modes) for root in given["tree_roots"]):
        raise wrong(node, "roots that there are", given["tree_roots"])
    count = given.get("n_targets") or max(targets, default=0) + 1
    return Forest(turns + extra, list(given["tree_roots"]), votes, first_leaf + len(leaves), count)


def membership(node: Any, given: Any, modes: list[int]) -> dict[int, list[float]]:
    """The members that a node looks for, by its place: NaNs stand between them."""
    asking = [k for k, mode in enumerate(modes) if mode == MEMBER]
    found: list[list[float]] = [[]]
    for each in given["membership_values"].ravel().tolist() if asking and "membership_values" in given else []:
        if each == each:
            found[-1].append(each)
        else:
            found.append([])
    if not found[-1]:
        found.pop()
    if len(found) != len(asking) or not all(found):
        raise wrong(node, f"members for {len(asking)} nodes", len(found))
    return dict(zip(asking, found, strict=True))


@rule("ai.onnx.ml.TreeEnsemble", tables=ensemble_tables)
def tree_ensemble(use: Any, x: Value, *tables: Value) -> Value:
    return transformed(use, summed(use, x, tables), use["post_transform"])
