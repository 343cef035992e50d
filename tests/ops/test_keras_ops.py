"""Is every function of keras.ops there, and does it give what Keras on JAX gives: value, shape, dtype and gradient?

In: the cases of keras_cases_*.py. Fanlight's functions run as WebAssembly, the first case of each in the interpreter
too.
"""

import keras
import pytest

from fanlight.compiler import compile
from fanlight.ir.module import Module
from fanlight.ops import functions
from fanlight.targets.wasm.spelling import PORTABLE, RELAXED
from fanlight.targets.wasm.threads import emit_threads
from ops.compare_with_keras import check_eager, check_interpreted, compare
from ops.keras_cases import all_cases
from ops.keras_refused import ELSEWHERE, REFUSED
from ops.keras_traces import traced, weighted

CASES = all_cases()


def names_of_keras():
    """Every function of keras.ops, and of keras.ops.image."""
    rooms = {"": keras.ops, "image.": keras.ops.image}
    return {p + name for p, room in rooms.items() for name in vars(room) if callable(getattr(room, name))}


@pytest.mark.parametrize("name", CASES)
def test_first_case(name):
    compare(name, CASES[name][:1])
    check_interpreted(name, CASES[name][0])


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name in CASES if len(CASES[name]) > 1])
def test_other_cases(name):
    compare(name, CASES[name][1:])


@pytest.mark.full
@pytest.mark.parametrize("name", CASES)
def test_every_target_compiles_it(name):
    """What the column "targets" of docs/ops.md says."""
    graph, _ = traced(name, CASES[name][0])
    if graph.outputs:
        for target in (PORTABLE, RELAXED):
            compiled = compile(Module({"f": weighted(graph)}, {}), target)
            assert emit_threads(compiled.program, target)


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name in CASES if CASES[name][0].call is None])
def test_arrays_go_in_and_tensors_come_out(name):
    check_eager(name, CASES[name][0])


def test_every_function_of_keras_is_accounted_for():
    names = names_of_keras()
    assert len(names) > 330, "keras.ops has at least these many functions"
    told = CASES.keys() | REFUSED.keys() | ELSEWHERE.keys()
    assert not told - names, f"keras.ops has no {sorted(told - names)}"
    assert not CASES.keys() & REFUSED.keys(), "what is compared is not refused"
    assert not [name for name in REFUSED if name in functions.__all__], "what is refused is not there"
    assert names == told, f"these need cases in tests/ops/keras_cases_*.py, or a reason: {sorted(names - told)}"


def test_a_wrong_function_is_found(monkeypatch):
    monkeypatch.setattr(functions, "tanh", functions.exp)
    with pytest.raises(AssertionError):
        compare("tanh", CASES["tanh"][:1])
