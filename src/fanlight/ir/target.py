"""What can a code generator spell, and what are its limits? Data given to the lowering, which never asks for a name."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Target:
    """One code generator's abilities: `spelled` are the rows of SCALARS that it writes; the rest is decomposed."""

    name: str
    variant: str
    spelled: frozenset[str]
    lanes: int = 4  # float32 elements of a vector register
    fused: bool = False  # a*b + c may be one rounding
    tile: tuple[int, int] = (4, 8)  # rows x columns of a matrix product held in registers
    limits: dict[str, int] = field(default_factory=dict, hash=False)
