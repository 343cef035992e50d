"""Is a layer right? One call compares it with Keras's of the same name, and climbs the ladder down to WebAssembly.

In: a `Case`: the layer's name, its attributes in Keras's words, arrays. Keras runs on JAX. `cases_*.py` hold the
Hypothesis strategies that draw cases, `test_layers.py` runs them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis.strategies as st
import keras
import numpy as np
from keras.src.saving.saving_lib import _walk_saveable  # how Keras itself numbers what it saves

from evaluate import evaluate_graph
from fanlight import layers
from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.exporters.keras import keras_archive
from fanlight.importers.keras.build import build
from fanlight.importers.keras.read import read_file
from fanlight.importers.keras.weights import order_of, weights
from fanlight.ir.graph import Graph, Input, Value, apply
from fanlight.ir.interpret import interpret
from fanlight.ir.module import Module
from fanlight.ir.types import Type
from fanlight.layers import Context, Network
from fanlight.layers import Input as symbol
from fanlight.layers.architecture import from_record, to_record
from fanlight.layers.base import Layer
from fanlight.layers.saved import saved_variables
from fanlight.ops import functions as fn
from fanlight.training.initialize import initialize
from fanlight.training.steps import bounded, penalties
from layers.nearness import blur, error

OUTPUTS, GRADIENTS = 1e-5, 1e-4  # largest difference from Keras, relative to the largest value of the tensor or 1
RUNGS = 2e-5  # between reference, interpreter and WebAssembly


@dataclass
class Case:
    """A layer with arrays for its inputs; the first axis of each is the batch.

    `training`: also compared with Keras's `training=True`, which needs a layer that draws nothing at random.
    `gradients`: whether they are compared, for float inputs and weights.
    `steps`: how many whole numbers an output of integers may be off, where Keras rounds what it computed.
    """

    kind: str
    config: dict[str, Any]
    inputs: tuple[np.ndarray, ...]
    training: bool = False
    gradients: bool = True
    tolerance: float = OUTPUTS
    steps: int = 0
    listed: bool | None = None  # whether inputs come as one list; None: where there are several
    masks: tuple[np.ndarray | None, ...] = ()  # of the first inputs: which of their steps count
    keywords: dict[str, Any] = field(default_factory=dict)  # what goes by name: numbers of inputs, tuples of these
    options: dict[str, Any] = field(default_factory=dict)  # plain arguments of the call
    weights: dict[str, np.ndarray] = field(default_factory=dict)  # by their names' ends, where random ones will not do

    def arguments(self, inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """How a layer is called with these: by position, and by name."""
        taken: set[int] = set()

        def at(numbers: Any) -> Any:
            if isinstance(numbers, int):
                taken.add(numbers)
                return inputs[numbers]
            return [at(each) for each in numbers]

        named = {name: at(numbers) for name, numbers in self.keywords.items()}
        rest = [x for k, x in enumerate(inputs) if k not in taken]
        is_list = len(rest) > 1 if self.listed is None else self.listed
        return (rest,) if is_list else tuple(rest), named | self.options


@dataclass
class Inner:
    """A layer in the config of another one, in Keras's words; with a name, which Keras would number."""

    kind: str
    config: dict[str, Any]


def made_by(package: Any, config: Any) -> Any:
    """A config with its inner layers made by Keras, or by Fanlight."""
    if isinstance(config, Inner):
        return getattr(package, config.kind)(**made_by(package, config.config))
    if isinstance(config, dict):
        return {key: made_by(package, value) for key, value in config.items()}
    return [made_by(package, each) for each in config] if isinstance(config, list) else config


