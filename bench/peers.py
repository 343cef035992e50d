"""Which files of the peers does a page need? Installed from the lock file beside this, when they are not there."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
LOCK = HERE / "package-lock.json"
INSTALLED = HERE / "node_modules" / ".package-lock.json"  # npm writes it last

TENSORFLOW = (
    "@tensorflow/tfjs/dist/tf.min.js",
    "@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js",
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm",
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm",
)


def install_peers() -> None:
    """Installs exactly what the lock file says, unless the peers are there already in those versions."""
    wanted, found = _versions(LOCK), _versions(INSTALLED) if INSTALLED.exists() else {}
    peers = [f"node_modules/{name}" for name in json.loads((HERE / "package.json").read_text())["dependencies"]]
    if all(found.get(place) == wanted[place] for place in peers):
        return
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("expected npm on the PATH, got none; run make setup")
    print("installing the peers")
    subprocess.run([npm, "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True)


def _versions(lock: Path) -> dict[str, str]:
    packages = json.loads(lock.read_text())["packages"]
    return {place: package["version"] for place, package in packages.items() if place}


ONNX = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")


def peer_files() -> dict[str, bytes]:
    """The files of all peers by their place in a staged folder."""
    install_peers()
    modules = HERE / "node_modules"
    files = tensorflow_files()
    files |= {f"peers/ort/{name}": (modules / "onnxruntime-web/dist" / name).read_bytes() for name in ONNX}
    litert = modules / "@litertjs"
    for path in (litert / "core/dist/index.js", *(litert / "core/wasm").glob("litert_wasm_*")):
        place = path.name if path.parent.name == "dist" else f"wasm/{path.name}"
        files[f"peers/litert/{place}"] = path.read_bytes()
    files["peers/litert/wasm-utils/index.js"] = (litert / "wasm-utils/dist/index.js").read_bytes()
    files |= {f"peers/jax/{path.name}": path.read_bytes() for path in (modules / "@jax-js/jax/dist").glob("*.js")}
    return files


def versions() -> dict[str, str]:
    """Of each peer, as the installed package states it."""
    found = _versions(INSTALLED)
    return {
        name: found[f"node_modules/{package}"]
        for name, package in (
            ("TensorFlow.js", "@tensorflow/tfjs"),
            ("ONNX Runtime Web", "onnxruntime-web"),
            ("LiteRT.js", "@litertjs/core"),
            ("jax-js", "@jax-js/jax"),
        )
    }


def tensorflow_files() -> dict[str, bytes]:
    """The files of TensorFlow.js by their place in a staged folder."""
    install_peers()
    files = {f"peers/{Path(name).name}": (HERE / "node_modules" / name).read_bytes() for name in TENSORFLOW}
    return files | {"contenders/tensorflow.js": (HERE / "contenders/tensorflow.js").read_bytes()}


def tensorflow_version() -> str:
    """As the installed package states it."""
    return _versions(INSTALLED)["node_modules/@tensorflow/tfjs"]
