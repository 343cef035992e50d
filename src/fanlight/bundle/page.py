"""Which page does a bundle show? `Page` says it in Python; `compose` fills the HTML of web/page with it.

In: what a user wants to show, and the manifest that says what the model can. Out: the text of index.html, and what the
page's script reads (manifest.page). How a page looks and works is in web/page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from fanlight.bundle.manifest import Manifest, Slot
from fanlight.bundle.weights import ArrayLike
from fanlight.errors import DtypeError, ShapeError, UnknownNameError

SECTIONS = ("predict", "data", "teach", "train", "inside", "keep")  # in the order in which a page has them

# No other origin, no inline script, no eval. A file sent to this page from elsewhere cannot be asked for either.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'"
)
# Modules of web/page that not every page needs.
PARTS = ("draw", "look", "form", "grid", "regions", "curve", "teach", "train", "steps", "inside", "photos")
FORMS = ("folder", "one-file")
MOST_TAUGHT = 12  # classes of pictures that a page has cards for


@dataclass(frozen=True, eq=False)
class Page:
    """A page that an export writes beside the model. `show` lists its sections; without it the page has all
    that fit, "inside" left out.

    - "predict": a pad to draw on, where the model takes a picture of one channel; a place for pictures from files, the
      clipboard and the camera, where it takes them in colour; or a form, where it takes a table.
    - "data": the examples in `data`: pictures with answers, a table's classes over two columns, or points with a curve.
      Without this section they stand in "train".
    - "teach": a sign that the visitor invents becomes a class (needs `fl.Classes(labels, spare=...)` and `train=True`);
      or, where the model takes colour pictures and has a frozen trunk, the visitor teaches its classes with camera and
      files, and names them.
    - "train": forget, and learn again from `data`; a bundle of plain functions calls the one that takes examples and
      writes state.
    - "inside": layers, weights, the time of each kernel, and which classes are mixed up; only where `show` names it.
    - "keep": save, restore, download, open.

    `data` travels with the page: {"train": (x, y), "test": (x, y)}, one row a sample, x as the model sees it or as it
    is before `prepare` (uint8 pixels, numbers of words); "test" is never learnt from and may be missing. `examples` are
    shown as buttons:
    {"name": "3", "strokes": [[x, y, x, y, ...], ...], "size": 280} is drawn on a pad whose side is `size`;
    {"name": "a rose", "values": {column: value}} fills the form. `epochs` is how often "train" goes through the data.

    >>> fl.Page(title="Digits", text="Draw one.", show=["predict", "train"], data={"train": (x, y)})
    """

    title: str
    text: str = ""
    show: Sequence[str] | None = None
    examples: Sequence[Mapping[str, Any]] = ()
    data: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None
    epochs: int = 20

    def __post_init__(self) -> None:
        if not isinstance(self.title, str) or not self.title.strip():
            raise DtypeError("Page", expected="a title", got=repr(self.title))
        if isinstance(self.show, str):
            do = f"show=[{self.show!r}]"
            raise DtypeError("Page show", expected="a list of sections", got=repr(self.show), do=do)
        if self.show is not None:
            object.__setattr__(self, "show", tuple(self.show))
            if unknown := [str(name) for name in self.show if name not in SECTIONS]:
                raise UnknownNameError("Page show", expected=f"some of {', '.join(SECTIONS)}", got=", ".join(unknown))
        if not isinstance(self.epochs, int) or self.epochs < 1:
            raise DtypeError("Page epochs", expected="a positive number", got=repr(self.epochs))
        examples = tuple(check_example(example, at) for at, example in enumerate(self.examples))
        object.__setattr__(self, "examples", examples)
        if self.data is not None:
            check_data(self.data)

    def arrays(self) -> dict[str, ArrayLike]:
        """What the page's data file holds: train/x, train/y, test/x, test/y. For `to_safetensors`."""
        named = {part: dict(zip("xy", arrays, strict=True)) for part, arrays in (self.data or {}).items()}
        return {f"{part}/{letter}": array for part, arrays in named.items() for letter, array in arrays.items()}

    def to_manifest(self, manifest: Manifest, *, data: str | None = None, onefile: str | None = None) -> dict[str, Any]:
        """What stands under "page" in the manifest; `data` and `onefile` are the names of files that were written."""
        record: dict[str, Any] = {
            "title": self.title,
            "text": self.text,
            "show": list(shown(self, manifest)),
            "view": viewer(manifest),
            "examples": [dict(example) for example in self.examples],
            "epochs": self.epochs,
        }
        return record | {key: name for key, name in (("data", data), ("onefile", onefile)) if name is not None}


