"""How does a bundle get onto the disk? As a folder that appears whole or not at all; a failed export changes nothing.

In: a manifest without files, code, arrays, and perhaps a page. Out: the folder of static files, and the manifest that
names them. What is in the files is decided in contents.py."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from fanlight.bundle.contents import Contents, folder_files
from fanlight.bundle.manifest import NAME, Manifest
from fanlight.bundle.page import Page
from fanlight.bundle.weights import ArrayLike
from fanlight.errors import FanlightError, StorageError


def write_bundle(
    directory: str | Path,
    manifest: Manifest,
    code: Mapping[str, bytes],
    weights: Mapping[str, ArrayLike],
    *,
    page: Page | None = None,
    graph: bytes | None = None,
    selftest: Mapping[str, ArrayLike] | None = None,
    inside: Mapping[str, ArrayLike] | None = None,
    onefile: bool = False,
    own: Mapping[str, bytes] | None = None,
) -> Manifest:
    """Writes the bundle `directory` and returns its manifest.

    - `manifest`: functions, state, memory, meanings, training, name, license, citation, source, fanlight (the version).
      Its code, weights, files, graph, selftest, inside and page are filled in here.
    - `code`: variant -> WebAssembly; "portable" and, where there is one, "relaxed". Each may have one for threads:
      "portable-threads".
    - `weights`: state name -> NumPy array (or `weights.Array`). A state array may be left out where its `initial` is
      not None: the page then begins with that value.
    - `page`: what index.html shows; without it there is no index.html.
    - `graph`: the bytes of graph.json.gz, what `fl.load` needs. Pages never download it.
    - `selftest`: arrays "<function>/input/<name>", "<function>/output/<name>" and, after the call,
      "<function>/state/<name>"; each function begins with the exported state.
    - `inside`: what widgets show of the inside, from `inside_facts`; fetched when one of them asks.
    - `onefile`: adds the one-file form, which the page offers for download.
    - `own`: the files of a page of one's own, from `own_page.own_files`, in the place of `page`.

    An existing bundle is replaced, other files in its folder stay. Raises StorageError where the folder holds something
    else or cannot be written; what was there is then as it was.
    """
    target = Path(directory).absolute()
    kept = files_to_keep(target)
    written, done = folder_files(Contents(manifest, code, weights, page, graph, selftest, inside, own or {}), onefile)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            for name, data in written.items():
                (fresh / name).write_bytes(data)
            if kept:
                shutil.copytree(target, fresh, symlinks=True, dirs_exist_ok=True, ignore=all_but(target, kept))
            fresh.chmod(target.stat().st_mode & 0o7777 if target.exists() else 0o777 & ~umask())
            swap(fresh, target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        raise StorageError(f"export to {directory}", got=error, do="what was there before is as it was") from error
    return done


def files_to_keep(target: Path) -> set[str]:
    """What is in the folder besides the bundle that an export replaces."""
    if target.is_symlink() or not target.exists():
        if target.is_symlink():
            raise StorageError("export", expected="a folder", got="a symbolic link", at=target)
        return set()
    if not target.is_dir():
        raise StorageError("export", expected="a folder", got="a file", at=target, do="choose another name")
    present = sorted(target.iterdir())
    if not present:
        return set()
    try:
        old = Manifest.from_bytes((target / NAME).read_bytes(), str(target / NAME))
    except (OSError, FanlightError):
        do = "choose another folder, or empty this one"
        raise StorageError(
            "export", expected="a bundle or an empty folder", got="other files", at=target, do=do
        ) from None
    return {path.name for path in present} - old.files.keys() - {NAME}


def all_but(target: Path, kept: set[str]) -> Callable[[str, list[str]], list[str]]:
    """For copytree: what lies directly in `target` and is not to be kept."""
    return lambda folder, names: [name for name in names if Path(folder) == target and name not in kept]


def swap(fresh: Path, target: Path) -> None:
    """Puts `fresh` in the place of `target`; where that fails, `target` is what it was."""
    if not target.exists():
        fresh.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    try:
        target.rename(old / "was")
        try:
            fresh.rename(target)
        except OSError:
            (old / "was").rename(target)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def write_file(path: Path, data: bytes) -> None:
    """Writes one file so that it appears whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.chmod(name, 0o666 & ~umask())
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise StorageError(f"export to {path}", got=error, do="what was there before is as it was") from error


def umask() -> int:
    """The permissions that new files of this process lack; it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
