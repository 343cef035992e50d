"""How is an initializer, a regularizer or a constraint found? By a name, by a record, or as itself.

Records are `{"class_name", "config"}`, ours or Keras's. Knows no single one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from fanlight.errors import UnknownNameError, UnsupportedOp


def find(what: str, identifier: Any, kinds: Mapping[str, type], named: Mapping[str, Any]) -> Any:
    """What `identifier` says: None, something made of one of `kinds`, a name in `named`, or a record.

    Raises UnknownNameError for a name that is in neither table, UnsupportedOp for attributes that its class lacks.
    """
    if identifier is None or isinstance(identifier, tuple(kinds.values())):
        return identifier
    if isinstance(identifier, Mapping):
        name, config = str(identifier.get("class_name")), dict(identifier.get("config") or {})
        if name in kinds:
            known = {each.name for each in fields(kinds[name])}
            if unknown := sorted(set(config) - known):
                raise UnsupportedOp(f"{what} {name!r}", expected=f"only {sorted(known)}", got=unknown)
            return kinds[name](**config)
        identifier = name
    if isinstance(identifier, str) and identifier in named:
        return named[identifier]
    known = ", ".join([*named, *(each for each in kinds if each not in named)])
    raise UnknownNameError(what, expected=f"one of {known}", got=repr(identifier))
