"""How do many small modules become few files? They lie one after the other, what is imported first.

In: modules below web/. Out: the text of ES modules that share a folder, or of one classic script; without comments,
nothing renamed or left out. Knows no bundle: what differs between bundles is given.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from fanlight.bundle.modules import WebModule, closure, dynamic_imports, read_module
from fanlight.bundle.strip import strip
from fanlight.errors import CompileError

INDEX = "index.js"
# What pages import by name besides: parts that only some of them use.
PARTS = ("callbacks.js", "data.js", "widgets.js")
WORKER = "worker.js"
WORKERS = (WORKER, "helper.js")  # files that a module starts by their address
# What worker and page share, in a file that imports nothing later: bundlers of workers refuse what does.
SHARED = ("session.js", "inputs.js")
# What pages and widgets share, each in a file of its own: whoever imports widgets must not start a page.
COMMON = ("page/dom.js", "page/chart.js", "widgets.js")
_WORKER_FILE = re.compile(rf"'\./({'|'.join(map(re.escape, WORKERS))})'")
_FILE = re.compile(r"'\./@(\d+)'")


@dataclass(frozen=True, slots=True)
class Chunk:
    """One file: the module that it is named after, and all modules in it, in order."""

    root: WebModule
    modules: tuple[WebModule, ...]


def link_folder(entries: Sequence[str], filled: Mapping[str, str]) -> dict[str, str]:
    """ES modules by file name: `index.js`, PARTS, the worker, `entries` (modules of pages), and all that they import.

    `index.js` and PARTS keep their names; all others carry a hash of all code together, since files name each other.
    `filled` is the text of modules that differ from bundle to bundle (files.js); it does not count in the hash.
    """
    chunks, owner = split([INDEX, *entries], PARTS)
    names = ["engine.js", *(chunk.root.path.replace("/", "-") for chunk in chunks[1:])]
    text = "\0".join(chunk_text(i, chunks, owner, {}) for i in range(len(chunks)))
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    final = [name if name in (INDEX, *PARTS) else f"{name.removesuffix('.js')}.{mark}.js" for name in names]
    texts = [chunk_text(i, chunks, owner, filled) for i in range(len(chunks))]
    named = [_FILE.sub(lambda found: f"'./{final[int(found[1])]}'", text) for text in texts]
    return {name: strip(text) for name, text in zip(final, named, strict=True)}


def split(entries: Sequence[str], parts: Sequence[str] = ()) -> tuple[list[Chunk], dict[str, int]]:
    """The files, and which one each module is in. What is imported only when it is used becomes a file of its own;
    `parts` come after all that the entries import."""
    owner: dict[str, int] = {}
    chunks: list[Chunk] = []

    def add(group: list[str]) -> None:
        if group[0] in owner:
            raise CompileError(expected="that nothing before imports it", got=group[0], at="a file of its own")
        modules = tuple(module for module in closure(group) if module.path not in owner)
        check_names(modules)
        owner.update({module.path: len(chunks) for module in modules})
        chunks.append(Chunk(read_module(group[0]), modules))

    def add_all(roots: list[list[str]]) -> None:
        for group in roots:  # grows while it is walked
            add(group)
            later = dict.fromkeys(path for module in chunks[-1].modules for path in module.dynamic)
            roots += [[path] for path in later if [path] not in roots and path not in owner]

    add_all([[*SHARED], *([path] for path in COMMON), *([entry] for entry in entries)])
    add_all([[part] for part in parts if all(chunk.root.path != part for chunk in chunks)])
    for worker in WORKERS:
        add([worker])
    return chunks, owner


def check_names(modules: Collection[WebModule]) -> None:
    """Flat modules share one scope: each name may mean one thing only, and none is renamed on import.

    A local variable may have the same name: it hides the other. A global may not; a test asks a browser for those.
    """
    meaning: dict[str, str] = {}
    for module in modules:
        taken = [(name, path) for path, names in module.imports for name in names]
        for name, origin in [*((name, module.path) for name in module.declared), *taken] if module.is_flat else []:
            if meaning.setdefault(name, origin) != origin:
                raise CompileError(expected=f"one {name!r}", got=f"{meaning[name]} and {origin}", at="one file")
        if module.is_flat and any(local != name for _, names in module.imports for local, name in names.items()):
            raise CompileError(expected="imports that keep their names", got="a renamed one", at=f"web/{module.path}")


def chunk_text(i: int, chunks: Sequence[Chunk], owner: Mapping[str, int], filled: Mapping[str, str]) -> str:
    """The text of one file; another one is called './@3' until names are known."""
    lines = [
        f"import {{ {', '.join(sorted(names))} }} from './@{owner_index}';"
        for owner_index, names in sorted(needed(chunks[i], owner).items())
        if owner_index != i
    ]
    for module in chunks[i].modules:
        later = {path: f"import('./@{owner[path]}')" for path in module.dynamic}
        body = dynamic_imports(filled.get(module.path, module.body), later, module.path)
        lines.append(in_scope(module, _WORKER_FILE.sub(lambda found: f"'./@{owner[found[1]]}'", body)))
    root = chunks[i].root
    given = set().union(*(needed(other, owner).get(i, set()) for other in chunks))
    if root.is_flat:
        given |= {*root.exports, *root.reexports} if i else set()
    elif root.exports:
        lines.append(f"export const {{ {', '.join(root.exports)} }} = {root.identifier};")
    return "\n".join([*lines, f"export {{ {', '.join(sorted(given))} }};" if given else ""])


def needed(chunk: Chunk, owner: Mapping[str, int]) -> dict[int, set[str]]:
    """The names that the modules of a file take, by the file where they are."""
    found: dict[int, set[str]] = {}
    for module in chunk.modules:
        taken = [(path, name) for path, names in module.imports for name in names.values()]
        for path, name in [*taken, *module.reexports.values()]:
            there = read_module(path)
            found.setdefault(owner[path], set()).add(name if there.is_flat else there.identifier)
    own = owner[chunk.root.path]
    found.pop(own, None)
    return found


def in_scope(module: WebModule, body: str) -> str:
    """The module as it lies in a file: open, or as a function that runs at once and gives its exports."""
    taken = [(local, name, read_module(path)) for path, names in module.imports for local, name in names.items()]
    if module.is_flat:
        taken += [(local, name, read_module(path)) for local, (path, name) in module.reexports.items()]
    sources = {local: name if there.is_flat else f"{there.identifier}.{name}" for local, name, there in taken}
    lines = [f"const {local} = {source};" for local, source in sources.items() if source != local]
    if module.is_flat:
        return "\n".join([*lines, body])
    exports = f"return {{ {', '.join(module.exports)} }};"
    return "\n".join([f"const {module.identifier} = (() => {{", *lines, body, exports, "})();"])


def link_script(root: str, instead: Mapping[str, str] | None = None) -> str:
    """One classic script that runs `root`, with all that it imports, now or later. `instead` swaps modules."""
    instead = instead or {}
    modules: dict[str, WebModule] = {}
    waiting = [root]
    for path in waiting:
        for module in closure([path], instead):
            modules[module.path] = module
            waiting += [needed for needed in module.dynamic if needed not in waiting]
    check_names(modules.values())
    lines = ["(() => {", "'use strict';"]
    for module in modules.values():
        later = {path: f"Promise.resolve({exports_of(modules[path])})" for path in module.dynamic}
        lines.append(in_scope(module, dynamic_imports(module.body, later, module.path)))
    text = strip("\n".join([*lines, "})();"]))
    if "import.meta" in text:
        raise CompileError(expected="no module that asks for its own address", got="import.meta", at=f"web/{root}")
    return text


def exports_of(module: WebModule) -> str:
    return f"{{ {', '.join([*module.exports, *module.reexports])} }}" if module.is_flat else module.identifier
