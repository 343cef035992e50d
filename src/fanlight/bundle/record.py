"""How is untrusted JSON read? Field by field, each with its kind and bounds.

In: parsed JSON and the place it came from. Out: checked Python values, or a ModelFormatError that says where and what
is off. Knows no format."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from fanlight.errors import ModelFormatError

LONGEST_TEXT = 1 << 20  # characters of one string
MOST_ITEMS = 1 << 20  # entries of one list or object
DEEPEST = 32  # nesting of free-form parts

T = TypeVar("T")
_MISSING: Any = object()


def parse_json(data: bytes, at: str, most_bytes: int) -> Any:
    """The value of JSON text; ModelFormatError where it is too long, not UTF-8, or not JSON."""
    if len(data) > most_bytes:
        raise ModelFormatError(expected=f"at most {most_bytes} bytes", got=len(data), at=at)
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ModelFormatError(expected="JSON", got=f"{type(error).__name__}: {error}", at=at) from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


class Record:
    """A JSON object being read: `record.text("name")`, `record.integer("offset", 0, limit)`."""

    def __init__(self, value: Any, at: str):
        if not isinstance(value, dict):
            raise ModelFormatError(expected="an object", got=_kind(value), at=at)
        if len(value) > MOST_ITEMS:
            raise ModelFormatError(expected=f"at most {MOST_ITEMS} entries", got=len(value), at=at)
        self.value: dict[str, Any] = value
        self.at = at

    def _get(self, key: str, kinds: type | tuple[type, ...], expected: str, default: Any) -> Any:
        found = self.value.get(key, _MISSING)
        if found is _MISSING and default is not _MISSING:
            return default
        if found is _MISSING or not isinstance(found, kinds) or (isinstance(found, bool) and kinds is not bool):
            self.fail(key, expected, "nothing" if found is _MISSING else _kind(found))
        return found

    def fail(self, key: str, expected: str, got: object) -> Any:
        raise ModelFormatError(expected=expected, got=got, at=f"{self.at}.{key}")

    def text(self, key: str, default: Any = _MISSING, pattern: str | None = None) -> str:
        found = self._get(key, str, "text", default)
        if isinstance(found, str):
            if len(found) > LONGEST_TEXT:
                self.fail(key, f"at most {LONGEST_TEXT} characters", len(found))
            if pattern is not None and not re.fullmatch(pattern, found):
                self.fail(key, f"text like {pattern}", repr(found[:80]))
        return found

    def integer(self, key: str, low: int, high: int, default: Any = _MISSING) -> int:
        found = self._get(key, int, "an integer", default)
        if isinstance(found, int) and not low <= found <= high:
            self.fail(key, f"an integer from {low} to {high}", found)
        return found

    def number(self, key: str, default: Any = _MISSING) -> float | int:
        return self._get(key, (int, float), "a number", default)

    def flag(self, key: str, default: Any = _MISSING) -> bool:
        return self._get(key, bool, "true or false", default)

    def one_of(self, key: str, choices: Any) -> str:
        found = self.text(key)
        return found if found in choices else self.fail(key, f"one of {', '.join(choices)}", repr(found[:80]))

    def items(self, key: str, default: Any = _MISSING) -> list[Any]:
        found = self._get(key, list, "a list", default)
        if isinstance(found, list) and len(found) > MOST_ITEMS:
            self.fail(key, f"at most {MOST_ITEMS} entries", len(found))
        return found

    def texts(self, key: str, default: Any = _MISSING) -> tuple[str, ...]:
        found = self.items(key, default)
        for i, item in enumerate(found):
            if not isinstance(item, str) or len(item) > LONGEST_TEXT:
                self.fail(f"{key}[{i}]", "text", _kind(item))
        return tuple(found)

    def records(self, key: str, default: Any = _MISSING) -> Iterator[Record]:
        for i, item in enumerate(self.items(key, default)):
            yield Record(item, f"{self.at}.{key}[{i}]")

    def table(self, key: str, make: Callable[[Record], T], default: Any = _MISSING) -> dict[str, T]:
        """An object whose values are all records."""
        found = Record(self._get(key, dict, "an object", default), f"{self.at}.{key}")
        return {name: make(Record(item, f"{found.at}.{name[:80]}")) for name, item in found.value.items()}

    def free(self, key: str, default: Any = None) -> Any:
        """Any JSON, nested at most DEEPEST deep."""
        found = self.value.get(key, default)
        _check_depth(found, f"{self.at}.{key}", DEEPEST)
        return found


def _check_depth(value: Any, at: str, left: int) -> None:
    if isinstance(value, dict | list):
        if left == 0:
            raise ModelFormatError(expected=f"at most {DEEPEST} levels", got="more", at=at)
        for item in value.values() if isinstance(value, Mapping) else value:
            _check_depth(item, at, left - 1)


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__
