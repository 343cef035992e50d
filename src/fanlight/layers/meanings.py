"""What do inputs and outputs mean? What the model sees of images, tables, classes, and how the raw form becomes that.

A meaning is a record that goes into the manifest; page, types and form fields derive from it. `prepare` is graph
code, so that Python, page and Node agree to the bit. Drawings are in `drawing`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from fanlight.errors import ShapeError, StorageError, UnknownNameError
from fanlight.ir.graph import Value
from fanlight.ir.types import Shape, Type
from fanlight.layers.config import from_json
from fanlight.ops import functions as fn


@dataclass(frozen=True)
class Meaning:
    """What the rows of an input or output stand for. Shapes are those of one row, without the batch axis."""

    kind: ClassVar[str] = ""

    @property
    def shape(self) -> Shape:
        """The shape of one row as the model sees it."""
        raise NotImplementedError(f"{type(self).__name__} has no shape")

    @property
    def dtype(self) -> str:
        """The dtype that the model sees."""
        return "float32"

    @property
    def raw(self) -> Type | None:
        """The type of one row before `prepare`; None where the model sees rows as they come."""
        return None

    def prepare(self, value: Value) -> Value:
        """From raw rows `[batch, ...]` to what the model sees, as graph code."""
        return value

    def takes_raw(self, dtype: str) -> bool:
        """Whether an input of this dtype takes raw rows as they are, although `prepare` would give another one."""
        return False

    def to_manifest(self) -> dict[str, Any]:
        raise NotImplementedError(f"{type(self).__name__} has no to_manifest")


# What goes with well-known weights, as in keras.applications.imagenet_utils: (order, divided by 255, mean, std).
PRESETS: dict[str, tuple[str, bool, tuple[float, ...], tuple[float, ...]]] = {
    "unit": ("rgb", True, (0.0,), (1.0,)),  # 0 .. 1
    "tf": ("rgb", False, (127.5,), (127.5,)),  # -1 .. 1
    "torch": ("rgb", True, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "caffe": ("bgr", False, (103.939, 116.779, 123.68), (1.0,)),
}
FITS = ("crop", "pad", "stretch")


@dataclass(frozen=True)
class Image(Meaning):
    """A picture of `[height, width, channels]`, channels last.

    Raw pixels are uint8, 0 to 255, red first. The model sees float32: the same numbers if nothing else is said, as in
    Keras; with `mean` or `std` (a number, or one for each channel) it sees (pixel / 255 - mean) / std; `preset` is
    one of "unit" (0 to 1), "tf" (-1 to 1), "torch", "caffe". `order` is that of the channels, "rgb" or "bgr"; mean
    and std follow it. `fit` says how a picture of another size becomes one of this size: its middle ("crop"), all of
    it with a border ("pad"), or all of it out of proportion ("stretch").

    `fl.Input(fl.Image(224, 224), dtype="uint8")` takes the pixels as they are, without a copy as floats.
    """

    height: int
    width: int
    channels: int = 3
    fit: str = field(default="crop", kw_only=True)
    mean: float | tuple[float, ...] | None = field(default=None, kw_only=True)
    std: float | tuple[float, ...] | None = field(default=None, kw_only=True)
    order: str | None = field(default=None, kw_only=True)
    preset: str | None = field(default=None, kw_only=True)
    kind: ClassVar[str] = "image"

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("preset", self.preset, (None, *PRESETS)),
            ("fit", self.fit, FITS),
            ("order", self.order, (None, "rgb", "bgr")),
        ):
            if value not in choices:
                raise UnknownNameError(f"Image {name}", expected=f"one of {choices}", got=repr(value))
        if self.preset is not None and (self.mean is not None or self.std is not None):
            raise UnknownNameError("Image", expected="a preset, or mean and std", got="both")
        if min(self.height, self.width) < 1 or self.channels not in (1, 2, 3, 4):
            raise ShapeError("Image", expected="positive sides and 1 to 4 channels", got=(*self.shape,))
        for name in ("mean", "std"):
            value = getattr(self, name)
            if isinstance(value, list | tuple):
                object.__setattr__(self, name, tuple(float(each) for each in value))
        for numbers in (self._recipe[2], self._recipe[3]):
            if len(numbers) not in (1, self.channels):
                raise ShapeError("Image", expected=f"one number, or {self.channels}, for mean and std", got=numbers)
        if not all(math.isfinite(each) and each for each in self._recipe[3]):
            raise UnknownNameError("Image std", expected="finite numbers other than 0", got=self.std)

    @property
    def shape(self) -> Shape:
        return self.height, self.width, self.channels

    @property
    def raw(self) -> Type:
        return Type("uint8", self.shape)

    @property
    def _recipe(self) -> tuple[str, bool, tuple[float, ...], tuple[float, ...]]:
        """(order, whether pixels are divided by 255, mean, std)."""
        if self.preset is not None:
            order, divided, mean, std = PRESETS[self.preset]
            return self.order or order, divided, mean, std
        mean, std = (
            default if value is None else value if isinstance(value, tuple) else (float(value),)
            for value, default in ((self.mean, (0.0,)), (self.std, (1.0,)))
        )
        return self.order or "rgb", (self.mean, self.std) != (None, None), mean, std

    def scaled(self, pixel: float) -> tuple[float, ...]:
        """What the model sees of a number from 0 to 255: one, or one for each channel, in their order."""
        _, divided, mean, std = self._recipe
        count = max(len(mean), len(std))
        x = pixel / 255 if divided else pixel
        return tuple((x - m) / s for m, s in zip(mean * (count // len(mean)), std * (count // len(std)), strict=True))

    @property
    def is_plain(self) -> bool:
        """Whether the model sees the pixels' own numbers, in their order."""
        is_ordered = self._recipe[0] == "rgb" or self.channels < 3
        return is_ordered and all(set(self.scaled(pixel)) == {pixel} for pixel in (0, 255))

    def takes_raw(self, dtype: str) -> bool:
        return dtype == "uint8"

    def prepare(self, value: Value) -> Value:
        """From uint8 pixels `[batch, height, width, channels]` to what the model sees, in the order of Keras: divide
        by 255, subtract the mean, divide by the spread."""
        order, divided, mean, std = self._recipe
        x = fn.cast(value, "float32")
        if order == "bgr" and self.channels >= 3:
            parts = [x[..., k : k + 1] for k in (2, 1, 0, 3)[: self.channels]]
            x = fn.concatenate(parts, axis=-1)
        if divided:
            x = x / 255
        if mean != (0.0,):
            x = x - vector(mean)
        return x if std == (1.0,) else x / vector(std)

    def to_manifest(self) -> dict[str, Any]:
        order, divided, mean, std = self._recipe
        return {
            **{
                "kind": self.kind,
                "height": self.height,
                "width": self.width,
                "channels": self.channels,
                "fit": self.fit,
            },
            **{"order": order, "scale": 255 if divided else 1, "mean": list(mean), "std": list(std)},
        }


