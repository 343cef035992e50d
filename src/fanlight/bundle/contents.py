"""Which files make up a bundle? Their names and bytes: manifest, code, weights, runtime, page, descriptions.

In: what write.py was given. Out: file name -> bytes, and the finished manifest. Writes nothing. Every name but those of
entries carries its content's hash, so that hosts may cache it for ever.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from fanlight.bundle.describe import package_of, readme_of, types_of, types_of_part
from fanlight.bundle.link import PARTS, link_folder
from fanlight.bundle.manifest import NAME, PACKED, FileEntry, Manifest
from fanlight.bundle.modules import read_module, web_text
from fanlight.bundle.page import Page, compose
from fanlight.bundle.strip import strip_style
from fanlight.bundle.weights import Array, ArrayLike, exactly, shards, to_safetensors
from fanlight.errors import CompileError, ModelFormatError, ShapeError, UnknownNameError

PAGE_SCRIPT = "page/page.js"
PAGE_STYLE = "page/style.css"
SLOW_BYTES = 1 << 20  # above it gzip -9 takes seconds, and weights hardly shrink ...
SAMPLE, HARDLY = 1 << 16, 0.9  # ... which so many bytes show, if that part is left of them
WORTH = 0.85  # the part that packed weights may have of their bytes


@dataclass(frozen=True, eq=False)
class Contents:
    """What a bundle is made from; see write_bundle. Names and bytes of what every form of it holds."""

    manifest: Manifest
    code: Mapping[str, bytes]
    weights: Mapping[str, ArrayLike]
    page: Page | None = None
    graph: bytes | None = None
    selftest: Mapping[str, ArrayLike] | None = None
    inside: Mapping[str, ArrayLike] | None = None
    own: Mapping[str, bytes] = field(default_factory=dict)  # the files of a page of one's own

    @cached_property
    def arrays(self) -> dict[str, Array]:
        """The weights, checked against the state that the manifest states."""
        found = {name: exactly(array) for name, array in self.weights.items()}
        state = {slot.name: slot for slot in self.manifest.state}
        if unknown := sorted(found.keys() - state.keys()):
            raise UnknownNameError("weights", expected="names of state", got=unknown)
        for name, slot in state.items():
            if name not in found:
                if slot.initial is None:
                    raise UnknownNameError(
                        "weights", expected=f"an array for {name!r}, which has no initial value", got="none"
                    )
            elif (found[name].dtype, found[name].shape) != (slot.dtype, slot.shape):
                got = f"{found[name].dtype}{list(found[name].shape)}"
                raise ShapeError(f"weights {name!r}", expected=f"{slot.dtype}{list(slot.shape)}", got=got)
        return found

    def data_files(self, pack: bool = True) -> tuple[dict[str, bytes], Manifest]:
        """Code, weights, self-test and graph under their names, and the manifest that names them. `pack`: code and
        self-test are compressed, for hosts that compress nothing."""
        if "portable" not in self.code:
            raise CompileError(expected='code of the variant "portable"', got=sorted(self.code), at="write_bundle")
        written: dict[str, bytes] = {}

        def add(stem: str, suffix: str, data: bytes) -> str:
            name = hashed(stem, suffix, data)
            written[name] = data
            return name

        def packed(stem: str, suffix: str, data: bytes) -> str:
            return add(stem, suffix + PACKED, gzip.compress(data, 9, mtime=0)) if pack else add(stem, suffix, data)

        code = {variant: packed("code", ".wasm", data) for variant, data in self.code.items()}
        parts = list(shards(self.arrays))
        held = [to_safetensors(part, {"format": "fanlight"}) for part in parts]
        weights = [(packed if is_worth_packing(data) else add)("weights", ".safetensors", data) for data in held]
        if len(parts) > 1:
            add("weights", ".safetensors.index.json", shard_index(parts, weights))
        selftest = packed("selftest", ".safetensors", to_safetensors(self.selftest)) if self.selftest else None
        inside = add("inside", ".safetensors", to_safetensors(self.inside)) if self.inside else None
        graph = add("graph", ".json.gz", self.graph) if self.graph is not None else None
        files = {"selftest": selftest, "inside": inside, "graph": graph}
        named = replace(self.manifest, code=code, weights=tuple(weights), page=None, **files)
        return written, named


def is_worth_packing(data: bytes) -> bool:
    """Whether weights shrink, as those of 8 bits do: float32 hardly does, and stays what other programs can read."""
    middle = data[len(data) // 2 :][:SAMPLE]
    return len(data) > SAMPLE and len(gzip.compress(middle, 6, mtime=0)) < WORTH * len(middle)


def hashed(stem: str, suffix: str, data: bytes) -> str:
    """A file name that changes with the content: weights.0123456789ab.safetensors."""
    return f"{stem}.{hashlib.sha256(data).hexdigest()[:12]}{suffix}"


def shard_index(parts: list[dict[str, Array]], names: list[str]) -> bytes:
    """Hugging Face's index of weights in several files."""
    total = sum(len(array.data) for part in parts for array in part.values())
    places = {name: file for part, file in zip(parts, names, strict=True) for name in part}
    return json.dumps({"metadata": {"total_size": total}, "weight_map": places}, ensure_ascii=False).encode()


