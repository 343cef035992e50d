"""How is an attribute written as JSON, and read back? And which keys of a Keras config may be left out?

Records (meanings, initializers) become `{"class_name", "config"}` as in Keras. Knows no layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

# Keys of Keras's configs that say how a layer was made or saved, and not what it computes.
IGNORED = {"dtype", "sparse", "ragged", "registered_name", "build_config", "synchronized", "batch_shape", "optional"}
IGNORED |= {"renorm_momentum", "autocast", "ragged_rank"}


def is_default(key: str, value: Any) -> bool:
    """Whether leaving out this key of a Keras config changes nothing: it is off, or float32."""
    if value is None or value is False:
        return True
    if key == "dtype":
        return (value.get("config", {}).get("name") if isinstance(value, Mapping) else value) == "float32"
    return key in IGNORED


def plain(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's numbers and tuples, which records can hold; all else as it is."""
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    return from_json(value.tolist()) if hasattr(value, "tolist") else value


def to_json(value: Any) -> Any:
    """An attribute as JSON has it."""
    if isinstance(value, tuple | list):
        return [to_json(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): to_json(each) for key, each in value.items()}
    if hasattr(value, "from_config"):  # a layer inside a layer
        from fanlight.layers.registered import class_name

        return {"class_name": class_name(value), "config": value.attributes()}
    if is_dataclass(value) and not isinstance(value, type):
        config = {each.name: to_json(getattr(value, each.name)) for each in fields(value)}
        return {"class_name": type(value).__name__, "config": config}
    return value


def from_json(value: Any) -> Any:
    """Lists as tuples, which is what attributes hold; records stay as they are for whoever knows their class."""
    if isinstance(value, Mapping):
        return {key: from_json(each) for key, each in value.items()}
    return tuple(from_json(each) for each in value) if isinstance(value, list) else value
