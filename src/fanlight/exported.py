"""What is left of exported functions in Python? `fl.load` gives them back with their state, as a page has them.

In: a module, and how its state was nested. Out: an object whose functions are called by name. Knows no files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanlight.compiler import compile
from fanlight.content import engine_of
from fanlight.errors import ModelFormatError
from fanlight.ir.module import Module


class Functions:
    """Functions that `fl.export` wrote, and their state.

    >>> site = fl.load("site/", weights="learnt.safetensors")
    >>> site.call("predict", {"x": x})["y"]
    >>> state = site.state  # nested as it was exported: `step(state, x, y)` goes on from here
    """

    def __init__(self, name: str, module: Module, nesting: Any = None):
        self.name, self.nesting = name, nesting
        if sorted(paths(nesting)) != sorted(module.state):
            expected, got = sorted(module.state), sorted(paths(nesting))
            raise ModelFormatError("the nesting of the state", expected=expected, got=got, at=name)
        compiled = compile(module)
        self.engine = engine_of(compiled.program, compiled.code)

    @property
    def functions(self) -> list[str]:
        """The names that `call` takes."""
        return list(self.engine.program.procedures)

    def call(self, name: str, inputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Runs one function; what it writes is in the state afterwards."""
        return self.engine.call(name, inputs or {})

    @property
    def state(self) -> Any:
        """The state's arrays, nested as they were exported."""
        return filled(self.nesting, self.engine.state())

    def weights(self) -> dict[str, Any]:
        """The state's arrays by path, such as "dense/kernel"."""
        return self.engine.state()

    def set_weights(self, arrays: Mapping[str, Any]) -> None:
        """Replaces state arrays by path; names, shapes and dtypes are checked before anything changes."""
        self.engine.set_state(arrays)

    def __repr__(self) -> str:
        return f"<Functions {self.name!r}: {', '.join(self.functions)}>"


def nesting_of(tree: Any, path: str = "") -> Any:
    """The tree with each array's path in its place, as JSON has it: `{"dense": {"kernel": "dense/kernel"}}`."""
    if isinstance(tree, Mapping):
        return {str(key): nesting_of(item, f"{path}/{key}" if path else str(key)) for key, item in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [nesting_of(item, f"{path}/{k}" if path else str(k)) for k, item in enumerate(tree)]
    return None if tree is None else path or "state"


def paths(nesting: Any) -> list[str]:
    if isinstance(nesting, (dict, list)):
        items = nesting.values() if isinstance(nesting, dict) else nesting
        return [path for item in items for path in paths(item)]
    return [] if nesting is None else [str(nesting)]


def filled(nesting: Any, arrays: Mapping[str, Any]) -> Any:
    """The nesting with arrays in the place of their paths."""
    if isinstance(nesting, dict):
        return {key: filled(item, arrays) for key, item in nesting.items()}
    if isinstance(nesting, list):
        return [filled(item, arrays) for item in nesting]
    return None if nesting is None else arrays[nesting]
