"""How does an attribute hold another layer? As the layer, or as the record of one: `{"class_name", "config"}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanlight.layers.base import Layer
from fanlight.layers.registered import class_named


def layer_from(given: Any, owner: Layer) -> Layer:
    """The layer that an attribute of `owner` gives. Raises UnsupportedOp for a layer that does not exist."""
    if isinstance(given, Layer):
        return given
    if not isinstance(given, Mapping) or "class_name" not in given:
        raise TypeError(f"{owner.label}: expected a layer, got {given!r}")
    return class_named(given["class_name"], owner.label).from_config(given["config"])
