"""How is a bundle looked at before it is on a web host? A small web server for one folder, with a good host's headers.

In: a folder, a host and a port. Out: its files, never a listing, nothing outside of it. It is for one's own machine and
network; see docs/decisions/0002."""

from __future__ import annotations

import gzip
import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from fanlight.errors import StorageError

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".ts": "text/plain; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".safetensors": "application/octet-stream",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".gz": "application/gzip",
}
COMPRESSED = {".html", ".js", ".mjs", ".ts", ".css", ".json", ".wasm", ".md", ".txt", ".svg"}
HASHED = re.compile(r"\.[0-9a-f]{8,12}\.[a-z.]+$")
# A page that is isolated from other origins may use threads with shared memory.
ISOLATION = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
TRIED_PORTS = 20


def serve(
    directory: str | Path,
    host: str = "127.0.0.1",
    port: int = 8000,
    on_ready: Callable[[str], object] | None = None,
    quiet: bool = True,
) -> None:
    """Serves `directory` until it is interrupted. A port in use is left alone and the next free one taken;
    `on_ready(address)` is called with the address when it answers."""
    server = start(directory, host, port, quiet)
    if on_ready is not None:
        on_ready(address_of(server))
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


@contextmanager
def running(directory: str | Path, host: str = "127.0.0.1", port: int = 0, **options: bool) -> Iterator[str]:
    """Serves `directory` from a thread; gives the address, such as http://127.0.0.1:43210/."""
    server = start(directory, host, port, **options)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield address_of(server)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Server(ThreadingHTTPServer):
    """Serves the files of one folder. `is_shared` lets pages of other origins read them, as content delivery does."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # elsewhere it only means: do not wait for closed connections

    def __init__(self, address: tuple[str, int], root: Path, quiet: bool, is_shared: bool, is_isolated: bool):
        self.root, self.quiet, self.is_shared, self.is_isolated = root, quiet, is_shared, is_isolated
        super().__init__(address, Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Reports what went wrong, unless a browser hung up in mid-answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def start(
    directory: str | Path,
    host: str = "127.0.0.1",
    port: int = 8000,
    quiet: bool = True,
    is_shared: bool = False,
    is_isolated: bool = True,
) -> Server:
    """A server that listens on the first free port from `port` on; 0 takes any."""
    root = Path(directory).resolve()
    if not root.is_dir():
        raise StorageError("serve", expected="a folder", got="none", at=directory)
    problem: OSError | None = None
    for candidate in range(port, port + (TRIED_PORTS if port else 1)):
        try:
            return Server((host, candidate), root, quiet, is_shared, is_isolated)
        except OSError as error:
            problem = error
    raise StorageError("serve", expected=f"a free port from {port} on", got=problem, at=host) from problem


def address_of(server: Server) -> str:
    """Where a browser finds the server; one that listens on every interface is named by this machine's address."""
    host, port = str(server.server_address[0]), server.server_address[1]
    return f"http://{own_address() if host == '0.0.0.0' else host}:{port}/"


def own_address() -> str:
    """This machine's address in the local network; no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # documentation address, RFC 5737
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD."""

    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]  # no other one makes it
    protocol_version = "HTTP/1.1"
    server_version = "fanlight"
    sys_version = ""
    # Headers and body leave together: as two small packets the second would wait 40 ms for a delayed acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def do_GET(self) -> None:
        self.answer()

    do_HEAD = do_GET

    def answer(self) -> None:
        path = self.find(unquote(urlsplit(self.path).path))
        if path is None:
            self.reply(HTTPStatus.NOT_FOUND, {"Content-Type": TYPES[".txt"]}, b"There is no such file.\n")
        elif path.is_dir():
            self.reply(HTTPStatus.MOVED_PERMANENTLY, {"Location": f"{urlsplit(self.path).path}/"}, b"")
        else:
            self.send(path)

    def find(self, asked: str) -> Path | None:
        """The file that a path names, inside the folder also after following links."""
        if "\0" in asked or "\\" in asked:
            return None
        path = (self.server.root / asked.lstrip("/")).resolve()
        if not path.is_relative_to(self.server.root):
            return None
        if path.is_dir():
            index = path / "index.html"
            return None if not index.is_file() else index if asked.endswith("/") else path
        return path if path.is_file() else None

    def send(self, path: Path) -> None:
        stat = path.stat()
        tag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        cache = "public, max-age=31536000, immutable" if HASHED.search(path.name) else "no-cache"
        headers = {"Cache-Control": cache, "ETag": tag, "Vary": "Accept-Encoding"}
        if self.headers.get("If-None-Match") == tag:
            self.reply(HTTPStatus.NOT_MODIFIED, headers, b"")
            return
        headers["Content-Type"] = TYPES.get(path.suffix, "application/octet-stream")
        accepted = [item.split(";")[0].strip() for item in self.headers.get("Accept-Encoding", "").split(",")]
        if path.suffix in COMPRESSED and "gzip" in accepted:
            headers["Content-Encoding"] = "gzip"
            self.reply(HTTPStatus.OK, headers, compressed(path, stat.st_mtime_ns))
        else:
            self.reply(HTTPStatus.OK, headers, path.read_bytes())

    def reply(self, status: HTTPStatus, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        shared = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
        more = {**(ISOLATION if self.server.is_isolated else {}), **(shared if self.server.is_shared else {})}
        for name, value in {**headers, **more, "X-Content-Type-Options": "nosniff"}.items():
            self.send_header(name, value)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        if not self.server.quiet:
            super().log_message(format, *args)


@lru_cache(maxsize=64)
def compressed(path: Path, changed: int) -> bytes:
    """A file's bytes, gzipped; `changed` makes a new version a new entry."""
    return gzip.compress(path.read_bytes(), 9, mtime=0)
