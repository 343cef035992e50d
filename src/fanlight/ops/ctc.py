"""How likely is a sequence of labels, when it is not known at which times they are? Connectionist temporal
classification (A. Graves et al., 2006), with Keras's arguments."""

from __future__ import annotations

from fanlight.errors import ShapeError, UnsupportedOp
from fanlight.ir.graph import Value
from fanlight.ops.borders import pad
from fanlight.ops.control import scan
from fanlight.ops.indexing import gather, one_hot, take_along_axis
from fanlight.ops.nn import log_softmax
from fanlight.ops.pointwise import (
    absolute,
    add,
    cast,
    equal,
    exp,
    greater_equal,
    log1p,
    logical_and,
    maximum,
    multiply,
    negative,
    not_equal,
    subtract,
    where,
)
from fanlight.ops.promote import Operand
from fanlight.ops.reductions import argmax, max, size_of, sum
from fanlight.ops.shapes import concatenate, expand_dims, full, iota, slice, transpose
from fanlight.ops.sorting import argsort

__all__ = ["ctc_decode", "ctc_loss"]

NEVER = -1e5  # the logarithm of what cannot be: finite, so that differences of two such stay numbers


def ctc_loss(
    target: Operand, output: Operand, target_length: Operand, output_length: Operand, mask_index: int = 0
) -> Value:
    """-log of the probability that the logits `output` [batch, time, classes] give the labels `target` [batch, labels].

    A label may last several times; between two, class `mask_index` may come, and between equal ones it must. Only the
    first `target_length` [batch] labels and `output_length` [batch] times count.
    """
    labels, logits = cast(target, "int32"), cast(output, "float32")
    lengths, times = cast(target_length, "int32"), cast(output_length, "int32")
    fits = logits.rank == 3 and labels.rank == 2 and labels.shape[0] == logits.shape[0]
    if not fits or lengths.shape != labels.shape[:1] or times.shape != labels.shape[:1]:
        got = f"{labels.type}, {logits.type}, {lengths.type} and {times.type}"
        expected = "labels [batch, labels], logits [batch, time, classes] and two lengths [batch]"
        raise ShapeError("ctc_loss", expected=expected, got=got)
    batch, time = logits.shape[:2]
    count = labels.shape[1]
    chances = log_softmax(logits)
    emitted = transpose(gather(chances, [labels], (2,), 1), (1, 0, 2))  # [time, batch, labels]
    blank = transpose(slice(chances, (0, 0, mask_index), (batch, time, 1)), (1, 0, 2))
    is_over = greater_equal(iota((time, batch, 1), 0), expand_dims(times, (0, 2)))
    # Whether a label is followed by the same one.
    ahead = slice(labels, (0, 1), (batch, count - 1))
    same = cast(equal(slice(labels, (0, 0), (batch, count - 1)), ahead), "float32")
    repeats = pad(same, ((0, 0), (0, 1)))

    def step(before: tuple[Value, Value], now: tuple[Value, Value, Value]) -> tuple[tuple[Value, Value], tuple[()]]:
        """`blanks[k]`: after k labels, at a blank; `ends[k]`: at label k."""
        blanks, ends = before
        label, mask, over = now
        moved = _joined(blanks, add(ends, multiply(repeats, NEVER)))
        next_ends = _log_add(add(slice(moved, (0, 0), (batch, count)), label), add(ends, label))
        next_blanks = _joined(add(moved, mask), add(add(ends, mask), multiply(subtract(1.0, repeats), NEVER)))
        return (where(over, blanks, next_blanks), where(over, ends, next_ends)), ()

    start = concatenate([full((batch, 1), 0.0), full((batch, count), NEVER)], 1)
    blanks, ends = scan(step, (start, full((batch, count), NEVER)), (emitted, blank, is_over))[0]
    last = _joined(blanks, ends)
    chosen = one_hot(lengths, _plus_one(count), dtype="bool")
    return negative(sum(where(chosen, last, 0.0), 1))


def ctc_decode(
    inputs: Operand,
    sequence_lengths: Operand,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[Value, Value]:
    """The labels that `inputs` [batch, time, classes] most likely give at each time: [1, batch, time], then -1s; and
    minus the sum of the logits that were chosen, [batch, 1].

    Equal labels in a row are one, unless `merge_repeated` is False; those of class `mask_index` are left out.

    Differs: no beam search.
    """
    if strategy != "greedy":
        do = "search over the logits in Python"
        raise UnsupportedOp("ctc_decode", expected='strategy="greedy"', got=repr(strategy), do=do)
    logits, lengths = cast(inputs, "float32"), cast(sequence_lengths, "int32")
    if logits.rank != 3 or lengths.shape != logits.shape[:1]:
        got = f"{logits.type} and {lengths.type}"
        raise ShapeError("ctc_decode", expected="logits [batch, time, classes] and lengths [batch]", got=got)
    batch, time = logits.shape[:2]
    is_over = greater_equal(iota((batch, time), 1), expand_dims(lengths, 1))
    best = where(is_over, mask_index, argmax(logits, 2))
    score = negative(sum(where(is_over, 0.0, max(logits, 2)), 1, keepdims=True))
    is_label = not_equal(best, mask_index)
    if merge_repeated:
        before = slice(pad(best, ((0, 0), (1, 0)), constant_values=-1), (0, 0), (batch, time))
        is_label = logical_and(is_label, not_equal(best, before))
    order = argsort(where(is_label, iota((batch, time), 1), size_of(time)))  # labels first, as they come
    labels = take_along_axis(where(is_label, best, -1), order, 1)
    return expand_dims(labels, 0), score


def _plus_one(count: object) -> int:
    if not isinstance(count, int):
        raise ShapeError("ctc_loss", expected="a fixed number of labels", got=count)
    return count + 1


def _log_add(x: Value, y: Value) -> Value:
    """log(exp(x) + exp(y))."""
    return add(maximum(x, y), log1p(exp(negative(absolute(subtract(x, y), kink=0)))))


def _joined(blanks: Value, ends: Value) -> Value:
    """The blanks after each label, with the ways that end at that label."""
    batch, count = ends.shape
    first, rest = slice(blanks, (0, 0), (batch, 1)), slice(blanks, (0, 1), (batch, count))
    return concatenate([first, _log_add(rest, ends)], 1)
