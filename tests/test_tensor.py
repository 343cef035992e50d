"""Does the low-level API do what NumPy does, compile once, and differentiate?"""

import numpy as np
import pytest

import fanlight as fl
from fanlight import tensor
from fanlight.engines.wasm import WasmEngine
from fanlight.errors import DtypeError, FanlightError, ShapeError


def test_nothing_is_computed_before_it_is_looked_at(monkeypatch):
    calls = []
    run = WasmEngine.call
    monkeypatch.setattr(WasmEngine, "call", lambda self, *args: calls.append(1) or run(self, *args))
    x = fl.Tensor([1.0, 2.0])
    y = x * 3 + 1
    assert not calls
    assert y.numpy().tolist() == [4.0, 7.0]
    assert y.numpy().tolist() == [4.0, 7.0]
    assert len(calls) == 1


def test_a_loop_compiles_once(monkeypatch):
    compiled = []
    compile = tensor.compile
    monkeypatch.setattr(tensor, "compile", lambda *args: compiled.append(1) or compile(*args))
    x = fl.Tensor(np.full(7, 0.5, np.float32))
    for _ in range(10):
        x = x * 1.25 - 0.125
        x.numpy()
    assert len(compiled) == 1


def test_a_long_pending_graph_is_evaluated_on_its_way():
    x = fl.Tensor(np.zeros(3, np.float32))
    for _ in range(tensor.MOST_PENDING + 10):
        x = x + 1
    assert x._pending <= tensor.MOST_PENDING
    assert x.numpy().tolist() == [tensor.MOST_PENDING + 10] * 3


def test_tensors_computed_together_are_computed_once(monkeypatch):
    calls = []
    run = WasmEngine.call
    monkeypatch.setattr(WasmEngine, "call", lambda self, *args: calls.append(1) or run(self, *args))

    @fl.function
    def pair(x):
        return x + 1, {"double": x * 2}

    a, b = pair(np.float32([1, 2]))
    assert a.numpy().tolist() == [2, 3]
    assert b["double"].numpy().tolist() == [2, 4]
    assert len(calls) == 1


def test_a_loop_of_steps_that_nobody_looks_at_stays_small(monkeypatch):
    compiled = []
    compile = tensor.compile
    monkeypatch.setattr(tensor, "compile", lambda *args: compiled.append(1) or compile(*args))

    @fl.function
    def step(state):
        return {"w": state["w"] - 0.5 * state["v"], "v": fl.tanh(state["w"])}

    state = {"w": np.float32([1, 2]), "v": np.float32([3, 4])}
    for _ in range(20):
        state = step(state)
    assert len(compiled) == 1


def test_looking_inside_a_function_changes_nothing(capsys):
    @fl.function
    def f(x):
        y = x * 2
        print(y)
        return y + 1 if y[0] > 0 else y

    assert f(np.float32([1, 2])).numpy().tolist() == [3, 5]
    assert "[2., 4.]" in capsys.readouterr().out


def test_content_changes_by_computing_only():
    array = np.float32([1, 2])
    waiting = fl.Tensor(array) + 1
    array[:] = 9
    assert waiting.numpy().tolist() == [2, 3]
    with pytest.raises(ValueError, match="read-only"):
        waiting.numpy()[0] = 5


def test_errors_say_what_to_do():
    with pytest.raises(ShapeError, match="lengths"):
        fl.Tensor([1.0, 2.0]) + fl.Tensor([1.0, 2.0, 3.0])
    with pytest.raises(DtypeError, match="complex"):
        fl.Tensor(np.array([1j]))
    with pytest.raises(DtypeError, match="whole number"):
        fl.one_hot([0, 1], 2.5)


def test_a_traced_value_has_no_truth():
    from fanlight.tracing import TensorSpec, trace_module

    def f(x: TensorSpec((3,))):
        return x if x[0] > 0 else -x

    with pytest.raises(FanlightError, match=r"fl\.where"):
        trace_module({"f": f})


def test_specs_may_be_annotated_types():
    from typing import Annotated

    from fanlight.tracing import trace_module

    rows = Annotated[fl.Tensor, fl.TensorSpec(("batch", 2))]

    def f(x: rows):
        return x * 2

    module, _ = trace_module({"f": f})
    assert repr(module.functions["f"].inputs[0].type) == "f32[batch, 2]"


def test_a_forgotten_state_is_asked_for():
    from fanlight.tracing import trace_module

    with pytest.raises(DtypeError, match=r"state=\.\.\."):
        trace_module({"f": lambda state: state})


def test_what_is_a_tensor_and_what_it_holds():
    x = fl.Tensor([1.0, 2.0])
    assert fl.is_tensor(x) and fl.is_tensor(x + 1)
    assert not fl.is_tensor(np.ones(2)) and not fl.is_tensor([1.0]) and not fl.is_tensor(1.0)
    assert fl.convert_to_numpy(x + 1).tolist() == [2, 3]
    assert type(fl.convert_to_numpy([1, 2])) is np.ndarray
    assert fl.convert_to_tensor([1, 2], dtype="float32").numpy().tolist() == [1, 2]
    assert (fl.shape(x), fl.ndim(x), fl.size(x), fl.dtype(x)) == ((2,), 1, 2, "float32")

    def f(x: fl.TensorSpec((3,))):
        assert fl.is_tensor(x)
        return fl.convert_to_numpy(x)

    from fanlight.tracing import trace_module

    with pytest.raises(FanlightError, match="no content yet"):
        trace_module({"f": f})