def check_example(example: Any, at: int) -> dict[str, Any]:
    """The example as JSON can hold it; an error where it is neither a drawing nor a row."""
    place = f"examples[{at}]"
    if not isinstance(example, Mapping) or "name" not in example or not example.keys() & {"strokes", "values"}:
        forms = '{"name", "strokes", "size"} or {"name", "values"}'
        raise DtypeError("Page", expected=forms, got=repr(example)[:80], at=place)
    if "values" in example:
        return {"name": str(example["name"]), "values": dict(example["values"])}
    strokes = [[float(number) for number in stroke] for stroke in example["strokes"]]
    if not strokes or any(len(stroke) < 2 or len(stroke) % 2 for stroke in strokes):
        lengths = [len(stroke) for stroke in strokes]
        raise ShapeError("Page", expected="strokes of x, y, x, y, ...", got=f"lengths {lengths}", at=place)
    return {"name": str(example["name"]), "strokes": strokes, "size": float(example.get("size", 1))}


def check_data(data: Any) -> None:
    """An error unless `data` is {"train": (x, y)}, perhaps with "test", of equally many rows each."""
    if not isinstance(data, Mapping) or "train" not in data or not data.keys() <= {"train", "test"}:
        got = list(data) if isinstance(data, Mapping) else type(data).__name__
        raise UnknownNameError("Page data", expected='{"train": (x, y)}, perhaps with "test"', got=got)
    for part, arrays in data.items():
        shapes = [getattr(array, "shape", None) for array in arrays]
        if len(shapes) != 2 or not all(shapes) or shapes[0][0] != shapes[1][0]:  # type: ignore[index]
            expected = "two arrays (x, y) of as many rows"
            raise ShapeError("Page data", expected=expected, got=shapes, at=part, do="pass NumPy arrays")


def shown(page: Page, manifest: Manifest) -> tuple[str, ...]:
    """The sections of this page, in order; UnknownNameError where one was asked for that this model cannot have."""
    missing = {name: lack(name, page, manifest) for name in SECTIONS}
    if page.show is None:
        # "train" shows the data too, where they change with the weights; a form has a use for them before that.
        is_twice = not missing["train"] and predictor(manifest) != "form"
        # Where one teaches pictures, one also tries them.
        is_tried = not missing["teach"] and predictor(manifest) == "look"
        skipped = {"inside", *(["data"] if is_twice else []), *(["predict"] if is_tried else [])}
        return tuple(name for name in SECTIONS if not missing[name] and name not in skipped)
    for name in page.show:
        if missing[name]:
            raise UnknownNameError(f'Page section "{name}"', expected=missing[name], got="none", at=manifest.name)
    return tuple(name for name in SECTIONS if name in page.show)


def lack(section: str, page: Page, manifest: Manifest) -> str:
    """What this model or page would need for the section; empty where it can be shown."""
    spare = int(meaning_of(manifest, "outputs").get("spare", 0))
    has_data = (page.data is not None, "data, as Page(data=...)")
    is_trained = (manifest.training is not None, "a model exported with train=True")
    learns = manifest.training is not None or is_learner(manifest)
    needs = {
        "predict": [(bool(predictor(manifest)), "pictures with fl.Classes, or fl.Table as the first input of predict")],
        "data": [has_data, (bool(viewer(manifest)), "drawings, a table with classes, or pairs of numbers")],
        "teach": []
        if teacher(manifest) == "photos"
        else [
            (
                predictor(manifest) == "draw",
                "a drawing (one channel) as the first input of predict, or colour pictures, a frozen trunk, a head "
                f"with 2 to {MOST_TAUGHT} classes and train=True",
            ),
            (spare > 0, "spare classes, as fl.Classes(labels, spare=6)"),
            is_trained,
            has_data,
        ],
        "train": [(learns, "train=True, or a function that takes samples and writes state"), has_data],
        "inside": [(bool(manifest.state), "state")],
        "keep": [(bool(manifest.state), "state")],
    }
    always = ("predict" in manifest.functions, 'a function "predict"')
    return "; ".join(need for has, need in [always, *needs[section]] if not has)


