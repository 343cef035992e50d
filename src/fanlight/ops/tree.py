"""How do arrays in nested tuples, lists and dicts go in and out? Flattened to a list, and put back.

None stands for nothing, as in JAX. Knows nothing of what the leaves are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Tree = Any


def flatten(tree: Tree) -> list[Any]:
    """Every leaf, left to right; dicts by sorted key."""
    if tree is None:
        return []
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in flatten(tree[key])]
    return [leaf for item in tree for leaf in flatten(item)] if isinstance(tree, (tuple, list)) else [tree]


def unflatten(tree: Tree, leaves: Iterator[Any]) -> Tree:
    """A tree like `tree` with other leaves, taken from an iterator in the order of `flatten`."""
    if tree is None:
        return None
    if isinstance(tree, dict):
        found = {key: unflatten(tree[key], leaves) for key in sorted(tree)}
        return {key: found[key] for key in tree}
    if isinstance(tree, (tuple, list)):
        items = [unflatten(item, leaves) for item in tree]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    return next(leaves)


def mapped(tree: Tree, change: Callable[[Any], Any]) -> Tree:
    """The tree with every leaf changed."""
    return unflatten(tree, iter([change(leaf) for leaf in flatten(tree)]))


def shape_of(tree: Tree) -> Any:
    """What two trees have in common that differ in their leaves only; also how it is shown in messages."""
    return mapped(tree, lambda leaf: ...)
