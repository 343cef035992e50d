"""How do the tests run a front end's own tools? Installed once from npm, pinned by a lock file, into a cache.

In: a project of this folder and a bundle. Out: a copy of the project with the bundle in it, and its commands. Where npm
reaches no registry the tests are not run."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CACHE = HERE / ".cache"
PLAIN = HERE / "plain"
# What npm says where there is no network; anything else it says is a failure.
NO_NETWORK = re.compile(r"ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|E50\d")
QUIET = {
    "CI": "1",
    "NO_COLOR": "1",
    "BROWSER": "none",
    "NEXT_TELEMETRY_DISABLED": "1",
    "PARCEL_TELEMETRY_DISABLED": "1",
}


def node() -> str:
    """Node's path; the test that asks is not run where there is none."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        pytest.skip("Node and npm are not installed")
    return found


def installed() -> Path:
    """A folder with the node_modules that package-lock.json states."""
    node()
    lists = [HERE / "package.json", HERE / "package-lock.json", *sorted(HERE.glob("*/package.json"))]
    mark = hashlib.sha256(b"\0".join(path.read_bytes() for path in lists)).hexdigest()[:12]
    CACHE.mkdir(exist_ok=True)
    tools, done = CACHE / mark, CACHE / mark / "installed"
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process of the same run waits here
        if not done.exists():
            for path in lists:
                copy = tools / path.relative_to(HERE)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
            result = subprocess.run(command, cwd=tools, capture_output=True, text=True, timeout=570, check=False)
            if result.returncode and NO_NETWORK.search(result.stderr):
                pytest.skip("npm reaches no registry")
            assert result.returncode == 0, result.stderr[-3000:]
            done.touch()
    return tools


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@dataclass(frozen=True)
class Project:
    """A copy of a project, where its commands run."""

    folder: Path
    tools: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **QUIET,
            "PATH": f"{self.tools / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}",
        }

    def run(self, *command: str, timeout: float = 240) -> str:
        """What a command prints; it must succeed."""
        result = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=timeout, check=False
        )
        assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout[-3000:]}\n{result.stderr[-3000:]}"
        return result.stdout

    @contextmanager
    def started(self, *command: str) -> Iterator[str]:
        """A command that serves; PORT in it becomes a free port. Gives the address once something listens there."""
        port = free_port()
        log = self.folder / "server.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [part.replace("PORT", str(port)) for part in command],
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                wait_for(port, process, log)
                yield f"http://127.0.0.1:{port}/"
            finally:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()


def wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server does not answer:\n{log.read_text()[-3000:]}", pytrace=False)


def plain(folder: Path, bundle: Path) -> Path:
    """The page without a front end: index.html, main.js, flowers.js, and the bundle as site."""
    shutil.copytree(PLAIN, folder, dirs_exist_ok=True)
    shutil.copytree(bundle, folder / "site")
    return folder


@contextmanager
def project(name: str, bundle: Path, at: str = "src", has_page: bool = False) -> Iterator[Project]:
    """A copy of the project `name` with the bundle, unchanged, as `at`/site and flowers.js beside it; where the project
    has no page of its own, with the plain one.

    It lies below the tools: bundlers look for node_modules in the folders above."""
    tools = installed()
    folder = tools / "work" / f"{name}-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE / name, folder)
    if has_page:
        shutil.copytree(bundle, folder / at / "site")
        shutil.copy(PLAIN / "flowers.js", folder / at)
    else:
        plain(folder / at, bundle)
    try:
        yield Project(folder, tools)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
