"""Fanlight: Python models compiled into web pages that run them and go on training them.

The table of contents: which public name lives in which module. A name is imported when it is first used, so
`import fanlight` loads nothing else. Array functions (`fl.mean`, `fl.where`, ...) are those of ops/functions.py.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors, which do not run __getattr__; array functions take and give tensors there: Any
    from fanlight import callbacks as callbacks
    from fanlight import datasets as datasets
    from fanlight import errors as errors
    from fanlight import layers as layers
    from fanlight.bundle.page import Page as Page
    from fanlight.gradients import grad as grad
    from fanlight.gradients import value_and_grad as value_and_grad
    from fanlight.layers import Input as Input
    from fanlight.layers.drawing import Drawing as Drawing
    from fanlight.layers.meanings import Classes as Classes
    from fanlight.layers.meanings import Image as Image
    from fanlight.layers.meanings import Number as Number
    from fanlight.layers.meanings import Table as Table
    from fanlight.layers.registered import register as register
    from fanlight.live_keras import from_keras as from_keras
    from fanlight.live_onnx import from_sklearn as from_sklearn
    from fanlight.live_onnx import from_torch as from_torch
    from fanlight.loading import load as load
    from fanlight.model import Model as Model
    from fanlight.model import Sequential as Sequential
    from fanlight.ops import image as image
    from fanlight.publishing import export as export
    from fanlight.tensor import Tensor as Tensor
    from fanlight.tensor import convert_to_numpy as convert_to_numpy
    from fanlight.tensor import function as function
    from fanlight.tensor import is_tensor as is_tensor
    from fanlight.tracing import TensorSpec as TensorSpec
    from fanlight.training import losses as losses
    from fanlight.training import metrics as metrics
    from fanlight.training import optimizers as optimizers

__version__ = "0.1.0"

# Public modules, used as fl.layers.Dense, and where each lies.
MODULES = {
    "callbacks": "fanlight.callbacks",
    "datasets": "fanlight.datasets",
    "errors": "fanlight.errors",
    "image": "fanlight.ops.image",
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
    "load": "fanlight.loading",
    "from_keras": "fanlight.live_keras",
    "from_torch": "fanlight.live_onnx",
    "from_sklearn": "fanlight.live_onnx",
    "register": "fanlight.layers.registered",
    # Arrays and functions
    "Tensor": "fanlight.tensor",
    "function": "fanlight.tensor",
    "convert_to_numpy": "fanlight.tensor",
    "is_tensor": "fanlight.tensor",
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

# In a browser's Python models are awaited, and the page's runtime holds them.
PAGE_NAMES = dict.fromkeys(("Model", "Sequential"), "fanlight.page_model")
if sys.platform == "emscripten":
    NAMES |= PAGE_NAMES


def _functions() -> ModuleType:
    return import_module("fanlight.ops.functions")


def __getattr__(name: str) -> Any:
    """Import the public name `name` on its first use (PEP 562)."""
    if name in MODULES and not MODULES[name].startswith("fanlight.ops."):
        return import_module(MODULES[name])
    if name.startswith("_"):
        raise AttributeError(f"module 'fanlight' has no attribute {name!r}")
    if name in MODULES:
        from fanlight.tensor import lift_module

        value = lift_module(import_module(MODULES[name]))
    elif name in NAMES:
        value = getattr(import_module(NAMES[name]), name)
    elif name in _functions().__all__:
        from fanlight.tensor import lift

        value = lift(getattr(_functions(), name))
    else:
        from difflib import get_close_matches

        close = get_close_matches(name.lower(), {each.lower(): each for each in __dir__()}, 1)
        meant = [each for each in __dir__() if each.lower() in close]
        do = f"did you mean fl.{meant[0]}?" if meant else "dir(fanlight) lists what it has"
        raise AttributeError(f"module 'fanlight' has no attribute {name!r}; {do}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({"__version__", *MODULES, *NAMES, *_functions().__all__})