def vector(numbers: tuple[float, ...]) -> Any:
    """One number as it is, several as a constant along the last axis."""
    if len(numbers) == 1:
        return numbers[0]
    return fn.concatenate([fn.full((1,), number, "float32") for number in numbers], axis=0)


@dataclass(frozen=True)
class Table(Meaning):
    """Rows with named columns. `categories` names the values of columns that hold words: the raw row has the number
    of the word (0 for the first), the model sees one column a word, 1 where the row has it and 0 elsewhere."""

    columns: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]] | None = None
    kind: ClassVar[str] = "table"

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(str(name) for name in self.columns))
        words = {key: tuple(map(str, value)) for key, value in (self.categories or {}).items()}
        object.__setattr__(self, "categories", words)
        if not self.columns or len(set(self.columns)) != len(self.columns):
            raise UnknownNameError("Table", expected="columns of different names", got=self.columns)
        if unknown := [name for name in words if name not in self.columns]:
            raise UnknownNameError("Table categories", expected=f"some of the columns {self.columns}", got=unknown)

    @property
    def shape(self) -> Shape:
        words = self.categories or {}
        return (sum(len(words[name]) if name in words else 1 for name in self.columns),)

    @property
    def raw(self) -> Type | None:
        return Type("float32", (len(self.columns),)) if self.categories else None

    def prepare(self, value: Value) -> Value:
        words = self.categories or {}
        parts = []
        for k, name in enumerate(self.columns):
            column = value[:, k : k + 1]
            if name in words:
                choices = fn.cast(fn.arange(len(words[name])), "float32")
                column = fn.cast(fn.equal(column, choices), "float32")
            parts.append(column)
        return parts[0] if len(parts) == 1 else fn.concatenate(parts, axis=1)

    def to_manifest(self) -> dict[str, Any]:
        words = {key: list(value) for key, value in (self.categories or {}).items()}
        return {"kind": self.kind, "columns": list(self.columns), **({"categories": words} if words else {})}


@dataclass(frozen=True)
class Classes(Meaning):
    """One of several classes: an output gives a probability (or logit) for each; a target is the number of the right
    one. `spare` more are reserved for classes that a page adds later; see `layers.ClassMask`."""

    labels: tuple[str, ...]
    spare: int = 0
    kind: ClassVar[str] = "classes"

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(str(label) for label in self.labels))
        twice = sorted({label for label in self.labels if self.labels.count(label) > 1})
        if not self.labels or twice or self.spare < 0:
            got = f"{', '.join(twice[:4])} twice" if twice else f"{len(self.labels)} labels, spare={self.spare}"
            raise UnknownNameError("Classes", expected="different labels, and no negative spare", got=got)

    @classmethod
    def from_file(cls, path: str | Path) -> Classes:
        """The labels of a text file, one a line. One that comes again gets a number: ImageNet has two cranes, a bird
        and a machine. Raises StorageError."""
        try:
            lines = Path(path).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise StorageError("labels", expected="a text file, one label a line", got=error, at=path) from error
        return cls.from_lines(lines)

    @classmethod
    def from_lines(cls, lines: Iterable[str]) -> Classes:
        """As `from_file`, of its lines."""
        seen: dict[str, int] = {}
        labels = []
        for label in filter(None, map(str.strip, lines)):
            seen[label] = seen.get(label, 0) + 1
            labels.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
        return cls(tuple(labels))

    @property
    def shape(self) -> Shape:
        return (len(self.labels) + self.spare,)

    def to_manifest(self) -> dict[str, Any]:
        return {"kind": self.kind, "labels": list(self.labels), "spare": self.spare}


@dataclass(frozen=True)
class Number(Meaning):
    """One number, in a unit."""

    unit: str = ""
    kind: ClassVar[str] = "number"

    @property
    def shape(self) -> Shape:
        return (1,)

    def to_manifest(self) -> dict[str, Any]:
        return {"kind": self.kind, "unit": self.unit}


def from_record(record: Any) -> Meaning:
    """The meaning of a `{"class_name", "config"}` record; or itself."""
    if isinstance(record, Meaning):
        return record
    kinds = {each.__name__: each for each in subclasses(Meaning)}
    if record["class_name"] not in kinds:
        raise UnknownNameError("meaning", expected=f"one of {', '.join(kinds)}", got=repr(record["class_name"]))
    return kinds[record["class_name"]](**from_json(record["config"]))


def subclasses(kind: type[Meaning]) -> list[type[Meaning]]:
    return [each for child in kind.__subclasses__() for each in (child, *subclasses(child))]
