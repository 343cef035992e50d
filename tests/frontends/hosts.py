"""Which hosts do visitors meet? Small servers that are as strict, as plain or as wrong as real ones.

In: a folder, and what is odd about the host. Out: its address. What a good host does is in fanlight.server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".css": "text/css",
}
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
Headers = Callable[[Path], dict[str, str]]


@contextmanager
def hosting(
    folder: Path,
    headers: Headers = lambda path: {},
    *,
    prefix: str = "/",
    moved: dict[str, str] | None = None,
    fallback: str | None = None,
    asked: list[str] | None = None,
) -> Iterator[str]:
    """Serves `folder` below `prefix`. `headers` gives those of a file; `moved` maps paths to where they went;
    `fallback` is the file sent with status 200 for what is not there, as hosts of single-page apps do; `asked` is told
    what browsers ask for."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if asked is not None:
                asked.append(path)
            if moved and path in moved:
                self.answer(302, {"Location": moved[path], "Access-Control-Allow-Origin": "*"}, b"")
                return
            name = path.removeprefix(prefix) if path.startswith(prefix) else "?"
            file = folder / (name + "index.html" if name.endswith("/") or not name else name)
            if not file.is_file() and fallback:
                file = folder / fallback
            if not file.is_file():
                self.answer(404, headers(file), b"not here")
                return
            kind = {"Content-Type": TYPES.get(file.suffix, "application/octet-stream")}
            self.answer(200, {**kind, **headers(file)}, file.read_bytes())

        def answer(self, status: int, named: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**named, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}{prefix}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
