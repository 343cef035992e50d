"""Small models whose WebAssembly is written by hand, so that the runtime is tested without the compiler.

Out: (manifest, code, weights) as `write_bundle` takes them. `line` is y = x @ w + b with mean squared error and
gradient descent; `pixels` reads pictures and rows; both keep to the interface of compiled modules."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import wasmtime

from fanlight.bundle.manifest import Function, Manifest, Memory, Slot, StateSlot, Training
from fanlight.ir.dim import Dim, Size

# Bytes: w 0, b 16, rate 20, count 24, versions 32 (three groups), packed w 48, the version it was made from 64, x 128,
# t 256, y 320, loss/sum 384, loss/count 388, gradient 400, seed 424.
LINE = """(module
  (import "env" "memory" (memory 1 1))
  (func $row (param $x i32) (param $w i32) (result f32) (local $k i32) (local $sum f32)
    (local.set $sum (f32.load (i32.const 16)))
    (loop $next
      (local.set $sum (f32.add (local.get $sum) (f32.mul
        (f32.load (i32.add (local.get $x) (local.get $k))) (f32.load (i32.add (local.get $w) (local.get $k))))))
      (br_if $next (i32.lt_s (local.tee $k (i32.add (local.get $k) (i32.const 4))) (i32.const 16))))
    (local.get $sum))
  (func (export "predict") (param $batch i32) (result i32) (local $i i32)
    (if (i32.ne (i32.load (i32.const 32)) (i32.load (i32.const 64))) (then
      (v128.store (i32.const 48) (v128.load (i32.const 0)))
      (i32.store (i32.const 64) (i32.load (i32.const 32)))))
    (block $end (loop $next
      (br_if $end (i32.ge_s (local.get $i) (local.get $batch)))
      (f32.store (i32.add (i32.const 320) (i32.mul (local.get $i) (i32.const 4)))
        (call $row (i32.add (i32.const 128) (i32.mul (local.get $i) (i32.const 16))) (i32.const 48)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))
    (i32.const 0))
  (func $loss (param $batch i32) (local $i i32) (local $k i32) (local $x i32) (local $e f32) (local $sum f32)
    (memory.fill (i32.const 400) (i32.const 0) (i32.const 20))
    (loop $next
      (local.set $x (i32.add (i32.const 128) (i32.mul (local.get $i) (i32.const 16))))
      (local.set $e (f32.sub (call $row (local.get $x) (i32.const 0))
        (f32.load (i32.add (i32.const 256) (i32.mul (local.get $i) (i32.const 4))))))
      (local.set $sum (f32.add (local.get $sum) (f32.mul (local.get $e) (local.get $e))))
      (local.set $k (i32.const 0))
      (loop $column
        (f32.store (i32.add (i32.const 400) (local.get $k)) (f32.add (f32.load (i32.add (i32.const 400) (local.get $k)))
          (f32.mul (local.get $e) (f32.load (i32.add (local.get $x) (local.get $k))))))
        (br_if $column (i32.lt_s (local.tee $k (i32.add (local.get $k) (i32.const 4))) (i32.const 16))))
      (f32.store (i32.const 416) (f32.add (f32.load (i32.const 416)) (local.get $e)))
      (br_if $next (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $batch))))
    (f32.store (i32.const 384) (local.get $sum))
    (f32.store (i32.const 388) (f32.convert_i32_s (local.get $batch))))
  (func (export "evaluate_step") (param $batch i32) (result i32) (call $loss (local.get $batch)) (i32.const 0))
  (func (export "train_step") (param $batch i32) (result i32) (local $k i32) (local $rate f32)
    (call $loss (local.get $batch))
    (if (f32.ne (f32.sub (f32.load (i32.const 384)) (f32.load (i32.const 384))) (f32.const 0))
      (then (return (i32.const 1))))
    (local.set $rate (f32.div (f32.mul (f32.const 2) (f32.load (i32.const 20))) (f32.load (i32.const 388))))
    (loop $next
      (f32.store (local.get $k) (f32.sub (f32.load (local.get $k))
        (f32.mul (local.get $rate) (f32.load (i32.add (i32.const 400) (local.get $k))))))
      (br_if $next (i32.lt_s (local.tee $k (i32.add (local.get $k) (i32.const 4))) (i32.const 20))))
    (i32.store (i32.const 24) (i32.add (i32.load (i32.const 24)) (i32.const 1)))
    (i32.store (i32.const 32) (i32.add (i32.load (i32.const 32)) (i32.const 1)))
    (i32.const 0))
  (func (export "init") (result i32)
    (v128.store (i32.const 0) (f32x4.splat (f32.convert_i32_u (i32.load (i32.const 424)))))
    (f32.store (i32.const 16) (f32.convert_i32_u (i32.load (i32.const 428))))
    (i32.store (i32.const 24) (i32.const 0))
    (i32.store (i32.const 32) (i32.add (i32.load (i32.const 32)) (i32.const 1)))
    (i32.const 0))
  (func (export "trap") (result i32) unreachable)
  (func (export "uses_relaxed") (result i32) %s))
"""
# What the two variants differ in: 1 where the relaxed instruction was compiled in.
PORTABLE = "(i32.store (i32.const 440) (i32.const 0)) (i32.const 0)"
RELAXED = """(i32.store (i32.const 440) (i32x4.extract_lane 0 (i32x4.trunc_sat_f32x4_s (f32x4.relaxed_madd
    (f32x4.splat (f32.const 1)) (f32x4.splat (f32.const 1)) (f32x4.splat (f32.const 0)))))) (i32.const 0)"""

W = np.array([1, 2, 3, 4], np.float32)
B = np.float32(0.5)


def model(name: str, functions, state, versions: int, used: int, **more) -> Manifest:
    return Manifest(name, functions, tuple(state), Memory(1, used, versions), fanlight="0.1.0", **more)


@cache
def compiled(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(text))


def line(operations: int = 0) -> tuple[Manifest, dict[str, bytes], dict[str, np.ndarray]]:
    """y = x @ w + b over 4 columns; `predict` takes 8 rows at a time, a step 4."""
    wide, batch = Size("batch", 1, 8), Size("batch", 1, 4)

    def pair(rows: Size, *names: str) -> tuple[Slot, ...]:
        places = {"x": (4, 128), "t": (1, 256), "y": (1, 320)}
        return tuple(Slot(name, "float32", (Dim.of(rows), places[name][0]), places[name][1]) for name in names)

    logs = (Slot("loss/sum", "float32", (), 384), Slot("loss/count", "float32", (), 388))
    changed = ("w", "b", "count")
    functions = {
        "predict": Function((wide,), pair(wide, "x"), pair(wide, "y"), operations=operations),
        "train_step": Function((batch,), pair(batch, "x", "t"), logs, changed, guarded=True),
        "evaluate_step": Function((batch,), pair(batch, "x", "t"), logs),
        "init": Function((), (Slot("seed", "uint32", (2,), 424),), (), changed),
        "trap": Function((), (), ()),
        "uses_relaxed": Function((), (), (Slot("relaxed", "int32", (), 440),)),
    }
    state = [
        StateSlot("w", "float32", (4, 1), 0, 0),
        StateSlot("b", "float32", (1,), 16, 0),
        StateSlot("learning_rate", "float32", (), 20, 1, "hyperparameter", False, 0.1),
        StateSlot("count", "int32", (), 24, 2, "counter", False, 0),
    ]
    training = Training("sgd", "mse", (), 4, ("x",), ("t",), ("loss",))
    manifest = model("line", functions, state, 32, 448, training=training)
    code = {"portable": compiled(LINE % PORTABLE), "relaxed": compiled(LINE % RELAXED)}
    return manifest, code, {"w": W.reshape(4, 1), "b": np.array([B])}


# Bytes: image (2x2, float32) 0, raw image (uint8) 256, rows (3 columns) 512, sums 1024, words (int64) 1280, flags 1536.
PIXELS = """(module
  (import "env" "memory" (memory 1 1))
  (func (export "predict") (param $batch i32) (result i32) (local $i i32) (local $at i32)
    (loop $next
      (local.set $at (i32.mul (local.get $i) (i32.const 16)))
      (f32.store (i32.add (i32.const 1024) (i32.mul (local.get $i) (i32.const 4))) (f32.add
        (f32.add (f32.load (local.get $at)) (f32.load offset=4 (local.get $at)))
        (f32.add (f32.load offset=8 (local.get $at)) (f32.load offset=12 (local.get $at)))))
      (br_if $next (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $batch))))
    (i32.const 0))
  (func (export "prepare") (param $batch i32) (result i32) (local $i i32)
    (loop $next
      (f32.store (i32.mul (local.get $i) (i32.const 4))
        (f32.div (f32.convert_i32_u (i32.load8_u offset=256 (local.get $i))) (f32.const 255)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_s (local.get $i) (i32.mul (local.get $batch) (i32.const 4)))))
    (i32.const 0))
  (func (export "total") (param $batch i32) (result i32) (local $i i32) (local $at i32)
    (loop $next
      (local.set $at (i32.mul (local.get $i) (i32.const 12)))
      (f32.store (i32.add (i32.const 1024) (i32.mul (local.get $i) (i32.const 4))) (f32.add
        (f32.load offset=512 (local.get $at))
        (f32.add (f32.load offset=516 (local.get $at)) (f32.load offset=520 (local.get $at)))))
      (br_if $next (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $batch))))
    (i32.const 0))
  (func (export "words") (param $length i32) (result i32) (local $i i32)
    (loop $next
      (i32.store8 offset=1536 (local.get $i) (i64.gt_s
        (i64.load offset=1280 (i32.mul (local.get $i) (i32.const 8))) (i64.const 0)))
      (br_if $next (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $length))))
    (i32.const 0)))
