"""Writes docs/layers.md: one row for each layer of Keras and for Fanlight's own; `make bless` does.

In: the layers with their docstrings, the cases and refusals of tests/layers. tests/layers/test_layers_table.py keeps
the file true, and lets no layer of Keras be forgotten.
"""

from __future__ import annotations

import inspect
import re

import keras

from fanlight import layers
from fanlight.layers.base import Layer
from layers.keras_refused import ELSEWHERE, NO_LAYERS, REFUSED

OPENING = """# Layers

Every layer of Keras 3, and what Fanlight adds, as `fl.layers.Name`: names, arguments, defaults and meaning are Keras's,
images have their channels last. This page is written by `make bless` (`tests/layers/layers_table.py`).
`tests/layers/test_layers.py` draws random configurations of each layer and compares outputs, gradients, updated
statistics and its place in a `.keras` file with Keras on JAX, then runs it in the interpreter and in WebAssembly.

| | |
|---|---|
| layers of Keras | {total} |
| of these in Fanlight | {here} |
| other names of these | {aliases} |
| left out, with a reason | {refused} |
| Fanlight's own | {own} |

**Mask**: *passes*: the mask of the input is that of the output; *reads*: the layer itself looks at it, or makes one.
"""


def keras_layers() -> dict[str, type]:
    """Every layer of keras.layers by name."""
    names = (name for name in dir(keras.layers) if isinstance(getattr(keras.layers, name), type))
    return {name: getattr(keras.layers, name) for name in names if name not in NO_LAYERS}


def own_layers() -> dict[str, type[Layer]]:
    """Every layer of fanlight.layers by name."""
    found = {name: getattr(layers, name) for name in dir(layers)}
    kinds = {name: kind for name, kind in found.items() if isinstance(kind, type) and issubclass(kind, Layer)}
    return {name: kind for name, kind in kinds.items() if name not in ("Layer", "Network", "InputLayer")}


def missing() -> list[str]:
    """Layers of Keras that are neither there nor left out with a reason."""
    return sorted(set(keras_layers()) - set(own_layers()) - set(REFUSED))


def untested(cases: set[str]) -> list[str]:
    """Layers under Keras's names that nothing compares."""
    here = set(keras_layers()) & set(own_layers())
    tested = {*cases, *(name for names in ELSEWHERE.values() for name in names)}
    return sorted(name for name in here if own_layers()[name].__name__ not in tested)


def text() -> str:
    """The whole page."""
    theirs, ours = keras_layers(), own_layers()
    here = sorted(name for name in ours if name in theirs and theirs[name].__name__ == name)
    aliases = sorted(name for name in ours if name in theirs and theirs[name].__name__ != name)
    own = sorted(name for name in ours if name not in theirs)
    left_out = sorted(name for name in REFUSED if name not in ours)
    counts = {"total": len(here) + len(left_out), "here": len(here), "aliases": len(aliases)}
    lines = [
        OPENING.format(**counts, refused=len(left_out), own=len(own)),
        "## As in Keras",
        "",
        "| layer | what it gives | mask | differs from Keras |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {sentence(ours[name])} | {mask_of(ours[name])} | {differences(ours[name])} |" for name in here
    ]
    lines += ["", "## Other names", "", "| name | layer |", "|---|---|"]
    lines += [f"| `{name}` | `{ours[name].__name__}` |" for name in aliases]
    lines += ["", "## Left out", "", "| layer | why |", "|---|---|"]
    lines += [f"| `{name}` | {cell(REFUSED[name])} |" for name in left_out]
    lines += ["", "## Fanlight's own", "", "| layer | what it gives |", "|---|---|"]
    lines += [f"| `{name}` | {sentence(ours[name])} |" for name in own]
    return "\n".join(lines) + "\n"


def sentence(kind: type) -> str:
    """The first sentence of the docstring."""
    words = (inspect.getdoc(kind) or "").partition("\n\n")[0]
    return cell(re.split(r"(?<=[.])\s+(?=[A-Z])", words)[0])


def differences(kind: type) -> str:
    """What the docstring says after `Differs:`."""
    found = re.search(r"Differs: (.*?)(\n\n|\Z)", inspect.getdoc(kind) or "", re.DOTALL)
    return cell(found[1][:1].upper() + found[1][1:]) if found else ""


def mask_of(kind: type[Layer]) -> str:
    """What happens to masks."""
    if "masks" in "".join(inspect.getsource(each) for each in kind.__mro__ if each.__module__ not in BASES):
        return "reads"
    return "passes" if kind.supports_masking else ""


BASES = {"fanlight.layers.base", "builtins", "abc"}


def cell(words: str) -> str:
    """Text in one cell of a table."""
    return " ".join(words.split()).replace("|", "\\|")
