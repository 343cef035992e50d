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
from fanlight.bundle.page import PARTS, Page, compose, predictor, shown, teacher, viewer
from fanlight.bundle.strip import strip, strip_style
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
    inside: Mapping[str, ArrayLike] | None = None,
    graph: bytes | None = None,
) -> Path:
    """Writes one HTML file that runs the model, from what write_bundle takes. `page` defaults to all that fits."""
    page = page or Page(title=manifest.name)
    target = Path(path)
    write_file(target, single_file(Contents(manifest, code, weights, page, graph, selftest, inside)))
    return target


def single_file(contents: Contents) -> bytes:
    """The bytes of the one-file form of a bundle with a page."""
    page = contents.page
    assert page is not None
    portable = replace(contents, code={"portable": contents.code["portable"]})
    written, manifest = portable.data_files(pack=False)
    data = None
    if page.data is not None:
        arrays = to_safetensors(page.arrays())
        data = hashed("data", ".safetensors", arrays)
        written[data] = arrays
    manifest = finish(replace(manifest, page=page.to_manifest(manifest, data=data)), written)
    everywhere = {
        "packed.js": "whole.js",
        **({} if "features" in manifest.functions else {"features.js": "trunkless.js"}),
    }
    instead = {
        **everywhere,
        "files.js": "inline.js",
        "threads.js": "alone.js",
        "course.js": "nothing.js",
        **({} if sees_pictures(manifest) else {"pictures.js": "unseen.js"}),
        **{f"page/{part}.js": "page/absent.js" for part in absent(page, manifest)},
    }
    scripts = {"page": link_script(PAGE_SCRIPT, instead), "worker": link_script(WORKER, everywhere)}
    style = strip_style(web_text(PAGE_STYLE))
    boot = strip(web_text("boot.js"))
    html = compose(page, manifest, form="one-file", policy=policy(boot))
    return inline(html, boot, {"style": style, **scripts}, {NAME: manifest.to_bytes(), **written})


def sees_pictures(manifest: Manifest) -> bool:
    """Does an input of the model mean a picture?"""
    return any(meaning.get("kind") == "image" for meaning in manifest.meanings.values())


def absent(page: Page, manifest: Manifest) -> list[str]:
    """The parts of web/page that this page does not show."""
    used = {*shown(page, manifest), predictor(manifest), viewer(manifest)}
    if manifest.training is None and "train" in used:
        used = used - {"train"} | {"steps"}
    if "teach" in used:
        used = used - {"teach"} | {teacher(manifest)}
    return [part for part in PARTS if part not in used]


def inline(html: str, boot: str, texts: Mapping[str, str], files: Mapping[str, bytes]) -> bytes:
    """The page with everything that it names written into it: what `boot` unpacks, and the files."""
    if "</script" in boot.lower():
        raise CompileError(expected="no end of a script in it", got="one", at="web/boot.js")
    blocks = [
        f'<script type="application/gzip" data-file="{name}">{packed(data)}</script>' for name, data in files.items()
    ]
    blocks += [
        f'<script type="application/gzip" data-{kind}>{packed(text.encode())}</script>' for kind, text in texts.items()
    ]
    blocks.append(f"<script>{boot}</script>")
    for pattern, text in ((_STYLE, ""), (_SCRIPT, "\n".join(blocks))):
        html, count = pattern.subn(lambda _, text=text: text, html)
        if count != 1:
            raise CompileError(expected=f"one {pattern.pattern}", got=count, at="the page's HTML")
    return html.encode()


def packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode()


def policy(boot: str) -> str:
    """No address at all: only the script that unpacks, what it unpacks, and the worker."""
    mark = base64.b64encode(hashlib.sha256(boot.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{mark}' blob: 'wasm-unsafe-eval'; img-src data: blob:; "
        "worker-src blob:; base-uri 'none'; form-action 'none'"
    )
