"""In what is a layer traced? The state that it reads and updates, where random keys come from, whether it trains.

In: paths relative to the layer that is being traced. Out: state Values, updates of statistics, keys. Knows no layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from zlib import crc32

from fanlight.errors import CompileError
from fanlight.ir.graph import State, Value, apply
from fanlight.ir.types import Type
from fanlight.ops import functions as fn

KEY, STEP = "seed/key", "seed/step"
KEY_TYPE, STEP_TYPE = Type("uint32", (2,)), Type("int32", ())


class Context:
    """One trace of a network: what was read, what is to be written.

    `training` is Keras's argument of that name. `updates` collects the new values of statistics by path;
    `replaced` weights that a layer changes before a step, which is taken from there. `logits`
    maps a value to (activation, what it was applied to), so that a loss can use the stable form. `masks` maps a value
    to which of its steps count, bool `[batch, time]` for `[batch, time, ...]`. `losses` are scalars that training
    adds to the loss.
    """

    def __init__(self, training: bool = False):
        self.training = training
        self.states: dict[str, Value] = {}
        self.updates: dict[str, Value] = {}
        self.replaced: dict[str, Value] = {}
        self.logits: dict[Value, tuple[str, Value]] = {}
        self.masks: dict[Value, Value] = {}
        self.losses: list[Value] = []
        self.is_random = False
        self._scope: list[str] = []
        self._draws: dict[str, int] = {}

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Paths inside are relative to the layer `name`."""
        self._scope.append(name)
        try:
            yield
        finally:
            self._scope.pop()

    @contextmanager
    def mode(self, training: bool | None) -> Iterator[None]:
        """Inside, `training` is this; None leaves it as it is."""
        before = self.training
        self.training = before if training is None else bool(training)
        try:
            yield
        finally:
            self.training = before

    def path(self, name: str) -> str:
        """`conv2d/kernel`: the full name of a state array of the current layer; the layer's own for an empty name."""
        return "/".join([*self._scope, *([name] if name else [])])

    def absolute(self, path: str, type: Type) -> Value:
        """The state array of that full name, as it was when the function was entered; always the same Value."""
        if path not in self.states:
            self.states[path] = apply(State(path, type))
        if self.states[path].type != type:
            raise CompileError(f"state {path!r}", expected=self.states[path].type, got=type)
        return self.states[path]

    def trained(self, path: str, type: Type) -> Value:
        """The weight of that full name as this step begins with it: as it was, or as a layer replaced it."""
        return self.replaced[path] if path in self.replaced else self.absolute(path, type)

    def replace(self, name: str, value: Value) -> None:
        """Let this step begin with `value` as the weight `name` of the current layer."""
        self.replaced[self.path(name)] = value

    def is_replaced(self, name: str) -> bool:
        """Whether the current layer's weight `name` was replaced in this step."""
        return self.path(name) in self.replaced

    def state(self, name: str, type: Type) -> Value:
        """The state array `name` of the current layer."""
        return self.trained(self.path(name), type)

    def current(self, name: str, type: Type) -> Value:
        """As `state`, but with an update made earlier in this trace, as where a layer is shared."""
        path = self.path(name)
        return self.updates[path] if path in self.updates else self.state(name, type)

    def update(self, name: str, value: Value) -> None:
        """Let `value` be the content of the state array `name` after this step."""
        self.updates[self.path(name)] = value

    def add_loss(self, value: Value) -> None:
        """Let training minimise this scalar too."""
        self.losses.append(value)

    def random_key(self, seed: int | None = None) -> Value:
        """A key (uint32[2]) that differs from step to step, from layer to layer and from draw to draw, and depends on
        nothing else: not on the other layers, nor on the order in which they are traced. `seed` takes the place of
        the layer's path."""
        path = self.path("") if seed is None else f"seed {seed}"
        draw = self._draws[path] = self._draws.get(path, -1) + 1
        self.is_random = True
        key = fn.random_fold_in(self.absolute(KEY, KEY_TYPE), self.absolute(STEP, STEP_TYPE))
        return fn.random_fold_in(fn.random_fold_in(key, crc32(path.encode())), draw)
