"""What does a page of one's own bring into a bundle? The files of a folder as they are, its documents under the policy
of every exported page.

In: a folder with an index.html. Out: file name -> bytes. Reads no folder in it: files of a bundle lie side by side.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from fanlight.bundle.manifest import FILE_NAME
from fanlight.bundle.page import POLICY
from fanlight.errors import ModelFormatError, StorageError

INDEX = "index.html"
HEAD = re.compile(rb"<head(\s[^>]*)?>", re.IGNORECASE)
STATED = re.compile(rb"http-equiv\s*=\s*[\"']?content-security-policy", re.IGNORECASE)


def own_files(folder: Path) -> dict[str, bytes]:
    """The files of a page's folder; documents that state no Content-Security-Policy get that of exported pages.

    Raises StorageError where there is no such folder, ModelFormatError where it lacks index.html or has other folders,
    or names that no host keeps."""
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        found = {path.name: path.read_bytes() for path in paths if path.is_file()}
    except OSError as error:
        do = "give an fl.Page, or the folder of a page of your own"
        raise StorageError("page", expected=f"a folder with {INDEX}", got=error.strerror, at=folder, do=do) from error
    wrong = [path.name for path in paths if not path.is_file() or not re.fullmatch(FILE_NAME, path.name)]
    if wrong or INDEX not in found:
        got = f"{wrong[0]!r}" if wrong else f"no {INDEX}"
        expected = f"{INDEX} and files beside it, with names of letters, digits, dots, dashes"
        raise ModelFormatError("page", expected=expected, got=got, at=folder, do="export it without the rest")
    return {name: with_policy(data, name) if name.endswith((".html", ".htm")) else data for name, data in found.items()}


def with_policy(document: bytes, name: str) -> bytes:
    if STATED.search(document):
        return document
    head = HEAD.search(document)
    if head is None:
        raise ModelFormatError("page", expected="a document with <head>, for its policy", got=name)
    meta = f'\n<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'.encode()
    return document[: head.end()] + meta + document[head.end() :]