def arrays(*shape: int, low: float = -2.0, high: float = 2.0) -> st.SearchStrategy[np.ndarray]:
    """Floats without ties, evenly spread and shuffled."""

    def made(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return rng.permutation(np.linspace(low, high, int(np.prod(shape)))).reshape(shape).astype("float32")

    return st.integers(0, 1000).map(made)


def integers(*shape: int, below: int) -> st.SearchStrategy[np.ndarray]:
    """int32 from 0 to below `below`."""
    return st.integers(0, 1000).map(lambda seed: np.random.default_rng(seed).integers(0, below, shape).astype("int32"))


def booleans(*shape: int) -> st.SearchStrategy[np.ndarray]:
    """Truth values, three of four true."""
    return st.integers(0, 1000).map(lambda seed: np.random.default_rng(seed).random(shape) < 0.75)


def masks(*shape: int) -> st.SearchStrategy[np.ndarray]:
    """Which steps count, now and then none of a row."""
    return st.integers(0, 1000).map(lambda seed: np.random.default_rng(seed).random(shape) < 0.6)


def is_close(ours: np.ndarray, theirs: Any, case: Case) -> bool:
    """Whether an output is Keras's, as near as the case says."""
    if case.steps and np.asarray(theirs).dtype.kind in "iu":
        return bool(np.max(np.abs(np.asarray(ours, "int64") - np.asarray(theirs, "int64")), initial=0) <= case.steps)
    return error(ours, theirs) <= case.tolerance


def run_layer_test(case: Case) -> None:
    """Builds the layer from Keras's config, and compares shapes, values, gradients, updates; then reads its record
    back, and runs it and its gradients in the interpreter and in WebAssembly."""
    keras_layer = made_by(keras.layers, Inner(case.kind, case.config))
    layer: Layer = getattr(layers, case.kind).from_config(keras_layer.get_config())
    direct = made_by(layers, Inner(case.kind, case.config))
    direct.name = layer.name
    assert direct.attributes() == layer.attributes(), "Keras's config says what the arguments say"

    symbols = [symbol(x.shape[1:], name=f"x{k}", dtype=str(x.dtype)) for k, x in enumerate(case.inputs)]
    args, named = case.arguments(symbols)
    network = Network(symbols, layer(*args, **named))
    (expected, given) = call_keras(keras_layer, case)
    state = state_of(keras_layer, layer, case)
    declared = {path: spec for path, spec in network.state().items() if spec.role in ("parameter", "statistic")}
    assert set(state) == set(declared), f"expected weights {sorted(state)}, got {sorted(declared)}"
    for path, array in state.items():
        assert declared[path].type.shape == array.shape, f"{path}: {declared[path].type}, Keras {array.shape}"
        assert (declared[path].role == "parameter") == is_trainable(keras_layer, layer, path), path
    del expected, given
    state |= initial(network, declared)
    for training in (False, True) if case.training else (False,):
        compare(case, keras_layer, layer, network, state, training)

    record = to_record(network)
    assert to_record(from_record(record)) == record
    round_trips(case, keras_layer, layer, network, state)


def round_trips(case: Case, keras_layer: Any, layer: Layer, network: Network, state: dict[str, np.ndarray]) -> None:
    """Keras's `.keras` file becomes this network with these weights, and ours becomes Keras's layer with them."""
    inputs = [keras.Input(x.shape[1:], name=f"x{k}", dtype=str(x.dtype)) for k, x in enumerate(case.inputs)]
    args, named = case.arguments(inputs)
    model = keras.Model(inputs, keras.tree.flatten(keras_layer(*args, **named)), name=network.name)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        file = read_file(path)
        built = build(file.config, file.at)
        attributes = type(layer).from_config(listed(keras_layer.get_config())).attributes()  # of the built layer
        assert {each.name: each.attributes() for each in built.network.layers}[layer.name] == attributes
        found = weights(file, built.network, order_of(built.orders))
        kept = {path for path, spec in network.state().items() if spec.role in ("parameter", "statistic")}
        assert set(found) == kept
        for name, array in found.items():
            np.testing.assert_array_equal(array, state[name])
        path.write_bytes(keras_archive(network, state))
        back = keras.saving.load_model(path)
    twin = back.get_layer(keras_layer.name)
    assert type(layer).from_config(listed(twin.get_config())).attributes() == attributes
    ours, theirs = dict(keras_variables(twin)), dict(keras_variables(keras_layer))
    assert set(ours) == set(theirs)
    for place, variable in theirs.items():
        np.testing.assert_array_equal(np.asarray(ours[place]), np.asarray(variable))


def listed(config: Any) -> Any:
    """A config with tuples as lists, which is what a file makes of them."""
    if isinstance(config, dict):
        return {key: listed(value) for key, value in config.items()}
    return [listed(each) for each in config] if isinstance(config, list | tuple) else config


def call_keras(keras_layer: Any, case: Case, **options: Any) -> tuple[tuple[Any, ...], Any]:
    """Keras's outputs as a tuple, after which its weights exist."""
    args, named = case.arguments(case.inputs)
    result = keras_layer(*args, **named, **options)
    return tuple(keras.tree.flatten(result)), result


def keras_variables(saveable: Any, place: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, Any]]:
    """(place, variable) of everything that Keras's file of this layer holds, but seeds."""
    from keras.src.saving.keras_saveable import KerasSaveable

    seen = set() if seen is None else seen
    if id(saveable) in seen or isinstance(saveable, keras.random.SeedGenerator):
        return
    seen.add(id(saveable))
    if isinstance(saveable, keras.layers.Layer):
        for number, variable in enumerate(saveable._trainable_variables + saveable._non_trainable_variables):
            yield f"{place}vars/{number}", variable
    for name, child in _walk_saveable(saveable):
        if isinstance(child, KerasSaveable):
            yield from keras_variables(child, f"{place}{name}/", seen)
        elif isinstance(child, (list, tuple)) and all(isinstance(each, KerasSaveable) for each in child):
            used: dict[str, int] = {}
            for each in child:
                kind = keras.src.utils.naming.to_snake_case(type(each).__name__)
                used[kind] = used.get(kind, -1) + 1
                folder = f"{kind}_{used[kind]}" if used[kind] else kind
                yield from keras_variables(each, f"{place}{name}/{folder}/", seen)


