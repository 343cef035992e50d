"""How do scripts and styles lose their comments? Scripts through rjsmin, around template literals, which are kept to
the letter.

rjsmin takes a template that is inside another one for code, and would drop its spaces. In and out: text."""

from __future__ import annotations

import re
import sys

from fanlight.errors import CompileError


def strip(text: str) -> str:
    """JavaScript without comments and needless white space. A browser's Python that has no rjsmin leaves the text
    as it is: the same code, and larger."""
    try:
        from rjsmin import jsmin
    except ModuleNotFoundError:
        if sys.platform == "emscripten":
            return text
        raise

    parts: list[str] = []
    templates: list[str] = []
    at = 0
    for start, end in spans(text):
        if text[start] == "`":
            parts += [text[at:start], f'"@{len(templates)}@"']
            templates.append(text[start:end])
            at = end
    stripped = jsmin("".join([*parts, text[at:]]))
    assert isinstance(stripped, str)
    for i, template in enumerate(templates):
        stripped = stripped.replace(f'"@{i}@"', template)
    return stripped


def strip_style(text: str) -> str:
    """A style sheet without comments and needless white space. Strings are left alone."""
    parts = re.split(r"""(/\*.*?\*/|"[^"]*"|'[^']*')""", text, flags=re.DOTALL)
    for k, part in enumerate(parts):
        if part.startswith("/*"):
            parts[k] = ""
        elif part[:1] not in ("'", '"'):
            parts[k] = re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r"\s+", " ", part))
    return "".join(parts).strip()


def spans(text: str) -> list[tuple[int, int]]:
    """Where strings, comments and templates begin and end, in order. A regular expression must not hold a quote."""
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(text):
        end = span_end(text, at)
        if end > at:
            found.append((at, end))
        at = max(end, at + 1)
    return found


def span_end(text: str, at: int) -> int:
    """The end of the string, comment or template that begins at `at`; `at` itself where none does."""
    first, two = text[at], text[at : at + 2]
    if two in ("//", "/*"):
        end = text.find("\n" if two == "//" else "*/", at + 2)
        return len(text) if end < 0 else end + (0 if two == "//" else 2)
    if first in "'\"":
        end = at + 1
        while text[end : end + 1] not in (first, "\n", ""):
            end += 2 if text[end] == "\\" else 1
        if text[end : end + 1] != first:
            raise CompileError(expected="a string that ends on its line", got=text[at : at + 40], at="JavaScript")
        return end + 1
    return template_end(text, at) if first == "`" else at


def template_end(text: str, at: int) -> int:
    """The end of the template literal that begins at `at`, with all that is nested in it."""
    end, depth = at + 1, 0
    while end < len(text):
        if depth == 0 and text[end] == "`":
            return end + 1
        if depth == 0 and text[end : end + 2] == "${":
            depth, end = 1, end + 2
        elif depth == 0:
            end += 2 if text[end] == "\\" else 1
        elif (inner := span_end(text, end)) > end:
            end = inner
        else:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
    raise CompileError(expected="a template that ends", got=text[at : at + 40], at="JavaScript")