"""


def pixels() -> tuple[Manifest, dict[str, bytes], dict[str, np.ndarray]]:
    """`predict` sums a picture of 2x2 points that `prepare` divides by 255; `total` sums a row; `words` takes int64."""
    batch, length = Size("batch", 1, 8), Size("length", 1, 16)
    image = (Dim.of(batch), 2, 2, 1)
    functions = {
        "predict": Function(
            (batch,), (Slot("image", "float32", image, 0),), (Slot("sum", "float32", image[:1], 1024),)
        ),
        "prepare": Function((batch,), (Slot("image", "uint8", image, 256),), (Slot("image", "float32", image, 0),)),
        "total": Function(
            (batch,), (Slot("row", "float32", (image[0], 3), 512),), (Slot("sum", "float32", image[:1], 1024),)
        ),
        "words": Function(
            (length,),
            (Slot("ids", "int64", (Dim.of(length),), 1280),),
            (Slot("known", "bool", (Dim.of(length),), 1536),),
        ),
    }
    meanings = {
        "image": {"kind": "image", "height": 2, "width": 2, "channels": 1, "fit": "stretch"},
        "row": {"kind": "table", "columns": ["a", "b", "colour"], "categories": {"colour": ["red", "green"]}},
    }
    return model("pixels", functions, [], 2048, 2052, meanings=meanings), {"portable": compiled(PIXELS)}, {}


def renamed(manifest: Manifest, **names: str) -> Manifest:
    """The same model with other names of state: what was saved from one does not fit the other."""
    state = tuple(replace(slot, name=names.get(slot.name, slot.name)) for slot in manifest.state)
    functions = {
        key: replace(function, writes=tuple(names.get(name, name) for name in function.writes))
        for key, function in manifest.functions.items()
    }
    return replace(manifest, state=state, functions=functions)