def paired(keras_layer: Any, layer: Layer) -> dict[str, Any]:
    """Keras's variables under our paths."""
    theirs, ours = dict(keras_variables(keras_layer)), dict(saved_variables(layer, str(layer.name)))
    assert set(theirs) == set(ours), f"places in a Keras file: expected {sorted(theirs)}, got {sorted(ours)}"
    return {ours[place]: variable for place, variable in theirs.items()}


def is_trainable(keras_layer: Any, layer: Layer, path: str) -> bool:
    """Whether Keras would train the variable, were the layer not frozen."""
    return paired(keras_layer, layer)[path]._trainable or not keras_layer.trainable


def state_of(keras_layer: Any, layer: Layer, case: Case) -> dict[str, np.ndarray]:
    """The weights of a built Keras layer under our paths; Keras fills them with random numbers first."""
    rng = np.random.default_rng(3)
    state = {}
    for path, variable in paired(keras_layer, layer).items():
        low = 0.5 if "variance" in path else -1.0
        chosen = case.weights.get(path.rpartition("/")[2])
        if "float" in variable.dtype:
            variable.assign(rng.uniform(low, 1.5, variable.shape).astype("float32") if chosen is None else chosen)
        state[path] = np.asarray(variable)
    if hasattr(keras_layer, "adapt_mean"):  # Normalization keeps copies
        keras_layer.finalize_state()
    return state


def initial(network: Network, known: Any) -> dict[str, np.ndarray]:
    """What else the network reads, rates or tables say, as it begins."""
    rest = {path: weight for path, weight in network.weight_table().items() if path not in known}
    _, begun = evaluate_graph(initialize(rest, {}), {"seed": np.array([1, 2], "uint32")})
    return begun | {"seed/key": np.array([1, 2], "uint32"), "seed/step": np.array(0, "int32")}


def compare(
    case: Case, keras_layer: Any, layer: Layer, network: Network, state: dict[str, np.ndarray], training: bool
) -> None:
    """Values, masks, penalties, gradients, updates of statistics: Keras, references, interpreter, WebAssembly."""
    import jax

    variables = paired(keras_layer, layer)
    trained = [path for path in variables if any(variables[path] is v for v in keras_layer.trainable_variables)]
    floats = [k for k, x in enumerate(case.inputs) if x.dtype == "float32"]
    options = {"training": training} if keras_layer._call_has_training_arg else {}
    order = [next(path for path in variables if variables[path] is v) for v in keras_layer.trainable_variables]
    free = keras_layer.non_trainable_variables
    rest = [v.value for v in free]

    def call(weights, given):
        xs = [given[floats.index(k)] if k in floats else x for k, x in enumerate(case.inputs)]
        by_order = [weights[trained.index(path)] for path in order]
        for x, mask in zip(xs, case.masks, strict=False):
            if mask is not None:
                keras.src.backend.set_keras_mask(x, mask)
        args, named = case.arguments(xs)
        values = zip(keras_layer.trainable_variables + free, by_order + rest, strict=True)
        with keras.StatelessScope(list(values), collect_losses=True) as scope:  # as stateless_call, but with masks
            sample = keras_layer(*args, **named, **options)
            penalty = sum(keras_layer.losses)
        updated = [v.value if (new := scope.get_current_value(v)) is None else new for v in free]
        ys = tuple(keras.tree.flatten(sample))
        return ys, (updated, [keras.src.backend.get_keras_mask(y) for y in ys], penalty)

    weights, given = [state[path] for path in trained], [case.inputs[k] for k in floats]
    shapes = jax.eval_shape(call, weights, given)[0]
    rng = np.random.default_rng(4)
    factors = [rng.normal(size=s.shape).astype("float32") if s.dtype == np.float32 else None for s in shapes]

    def total(weights, given):
        sample, rest = call(weights, given)
        parts = [(y * g).sum() for y, g in zip(sample, factors, strict=True) if g is not None]
        return sum(parts), (sample, rest)

    with_gradients = case.gradients and any(g is not None for g in factors) and bool(trained or floats)
    differentiate = jax.jit(jax.grad(total, (0, 1), has_aux=True))
    if with_gradients:
        gradients, (sample, (updated, masks, penalty)) = differentiate(weights, given)
    else:
        gradients, (sample, (updated, masks, penalty)) = ((), ()), jax.jit(call)(weights, given)

    graph = recorded(case, network, trained if with_gradients else None, factors, training)
    arrays = {f"x{k}": x for k, x in enumerate(case.inputs)}
    arrays |= {f"g{k}": g for k, g in enumerate(factors) if g is not None and with_gradients}
    arrays |= {f"m{k}": mask for k, mask in enumerate(case.masks) if mask is not None}
    found, writes = evaluate_graph(graph, arrays, {path: state[path] for path in graph.state})

    assert error(found["penalty"], penalty) <= case.tolerance, "what regularizers add to the loss"
    for k, (theirs, mask) in enumerate(zip(sample, masks, strict=True)):
        assert is_close(found[f"y{k}"], theirs, case), f"output {k}, training={training}"
        assert (f"mask{k}" in found) == (mask is not None), f"expected a mask of output {k}: {mask is not None}"
        if mask is not None:
            np.testing.assert_array_equal(found[f"mask{k}"], mask)
    if with_gradients:
        names = [*(f"d {path}" for path in trained), *(f"d x{k}" for k in floats)]
        ours, theirs = [found[name] for name in names], jax.tree.leaves(gradients)
        errors = np.array([error(*pair) for pair in zip(ours, theirs, strict=True)])
        if np.any(errors > 10 * case.tolerance):
            errors -= blur(lambda *at: jax.tree.leaves(differentiate(*at)[0]), weights, given)
        for name, each in zip(names, errors, strict=True):
            assert each <= 10 * case.tolerance, f"gradient: {name}, training={training}"
    fixed = {id(v): new for v, new in zip(free, updated, strict=True)}
    for path, variable in variables.items():
        if id(variable) in fixed:
            new = writes.get(path, state[path])
            assert error(new, fixed[id(variable)]) <= case.tolerance, f"update of {path}, training={training}"
    descend(graph, arrays, state, found, writes)


