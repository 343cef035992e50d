"""Where would something that leaves a page arrive? A listener on this machine that stands for any other origin.

In: nothing. Out: what arrived, by TCP or UDP. It answers what a browser needs to go on, so that only the page's policy
stands in the way."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LONGEST = 1 << 16
SECONDS = 2.0  # that a silent connection is kept
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\nConnection: close\r\n"
    b"Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Headers: *\r\n"
    b"Cross-Origin-Resource-Policy: cross-origin\r\n\r\n"
)


@dataclass
class Collector:
    """`port` is the same for TCP and UDP; `streams` are the beginnings of connections, `datagrams` packets."""

    port: int
    streams: list[bytes] = field(default_factory=list)
    datagrams: list[bytes] = field(default_factory=list)

    def origin(self, name: str) -> str:
        """An origin of its own for `name`. Browsers take every name under localhost for this machine (RFC 6761) and ask
        no name server."""
        return f"http://{name}.localhost:{self.port}/"

    def arrived(self, name: str) -> bool:
        """Whether something for `name` came over a connection."""
        return any(f"\nhost: {name}.localhost:".encode() in data.lower() for data in self.streams)


@contextmanager
def collecting() -> Iterator[Collector]:
    """Listens until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        collector = Collector(tcp.getsockname()[1])
        udp.bind(("127.0.0.1", collector.port))
        tcp.settimeout(0.1)
        udp.settimeout(0.1)
        stop = threading.Event()
        loops = [
            threading.Thread(target=loop, args=(listener, collector, stop))
            for loop, listener in ((accept, tcp), (receive, udp))
        ]
        for thread in loops:
            thread.start()
        try:
            yield collector
        finally:
            stop.set()
            for thread in loops:
                thread.join()


def accept(listener: socket.socket, collector: Collector, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            stream, _ = listener.accept()
        except TimeoutError:
            continue
        threading.Thread(target=answer, args=(stream, collector), daemon=True).start()


def answer(stream: socket.socket, collector: Collector) -> None:
    with stream:
        stream.settimeout(SECONDS)
        try:
            data = stream.recv(LONGEST)
            collector.streams.append(data)
            if data:
                stream.sendall(ANSWER)
        except OSError:
            collector.streams.append(b"")  # opened and left: even that is a sign


def receive(listener: socket.socket, collector: Collector, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            collector.datagrams.append(listener.recv(LONGEST))
        except TimeoutError:
            continue
