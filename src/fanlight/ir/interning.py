"""How can equal things be one object? A table of the immutable nodes that are alive, by what they are made of.

Dims and scalar expressions are compared and hashed all the time; as single objects they compare by identity, however
much they share inside. Knows nothing of what a node means.
"""

from __future__ import annotations

from collections.abc import Hashable
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakValueDictionary

Node = TypeVar("Node")

_alive: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()
_lock = Lock()

find = _alive.get  # find(key): the node made of the same parts, or None


def keep(key: Hashable, node: Node) -> Node:
    """`node` as the one that stands for `key`, or the one that another thread made meanwhile."""
    with _lock:
        known = _alive.get(key)
        if known is not None:
            return known
        _alive[key] = node
        return node
