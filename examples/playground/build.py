"""Builds the playground: a folder of static files in which Python, Fanlight and an editor run in the browser.

In: this folder, the package's source, npm's packages (Pyodide, CodeMirror, esbuild; installed where they are missing).
Out: site/, for any web host; nothing in it asks another origin for anything. `python build.py [FOLDER]`."""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from html import escape
from importlib.util import find_spec
from pathlib import Path
from string import Template

from fanlight.bundle.modules import web_text
from fanlight.bundle.onefile import policy as onefile_policy
from fanlight.bundle.strip import strip

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGES = HERE / "node_modules"
CORE = ("pyodide.js", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
PROGRAMS = ("iris", "digits", "spiral", "regression")


def build(folder: Path) -> dict[str, int]:
    """Writes the playground; what was in the folder goes. Returns each file's bytes after gzip."""
    install()
    shutil.rmtree(folder, ignore_errors=True)
    version = json.loads((PACKAGES / "pyodide" / "package.json").read_text(encoding="utf-8"))["version"]
    python = folder / f"pyodide-{version}"
    python.mkdir(parents=True)
    for name in CORE:
        shutil.copy(PACKAGES / "pyodide" / name, python / name)
    # Without packages in it, Pyodide knows of no file elsewhere.
    lock = json.loads((PACKAGES / "pyodide" / "pyodide-lock.json").read_text(encoding="utf-8"))
    (python / "pyodide-lock.json").write_text(json.dumps({**lock, "packages": {}}))
    wheel = build_wheel(folder)
    shutil.copy(HERE / "python" / "playground.py", folder / "playground.py")
    rjsmin = find_spec("rjsmin")
    assert rjsmin is not None and rjsmin.origin is not None
    shutil.copy(rjsmin.origin, folder / "rjsmin.py")  # strips the comments of exported pages, as it does elsewhere

    large = {path.relative_to(folder).as_posix(): path.stat().st_size for path in files_of(folder)}
    mark = hashlib.sha256(b"".join(path.read_bytes() for path in files_of(folder))).hexdigest()[:12]
    # importScripts and import() do not go through what counts and keeps.
    counted = {name: size for name, size in large.items() if not name.endswith((".js", ".mjs"))}
    site = {
        "sizes": counted,
        "version": f"playground-{mark}",
        "wheel": wheel.name,
        "pyodide": python.name,
        "programs": [program(name) for name in PROGRAMS],
        "worker": bundled("page/worker.js", {}),
    }
    app = bundled("page/app.js", {"SITE": site})
    style = bundled("page/style.css", {})
    names = {"script": hashed("app", ".js", app), "style": hashed("style", ".css", style)}
    (folder / names["script"]).write_text(app, encoding="utf-8")
    (folder / names["style"]).write_text(style, encoding="utf-8")
    size = f"some {sum(map(zipped, files_of(folder))) / 1e6:.0f} MB"
    html = Template((HERE / "page" / "index.html").read_text(encoding="utf-8"))
    (folder / "index.html").write_text(html.substitute(names, policy=escape(policy()), size=size), encoding="utf-8")
    (folder / "licences.txt").write_text(licences(), encoding="utf-8")
    listed = ["./", *(path.relative_to(folder).as_posix() for path in files_of(folder) if path.name != "index.html")]
    worker = bundled("page/sw.js", {"FILES": listed, "VERSION": f"playground-{mark}-{names['script'][4:12]}"})
    (folder / "sw.js").write_text(worker, encoding="utf-8")
    return {path.relative_to(folder).as_posix(): zipped(path) for path in files_of(folder)}


def install() -> None:
    """npm's packages, as package-lock.json states them."""
    if (PACKAGES / "pyodide" / CORE[0]).is_file() and (PACKAGES / ".bin" / "esbuild").exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("The playground is built with npm's packages: install Node 20 or newer, which brings npm.")
    subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=HERE, check=True)


def build_wheel(folder: Path) -> Path:
    """Fanlight's wheel, as `pip install` would get it."""
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--quiet", "-w", place]
        subprocess.run(command, check=True)
        (wheel,) = Path(place).glob("fanlight-*.whl")
        return Path(shutil.copy(wheel, folder / wheel.name))


def bundled(path: str, defined: dict[str, object]) -> str:
    """What esbuild makes of a script or a style sheet, with names defined as JSON."""
    command = [str(PACKAGES / ".bin" / "esbuild"), path, "--bundle", "--minify", "--format=esm", "--target=es2022"]
    command += ["--log-level=warning", "--legal-comments=none", "--charset=utf8"]
    command += [f"--define:{name}={json.dumps(value)}" for name, value in defined.items()]
    return subprocess.run(command, cwd=HERE, check=True, capture_output=True, text=True, encoding="utf-8").stdout


def program(name: str) -> dict[str, str]:
    """An example: its first comment is its title."""
    text = (HERE / "programs" / f"{name}.py").read_text(encoding="utf-8")
    title = text.splitlines()[0].removeprefix("# ").split(":")[0]
    return {"name": name, "title": title, "text": text}


def policy() -> str:
    """Scripts of this folder, from blobs (Python's worker, the runtime), and the one that opens a one-file page, by its
    hash: a frame keeps to the policy around it. WebAssembly is compiled; no text is evaluated as JavaScript. Styles may
    also come from the editor, which adds its own; they can load nothing from elsewhere."""
    (boot,) = re.findall(r"'sha256-[^']+'", onefile_policy(strip(web_text("boot.js"))))
    return (
        f"default-src 'none'; script-src 'self' blob: 'wasm-unsafe-eval' {boot}; style-src 'self' 'nonce-editor'; "
        "img-src 'self' data: blob:; connect-src 'self'; worker-src 'self' blob:; frame-src 'self'; base-uri 'none'; "
        "form-action 'none'"
    )


def licences() -> str:
    """What the folder is made of, and under which licences."""
    packages = [path.parent for path in sorted(PACKAGES.glob("**/package.json")) if path.parent.name != "esbuild"]
    rows = ["Fanlight: Apache-2.0", "rjsmin: Apache-2.0 (André Malo)", "CPython, inside Pyodide: PSF-2.0", ""]
    for folder in packages:
        facts = json.loads((folder / "package.json").read_text(encoding="utf-8"))
        if "name" not in facts or "license" not in facts or facts["name"].startswith(("@esbuild", "@types", "ws")):
            continue
        text = "\n".join(path.read_text(encoding="utf-8").strip() for path in sorted(folder.glob("LICENSE*")))
        rows += [f"{facts['name']} {facts.get('version', '')}: {facts['license']}", text, ""]
    return "\n".join(rows)


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def hashed(stem: str, suffix: str, text: str) -> str:
    return f"{stem}.{hashlib.sha256(text.encode()).hexdigest()[:12]}{suffix}"


def zipped(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 6))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("site"))
    found = build(parser.parse_args().folder)
    for name, size in sorted(found.items(), key=lambda row: -row[1])[:10]:
        print(f"{size / 1000:9,.0f} KB  {name}")
    print(f"{sum(found.values()) / 1000:9,.0f} KB  in {len(found)} files, gzip")