def recorded(
    case: Case, network: Network, trained: list[str] | None, factors: list[np.ndarray | None], training: bool
) -> Graph:
    """The graph of the outputs and, for the weights `trained`, of the gradients of their sum weighted by factors."""
    context = Context(training=training)
    bounds = {"batch": len(case.inputs[0])}
    values = {name: apply(Input(name, bounded(type, bounds))) for name, type in network.input_types().items()}
    inputs = list(values.values())
    for k, mask in enumerate(case.masks):
        if mask is not None:
            x = inputs[k]
            context.masks[x] = apply(Input(f"m{k}", Type("bool", (x.shape[0], *mask.shape[1:]))))
    inputs += context.masks.values()
    ys = list(network.trace(values, context).values())
    outputs: dict[str, Value] = {f"y{k}": y for k, y in enumerate(ys)}
    outputs["penalty"] = sum(penalties(network, context), fn.zeros(()))
    outputs |= {f"mask{k}": context.masks[y] for k, y in enumerate(ys) if y in context.masks}
    if trained is not None:
        total = fn.zeros(())
        for k, (y, factor) in enumerate(zip(ys, factors, strict=True)):
            if factor is not None:
                g = apply(Input(f"g{k}", y.type))
                inputs.append(g)
                total = total + fn.sum(y * g)
        types = {path: spec.type for path, spec in network.state().items()}
        outputs |= {f"d {path}": fn.gradient(total, context.absolute(path, types[path])) for path in trained}
        outputs |= {f"d {name}": fn.gradient(total, x) for name, x in values.items() if x.dtype == "float32"}
    return Graph(tuple(inputs), outputs, context.updates)


def descend(graph: Graph, arrays: dict, state: dict, found: dict, writes: dict) -> None:
    """The interpreter and WebAssembly give what the references gave."""
    from fanlight.ir.module import StateSpec

    module = Module({"f": graph}, {name: StateSpec(type) for name, type in graph.state.items()})
    compiled = compile(module)
    known = {name: state[name] for name in module.state}
    walked, _ = interpret(compiled.module.functions["f"], arrays, known)
    engine = WasmEngine(compiled.program, compiled.code)
    engine.set_state(known)
    ran = engine.call("f", arrays)
    after = engine.state()
    for name, value in found.items():
        interpreted = np.asarray(walked[name].nested()) if hasattr(walked[name], "nested") else np.asarray(walked[name])
        assert error(interpreted.reshape(value.shape), value) <= RUNGS, f"interpreter, {name}"
        assert error(ran[name], value) <= RUNGS, f"WebAssembly, {name}"
    for name, value in writes.items():
        assert error(after[name], value) <= RUNGS, f"WebAssembly, state {name}"
