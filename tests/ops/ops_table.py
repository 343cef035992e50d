"""Writes docs/ops.md: one row for each function of keras.ops and for Fanlight's own; `make bless` does.

In: the public functions with their docstrings, and the cases and refusals of tests/ops. What a row says of gradients is
read off the graph that differentiation gives for the cases; tests/ops/test_ops_table.py keeps the file true.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

import fanlight as fl
from fanlight.errors import FanlightError
from fanlight.ir.graph import Graph, Input, Value, topological
from fanlight.ir.types import is_float
from fanlight.ops import functions
from fanlight.passes.differentiate import differentiate
from fanlight.passes.simplify import simplify
from ops.keras_cases import all_cases
from ops.keras_refused import ELSEWHERE, REFUSED
from ops.keras_traces import arrays_in, found_in, traced, weighted

OPENING = """# Functions

Every function of `keras.ops` and `keras.ops.image` (Keras 3), and what Fanlight adds. `fl.name` takes tensors, NumPy
arrays, lists and numbers; inside `fl.function`, layers and exported functions it becomes part of the compiled program.
This page is written by `make bless` (`tests/ops/ops_table.py`); `tests/ops/test_keras_ops.py` compares each row with
Keras on JAX: values, shapes, dtypes and gradients.

| | |
|---|---|
| functions of Keras | {total} |
| of these in Fanlight | {here} |
| left out, with a reason | {refused} |
| with a gradient | {smooth} |
| Fanlight's own | {own} |

**Gradient**: *yes*; *zero*: the result jumps or is no float, and no gradient flows; *none*: there is nothing to
differentiate with respect to. **Targets**: *all* is WebAssembly with plain and with relaxed SIMD, each for one thread
and for several. Dtypes are promoted as in Keras 3; float64 becomes float32.
"""


def text() -> str:
    """The whole page."""
    cases = all_cases()
    here = sorted({*cases, *ELSEWHERE})
    own = sorted({*functions.__all__} - {name.partition(".")[0] for name in here} - {*here})
    gradients = {name: ELSEWHERE.get(name) or gradient_of(name, cases[name]) for name in here}
    totals = {
        "total": len(here) + len(REFUSED),
        "here": len(here),
        "refused": len(REFUSED),
        "smooth": sum(found == "yes" for found in gradients.values()),
        "own": len(own),
    }
    lines = [
        OPENING.format(**totals),
        "## As in Keras",
        "",
        "| function | gradient | targets | differs from Keras |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{name}` | {gradients[name]} | all | {differences(function_of(name))} |" for name in here]
    lines += ["", "## Left out", "", "| function | why |", "|---|---|"]
    lines += [f"| `{name}` | {cell(reason)} |" for name, reason in sorted(REFUSED.items())]
    lines += ["", "## Fanlight's own", "", "| function | what it gives |", "|---|---|"]
    lines += [f"| `{name}` | {cell(first_sentence(function_of(name)))} |" for name in own]
    return "\n".join(lines) + "\n"


def function_of(name: str) -> Any:
    """The function behind a name, with its docstring."""
    return found_in(fl if name in ELSEWHERE else functions, name)


def differences(function: Any) -> str:
    """What the docstring says after `Differs:`."""
    found = re.search(r"Differs: (.*?)(\n\n|\Z)", inspect.getdoc(function) or "", re.DOTALL)
    if not found:
        return ""
    words = cell(found[1])
    return words[:1].upper() + words[1:] if words.partition(" ")[0].isalpha() else words


def first_sentence(function: Any) -> str:
    return (inspect.getdoc(function) or "").partition("\n\n")[0]


def cell(words: str) -> str:
    """Text in one cell of a table."""
    return " ".join(words.split()).replace("|", "\\|")


def gradient_of(name: str, cases: list[Any]) -> str:
    """What flows back through the first case of a function that has floats."""
    first = next((case for case in cases if any(x.dtype == "float32" for x in arrays_in(case))), None)
    return "none" if first is None else cell(_gradient(name, first))


def _gradient(name: str, case: Any) -> str:
    try:
        graph, results = traced(name, case, always=True)
        floats = [y for y in results if isinstance(y, Value) and is_float(y.dtype)]
        wanted = {key: value for key, value in graph.outputs.items() if key[0] == "g"}
        if not floats:
            return "zero" if any(isinstance(y, Value) for y in results) else "none"
        slopes = simplify(differentiate(weighted(Graph(graph.inputs, wanted))))
    except (FanlightError, NotImplementedError) as problem:  # the second is what a loop without a gradient raises
        return f"no: {problem}"
    needed = topological(slopes.roots)
    return "yes" if any(isinstance(v.op, Input) and v.op.label[0] == "w" for v in needed) else "zero"
