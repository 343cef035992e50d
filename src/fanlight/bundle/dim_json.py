"""How is an axis length written in JSON? A number, or terms [[coefficient, name, ...], ...]; and read back, bounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanlight.errors import CompileError, ModelFormatError
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike, Size

MOST_BYTES = 1 << 32  # address space of wasm32


def dim_to_json(extent: DimLike) -> Any:
    """A number, or terms [[coefficient, name, ...], ...]: 2*batch + 1 -> [[2, "batch"], [1]]."""
    if isinstance(extent, int):
        return extent
    terms: list[list[Any]] = []
    for product, coefficient in extent.terms:
        sizes = [atom.name for atom in product if isinstance(atom, Size)]
        if len(sizes) < len(product):
            raise CompileError(expected="sums of products of sizes", got=extent, at="the shape of an input or output")
        terms.append([coefficient, *sizes])
    return terms


def dim_from_json(value: Any, sizes: Mapping[str, Size], at: str) -> DimLike:
    """The dim that `dim_to_json` wrote; every name is one of `sizes`."""
    if isinstance(value, int) and not isinstance(value, bool):
        total: DimLike = value
    elif isinstance(value, list) and 0 < len(value) <= 64:
        total = 0
        for term in value:
            if (
                not isinstance(term, list)
                or not 0 < len(term) <= 9
                or type(term[0]) is not int
                or abs(term[0]) > MOST_BYTES
            ):
                raise ModelFormatError(expected="a term [coefficient, name, ...]", got=str(term)[:80], at=at)
            product: DimLike = term[0]
            for name in term[1:]:
                if not isinstance(name, str) or name not in sizes:
                    raise ModelFormatError(expected=f"one of the sizes {sorted(sizes)}", got=str(name)[:80], at=at)
                product = product * Dim.of(sizes[name])
            total = total + product
    else:
        raise ModelFormatError(expected="a length or a list of terms", got=str(value)[:80], at=at)
    low, high = dims.bounds(total)
    if low < 0 or high > MOST_BYTES:
        raise ModelFormatError(expected=f"a length from 0 to {MOST_BYTES}", got=f"{low} to {high}", at=at)
    return total
