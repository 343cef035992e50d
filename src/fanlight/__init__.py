"""Fanlight: Python models compiled into web pages that run them and go on training them.

The table of contents: which public name lives in which module. A name is imported when it is first used, so
`import fanlight` loads nothing else. Array functions (`fl.mean`, `fl.where`, ...) are those of ops/functions.py.
"""

from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"

# Public modules, used as fl.layers.Dense, and where each lies.
MODULES = {
    "datasets": "fanlight.datasets",
    "errors": "fanlight.errors",
    "layers": "fanlight.layers",
    "losses": "fanlight.training.losses",
    "metrics": "fanlight.training.metrics",
    "optimizers": "fanlight.training.optimizers",
}

# Public names and the module that each comes from.
NAMES = {
    # Models
    "Model": "fanlight.model",
    "Sequential": "fanlight.model",
    "Input": "fanlight.layers",
    "load": "fanlight.model",
    # Arrays and functions
    "Tensor": "fanlight.tensor",
    "function": "fanlight.tensor",
    "grad": "fanlight.gradients",
    "value_and_grad": "fanlight.gradients",
    "TensorSpec": "fanlight.tracing",
    "export": "fanlight.publishing",
    # Meanings of inputs and outputs
    "Image": "fanlight.layers.meanings",
    "Table": "fanlight.layers.meanings",
    "Classes": "fanlight.layers.meanings",
    "Number": "fanlight.layers.meanings",
    "Drawing": "fanlight.layers.drawing",
    # Pages
    "Page": "fanlight.bundle.page",
}


def _functions() -> ModuleType:
    return import_module("fanlight.ops.functions")


def __getattr__(name: str) -> object:
    """Import the public name `name` on its first use (PEP 562)."""
    if name in MODULES:
        return import_module(MODULES[name])
    if name.startswith("_"):
        raise AttributeError(f"module 'fanlight' has no attribute {name!r}")
    if name in NAMES:
        value = getattr(import_module(NAMES[name]), name)
    elif name in _functions().__all__:
        from fanlight.tensor import lift

        value = lift(getattr(_functions(), name))
    else:
        raise AttributeError(f"module 'fanlight' has no attribute {name!r}; dir(fanlight) lists what it has")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({"__version__", *MODULES, *NAMES, *_functions().__all__})