def meaning_of(manifest: Manifest, side: str) -> Mapping[str, Any]:
    """The meaning of predict's first input or output."""
    function = manifest.functions.get("predict")
    slots: tuple[Slot, ...] = getattr(function, side, ())
    return manifest.meanings.get(slots[0].name, {}) if slots else {}


def predictor(manifest: Manifest) -> str | None:
    """The part of web/page that takes what this model takes: "draw", "look", "form" or none."""
    kind = meaning_of(manifest, "inputs").get("kind")
    if kind == "table":
        return "form"
    if kind not in ("image", "drawing") or meaning_of(manifest, "outputs").get("kind") != "classes":
        return None
    if takes_colour(manifest):
        return "look"
    raw = manifest.functions.get("prepare", manifest.functions.get("predict"))
    # As web/page/sight.js has it: lengths that are open count samples.
    sides = [extent for extent in raw.inputs[0].shape if isinstance(extent, int)] if raw and raw.inputs else []
    return "draw" if len(sides) == 2 or (len(sides) == 3 and sides[2] == 1) else None


def takes_colour(manifest: Manifest) -> bool:
    """Whether predict's first input is a picture of red, green and blue."""
    seen = meaning_of(manifest, "inputs")
    return seen.get("kind") == "image" and seen.get("channels", 3) == 3


def teacher(manifest: Manifest) -> str:
    """The part of web/page with which one teaches this model: "photos" where a new head learns colour pictures on a
    frozen trunk, "teach" for drawings."""
    meant = meaning_of(manifest, "outputs")
    is_few = meant.get("kind") == "classes" and 2 <= len(meant.get("labels", ())) <= MOST_TAUGHT
    learns = manifest.training is not None and {"features", "init"} <= manifest.functions.keys()
    return "photos" if takes_colour(manifest) and is_few and learns else "teach"


def viewer(manifest: Manifest) -> str | None:
    """The part of web/page that shows this model's data: "grid", "regions", "curve" or none."""
    predict = manifest.functions.get("predict")
    part = predictor(manifest)
    if part == "draw":
        return "grid"
    if part == "form":
        return "regions" if meaning_of(manifest, "outputs").get("kind") == "classes" else None
    slots = [*predict.inputs, *predict.outputs] if predict else []
    # A pair of numbers a row: one input and one output of [n] or [n, 1].
    is_pair = len(slots) == 2 and all(slot.shape and all(extent == 1 for extent in slot.shape[1:]) for slot in slots)
    return "curve" if is_pair else None


def is_learner(manifest: Manifest) -> bool:
    """Whether a plain function takes samples and writes state."""
    named = manifest.functions.items()
    return any(name != "init" and function.writes and function.inputs for name, function in named)


def compose(
    page: Page,
    manifest: Manifest,
    *,
    style: str = "style.css",
    script: str = "page.js",
    form: str = "folder",
    policy: str = POLICY,
) -> str:
    """The text of index.html. `style` and `script` are the names of web/page/style.css and page.js in the bundle;
    `form` is how the page travels, "folder" or "one-file": the page says so."""
    if form not in FORMS:
        raise UnknownNameError("compose form", expected=f"one of {FORMS}", got=repr(form))
    parts = {"predict": predictor(manifest), "teach": teacher(manifest)}
    sections = [html(f"{parts.get(name, name)}.html") for name in shown(page, manifest)]
    about = [f"Made with Fanlight {manifest.fanlight}".strip()]
    about += [f"Licence of the model: {manifest.license}"] if manifest.license else []
    about += [f"Citation: {manifest.citation}"] if manifest.citation else []
    texts = {
        "title": page.title,
        "text": page.text.strip(),
        "summary": " ".join(page.text.split()) or page.title,
        "footer": ". ".join(about) + ".",
        "style": style,
        "script": script,
        "form": form,
        "policy": policy,
    }
    filled = {name: escape(text) for name, text in texts.items()}
    return Template(html("index.html")).substitute(filled, sections="\n".join(sections))


def html(name: str) -> str:
    """The text of a file of web/page."""
    return (files("fanlight") / "web" / "page" / name).read_text(encoding="utf-8")
