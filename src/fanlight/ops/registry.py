"""Which ops are there? Every row of this room by name; the leaves (inputs, constants, ...) are in `ir.graph`."""

from __future__ import annotations

from importlib import import_module

from fanlight.ir.graph import Op

MODULES = (
    "elementwise",
    "transcendental",
    "trigonometric",
    "hyperbolic",
    "special",
    "power",
    "comparison",
    "bitwise",
    "fixed",
    "reduce",
    "movement",
    "padding",
    "matmul",
    "contraction",
    "conv",
    "depthwise",
    "pool",
    "fold",
    "roots",
    "gather",
    "scatter",
    "prefix",
    "sort",
    "dynamic",
    "threefry",
    "loop",
    "batched",
)


def all_ops() -> dict[str, type[Op]]:
    """Op name -> class, in the order in which the files define them."""
    found: dict[str, type[Op]] = {}
    for module in MODULES:
        name = f"{__package__}.{module}"
        for each in vars(import_module(name)).values():
            if isinstance(each, type) and issubclass(each, Op) and each.__module__ == name and each.name:
                if each.name in found:
                    raise ValueError(f"two ops are called {each.name!r}: {found[each.name]!r} and {each!r}")
                found[each.name] = each
    return found
