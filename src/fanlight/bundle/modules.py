"""What do the runtime's JavaScript modules import and export? Reads the plain forms that web/ is written in, no others.

In: files below web/. Out: for each module its body without imports and exports, and what it takes and gives. Statements
start in the first column: `import { a, b as c } from './x.js';`, `export const|function|class ...`, `export { a } from
'./x.js';`. Anything else is a CompileError, so that linking never guesses."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

from fanlight.errors import CompileError

_NAMES = r"\{([^}]*)\}"
_IMPORT = re.compile(rf"^import {_NAMES} from '([^']+)';\n", re.M)
_REEXPORT = re.compile(rf"^export {_NAMES} from '([^']+)';\n", re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:const|class|function\*?) ([A-Za-z_$][\w$]*))", re.M)
_UNKNOWN = re.compile(r"^(?:import|export)\b(?!\().*", re.M)
_DECLARED = re.compile(r"^(?:async )?(?:const|let|class|function\*?) ([A-Za-z_$][\w$]*)", re.M)
_DYNAMIC = re.compile(r"\bimport\('([^']+)'\)(?!\.[A-Z])")
_COMMENT = re.compile(r"^\s*(?:\*|/\*|//).*$", re.M)


@dataclass(frozen=True, slots=True)
class WebModule:
    """One file below web/. `imports`: (module, {local name: name there}); `reexports`: {name: (module, name there)}."""

    path: str
    body: str
    imports: tuple[tuple[str, dict[str, str]], ...]
    exports: tuple[str, ...]
    reexports: dict[str, tuple[str, str]]
    dynamic: tuple[str, ...]

    @property
    def static(self) -> tuple[str, ...]:
        """The modules that must have run before this one."""
        return tuple(dict.fromkeys([path for path, _ in self.imports] + [path for path, _ in self.reexports.values()]))

    @property
    def is_flat(self) -> bool:
        """Whether it lies open beside others in a file; modules of pages have a scope of their own each."""
        return "/" not in self.path

    @property
    def identifier(self) -> str:
        """The name of its exports in linked code, where it has a scope of its own."""
        return "$" + re.sub(r"\W", "_", self.path.removesuffix(".js"))

    @property
    def declared(self) -> tuple[str, ...]:
        """Every name that its outermost scope declares."""
        return tuple(_DECLARED.findall(self.body))


def web_text(path: str) -> str:
    """The text of a file below web/."""
    return (files("fanlight") / "web").joinpath(*path.split("/")).read_text(encoding="utf-8")


@lru_cache(maxsize=256)
def read_module(path: str) -> WebModule:
    """The module at `path` below web/: "index.js", "page/app.js"."""
    return parse_module(path, web_text(path))


def parse_module(path: str, text: str) -> WebModule:
    """The module whose text this is."""

    def beside(specifier: str) -> str:
        found = posixpath.normpath(posixpath.join(posixpath.dirname(path), specifier))
        if not specifier.startswith("."):
            raise CompileError(expected="an import of a file beside it", got=specifier, at=f"web/{path}")
        return found

    imports = tuple((beside(where), _pairs(names)) for names, where in _IMPORT.findall(text))
    reexports = {
        exported: (beside(where), original)
        for names, where in _REEXPORT.findall(text)
        for exported, original in _pairs(names).items()
    }
    body = _REEXPORT.sub("", _IMPORT.sub("", text))
    exports = tuple(_EXPORT.findall(body))
    body = _EXPORT.sub("", body)
    if unknown := _UNKNOWN.search(body):
        raise CompileError(expected="a plain import or export", got=unknown[0][:100], at=f"web/{path}")
    dynamic = tuple(dict.fromkeys(beside(where) for where in _DYNAMIC.findall(_COMMENT.sub("", body))))
    return WebModule(path, body, imports, exports, reexports, dynamic)


def _pairs(names: str) -> dict[str, str]:
    """`a, b as c` -> {"a": "a", "c": "b"}."""
    pairs = [item.split(" as ") for item in re.split(r",\s*", names.strip().rstrip(",").strip()) if item]
    return {pair[-1].strip(): pair[0].strip() for pair in pairs}


def dynamic_imports(body: str, replace: dict[str, str], path: str) -> str:
    """`body` with `import('./x.js')` replaced by what stands in `replace` for that module."""
    folder = posixpath.dirname(path)
    return _DYNAMIC.sub(lambda found: replace.get(posixpath.normpath(posixpath.join(folder, found[1])), found[0]), body)


def closure(roots: Sequence[str], instead: Mapping[str, str] | None = None) -> list[WebModule]:
    """The roots and all that they import statically, what is imported first; a cycle is a CompileError. `instead` names
    modules whose text stands in for that of others."""
    order: list[WebModule] = []
    state: dict[str, int] = {}

    def visit(path: str, trail: tuple[str, ...]) -> None:
        if state.get(path) == 2:
            return
        if state.get(path) == 1:
            raise CompileError(expected="imports without a cycle", got=" -> ".join((*trail, path)), at="web/")
        state[path] = 1
        module = read_module((instead or {}).get(path, path))
        module = replace(module, path=path)
        for needed in module.static:
            visit(needed, (*trail, path))
        state[path] = 2
        order.append(module)

    for root in roots:
        visit(root, ())
    return order
