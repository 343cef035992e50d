"""Writes docs/reference/: every public name with its arguments and docstring; `make bless` does.

In: the names that `import fanlight as fl` gives, by page. tests/test_reference.py keeps the files true, and requires a
docstring for all that is public. Array functions have a page of their own: docs/ops.md.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import fanlight as fl


@dataclass(frozen=True)
class Page:
    """One file: its title, what stands above, and the public names by the module that holds them (`fl` or `fl.x`)."""

    title: str
    opening: str
    names: tuple[str, ...] = ()  # of `fl` itself
    module: str = ""  # all public names of `fl.<module>`
    methods_of: tuple[str, ...] = ()  # the classes whose methods readers call


PAGES = {
    "models": Page(
        "Models",
        "What is trained, saved, exported and shown.",
        ("Model", "Sequential", "Input", "load"),
        methods_of=("Model",),
    ),
    "layers": Page(
        "Layers", "Keras 3's layers; [docs/layers.md](../layers.md) compares them with Keras.", (), "layers"
    ),
    "optimizers": Page("Optimizers", "How a step changes weights.", (), "optimizers"),
    "losses": Page("Losses", "What training makes small; names and values are Keras's.", (), "losses"),
    "metrics": Page("Metrics", "What training and evaluation report.", (), "metrics"),
    "callbacks": Page(
        "Callbacks", "What looks on while a model trains, and steers.", (), "callbacks", methods_of=("Callback",)
    ),
    "functions": Page(
        "Functions and gradients",
        "Programs without layers. The array functions themselves are in [docs/ops.md](../ops.md).",
        ("function", "grad", "value_and_grad", "export", "TensorSpec", "Tensor", "convert_to_numpy", "is_tensor"),
        methods_of=("Tensor",),
    ),
    "meanings": Page(
        "Meanings and pages",
        "What inputs and outputs are to people, and the page that shows them.",
        ("Image", "Table", "Classes", "Number", "Drawing", "Page"),
    ),
    "datasets": Page("Datasets", "Small data that come with the package.", (), "datasets"),
    "errors": Page("Errors", "Everything that Fanlight raises.", (), "errors"),
}
OPENING = "<!-- Written by `make bless` (tests/reference.py) from the docstrings. -->\n"


def text(page: Page) -> str:
    """One file."""
    lines = [OPENING, f"# {page.title}", "", page.opening, ""]
    prefix = f"fl.{page.module}" if page.module else "fl"
    for name, thing in members(page):
        lines += entry(f"{prefix}.{name}", thing)
        if name in page.methods_of:
            for key, method in methods(thing):
                shown = signature(key, method) if callable(method) else key
                lines += [f"**`{shown}`**", "", words(method), ""]
    return "\n".join(lines).rstrip() + "\n"


def members(page: Page) -> Iterator[tuple[str, Any]]:
    """The public things of a page by name: classes first come first, then functions, as the module orders them."""
    if not page.module:
        yield from ((name, getattr(fl, name)) for name in page.names)
        return
    module = getattr(fl, page.module)
    for name in getattr(module, "__all__", None) or sorted(vars(module)):
        thing = getattr(module, name)
        is_ours = getattr(thing, "__module__", "").startswith("fanlight") and not name.startswith("_")
        if is_ours and (inspect.isclass(thing) or inspect.isfunction(thing)) and thing.__name__ == name:
            yield name, thing


def entry(name: str, thing: Any) -> list[str]:
    """The heading, the signature and the words of one public thing."""
    return [f"## `{name}`", "", "```python", signature(name, thing), "```", "", words(thing), ""]


def signature(name: str, thing: Any) -> str:
    """How it is called, without types: these are in the words, and in editors."""
    try:
        parameters = list(inspect.signature(thing).parameters.values())
    except (TypeError, ValueError):
        return name
    shown = [p.replace(annotation=inspect.Parameter.empty) for p in parameters if p.name != "self"]
    call = inspect.Signature(shown)
    return name + re.sub(r"<[^<>]*>", "...", str(call))


def methods(kind: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that the class or its bases in Fanlight define and that have words."""
    fields = {each.name for each in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else set()
    seen = set()
    for base in kind.__mro__:
        if not base.__module__.startswith("fanlight"):
            continue
        for key, value in vars(base).items():
            if key.startswith("_") or key in seen or key in fields or not is_method(value):
                continue
            seen.add(key)
            inner = value.__func__ if isinstance(value, classmethod | staticmethod) else value
            if inspect.getdoc(inner):
                yield key, inner


def is_method(value: Any) -> bool:
    return inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod)


def words(thing: Any) -> str:
    """The docstring; examples as code."""
    doc = inspect.getdoc(thing) or ""
    return re.sub(r"(?m)(^>>> .*(?:\n(?!\n).*)*)", lambda found: f"```python\n{found[1]}\n```", doc)


def unwritten() -> list[str]:
    """Public things without a docstring."""
    found = []
    for page in PAGES.values():
        prefix = f"fl.{page.module}" if page.module else "fl"
        found += [f"{prefix}.{name}" for name, thing in members(page) if not inspect.getdoc(thing)]
    return found
