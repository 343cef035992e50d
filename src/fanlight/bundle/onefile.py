"""How does a whole bundle become one HTML file? All inline: code and weights compressed in base64, scripts and style.

In: what write_bundle takes. Out: a file that opens by double click, works offline, and trains. It holds portable code
only. Its policy names its scripts by their hashes, and no address at all."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fanlight.bundle.contents import PAGE_SCRIPT, PAGE_STYLE, Contents, finish, hashed
from fanlight.bundle.link import WORKER, link_script
from fanlight.bundle.manifest import NAME, Manifest
from fanlight.bundle.modules import web_text
from fanlight.bundle.page import Page, compose
from fanlight.bundle.weights import ArrayLike, to_safetensors
from fanlight.bundle.write import write_file
from fanlight.errors import CompileError

_STYLE = re.compile(r'<link rel="stylesheet" href="[^"]*">')
_SCRIPT = re.compile(r'<script type="module" src="[^"]*"></script>')


def write_single_file(
    path: str | Path,
    manifest: Manifest,
    code: Mapping[str, bytes],
    weights: Mapping[str, ArrayLike],
    *,
    page: Page | None = None,
    selftest: Mapping[str, ArrayLike] | None = None,
    graph: bytes | None = None,
) -> Path:
    """Writes one HTML file that runs the model, from what write_bundle takes. `page` defaults to all that fits."""
    page = page or Page(title=manifest.name)
    target = Path(path)
    write_file(target, single_file(Contents(manifest, code, weights, page, graph, selftest)))
    return target


def single_file(contents: Contents) -> bytes:
    """The bytes of the one-file form of a bundle with a page."""
    page = contents.page
    assert page is not None
    portable = replace(contents, code={"portable": contents.code["portable"]})
    written, manifest = portable.data_files()
    data = None
    if page.data is not None:
        arrays = to_safetensors(page.arrays())
        data = hashed("data", ".safetensors", arrays)
        written[data] = arrays
    manifest = finish(replace(manifest, page=page.to_manifest(manifest, data=data)), written)
    scripts = {"page": link_script(PAGE_SCRIPT, {"files.js": "inline.js"}), "worker": link_script(WORKER)}
    style = web_text(PAGE_STYLE)
    html = compose(page, manifest, form="one-file", policy=policy(scripts["page"], style))
    return inline(html, style, scripts["page"], scripts["worker"], {NAME: manifest.to_bytes(), **written})


def inline(html: str, style: str, script: str, worker: str, files: Mapping[str, bytes]) -> bytes:
    """The page with everything that it names written into it."""
    for text, end in ((style, "</style"), (script, "</script"), (worker, "</script")):
        if end in text.lower():
            raise CompileError(expected=f"no {end!r} in it", got="one", at="the one-file form")
    blocks = [
        f'<script type="application/gzip" data-file="{name}">{packed(data)}</script>' for name, data in files.items()
    ]
    blocks += [f'<script type="text/plain" data-worker>{worker}</script>', f"<script>{script}</script>"]
    for pattern, text in ((_STYLE, f"<style>{style}</style>"), (_SCRIPT, "\n".join(blocks))):
        html, count = pattern.subn(lambda _, text=text: text, html)
        if count != 1:
            raise CompileError(expected=f"one {pattern.pattern}", got=count, at="the page's HTML")
    return html.encode()


def packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode()


def policy(script: str, style: str) -> str:
    """No address at all: only this script, its worker, and this style."""
    script_hash, style_hash = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script, style)
    )
    return (
        f"default-src 'none'; script-src 'sha256-{script_hash}' 'wasm-unsafe-eval'; style-src 'sha256-{style_hash}'; "
        "img-src data: blob:; worker-src blob:; base-uri 'none'; form-action 'none'"
    )