def entry_of(data: bytes) -> FileEntry:
    """What the manifest says of a file."""
    return FileEntry(len(data), hashlib.sha256(data).hexdigest(), gzipped(data))


def gzipped(data: bytes) -> int:
    """What gzip makes of a file's length. A large one that hardly shrinks, as its middle shows, counts as it is."""
    if len(data) <= SLOW_BYTES:
        return len(gzip.compress(data, 9, mtime=0))
    middle = data[len(data) // 2 :][:SAMPLE]
    if len(gzip.compress(middle, 9, mtime=0)) > HARDLY * len(middle):
        return len(data)
    return len(gzip.compress(data, 1, mtime=0))


def finish(manifest: Manifest, written: Mapping[str, bytes]) -> Manifest:
    """The manifest with an entry for every file, checked as a reader would."""
    done = replace(manifest, files={name: entry_of(data) for name, data in sorted(written.items())})
    try:
        Manifest.from_bytes(done.to_bytes())
    except ModelFormatError as error:
        raise CompileError(f"the manifest breaks its own rules: {error.message}") from error
    return done


def folder_files(contents: Contents, onefile: bool = False) -> tuple[dict[str, bytes], Manifest]:
    """Every file of the folder by name, the manifest among them, and the manifest itself."""
    written, manifest = contents.data_files()
    loaded = [*manifest.code.values(), *manifest.weights, *filter(None, [manifest.selftest, manifest.inside])]
    page = contents.page
    style = ""
    if page is not None:
        style = add_page_files(page, written, loaded)
        single = None
        if onefile:
            from fanlight.bundle.onefile import single_file  # imports this module

            text = single_file(contents)
            single = hashed(slug(manifest.name), ".html", text)
            written[single] = text
        data = next((name for name in written if name.startswith("data.")), None)
        manifest = replace(manifest, page=page.to_manifest(manifest, data=data, onefile=single))
    modules = link_folder([PAGE_SCRIPT] if page else [], {"files.js": file_rows(list(dict.fromkeys(loaded)))})
    written |= {name: text.encode() for name, text in modules.items()}
    if page is not None:
        script = next(name for name in modules if name.startswith("page-page."))
        written["index.html"] = compose(page, manifest, style=style, script=script).encode()
    written["types.d.ts"] = web_text("types.d.ts").encode()
    written["index.d.ts"] = types_of(manifest).encode()
    written |= {part.replace(".js", ".d.ts"): types_of_part(read_module(part)).encode() for part in PARTS}
    written["package.json"] = package_of(manifest).encode()
    written["README.md"] = readme_of(manifest).encode()
    if taken := sorted(contents.own.keys() & {NAME, *written}):
        do = "name it otherwise"
        raise ModelFormatError("page", expected="names that the bundle does not have", got=taken[0], do=do)
    written |= contents.own
    done = finish(manifest, written)
    return written | {NAME: done.to_bytes()}, done


def add_page_files(page: Page, written: dict[str, bytes], loaded: list[str]) -> str:
    """Adds the page's data and style; returns the name of the style."""
    if page.data is not None:
        data = to_safetensors(page.arrays())
        name = hashed("data", ".safetensors", data)
        written[name] = data
        loaded.append(name)
    style = strip_style(web_text(PAGE_STYLE)).encode()
    written[hashed("style", ".css", style)] = style
    return hashed("style", ".css", style)


def file_rows(names: list[str]) -> str:
    """The body of files.js with a row for each file: the row that it has for the manifest, repeated."""
    body = read_module("files.js").body
    row = next(line for line in body.splitlines(keepends=True) if f"'{NAME}'" in line)
    return body.replace(row, "".join(row.replace(NAME, name) for name in [NAME, *names]))


def slug(name: str) -> str:
    """A file name's part: lower case, digits, dashes."""
    return "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in name.lower()).split()) or "model"
