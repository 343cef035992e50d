"""How does an attribute hold another layer? As the layer, or as the record of one: `{"class_name", "config"}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanlight.errors import UnsupportedOp
from fanlight.layers.base import Layer


def layer_from(given: Any, owner: Layer) -> Layer:
    """The layer that an attribute of `owner` gives. Raises UnsupportedOp for a layer that does not exist."""
    from fanlight.layers import LAYERS, Network

    if isinstance(given, Layer):
        return given
    if not isinstance(given, Mapping) or "class_name" not in given:
        raise TypeError(f"{owner.label}: expected a layer, got {given!r}")
    kinds: dict[str, type[Layer]] = {**LAYERS, "Network": Network}
    if given["class_name"] not in kinds:
        raise UnsupportedOp(owner.label, expected=f"a layer among {', '.join(kinds)}", got=given["class_name"])
    return kinds[given["class_name"]].from_config(given["config"])
