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
)


def install_peers() -> None:
    """Installs exactly what the lock file says, unless that is there already."""
    if INSTALLED.exists() and _versions(INSTALLED).items() <= _versions(LOCK).items():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("expected npm on the PATH, got none; run make setup")
    print("installing the peers")
    subprocess.run([npm, "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True)


def _versions(lock: Path) -> dict[str, str]:
    packages = json.loads(lock.read_text())["packages"]
    return {place: package["version"] for place, package in packages.items() if place}


def tensorflow_files() -> dict[str, bytes]:
    """The files of TensorFlow.js by their place in a staged folder."""
    install_peers()
    return {f"peers/{Path(name).name}": (HERE / "node_modules" / name).read_bytes() for name in TENSORFLOW}


def tensorflow_version() -> str:
    """As the installed package states it."""
    return _versions(INSTALLED)["node_modules/@tensorflow/tfjs"]
