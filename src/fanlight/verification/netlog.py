"""What did the browser hand to the network? Reads Chromium's own log, one level below what pages and drivers see.

In: a file that `--log-net-log` wrote. Out: addresses asked for and by whom, hosts looked up, bytes sent. The file's own
`constants` name its numbers; see chromium.org/developers/design-documents/network-stack/netlog."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fanlight.errors import BrowserError

BY_BROWSER = "not an origin"  # the initiator of what no page asked for: typed addresses, the browser's own services
_SENT = ("SOCKET_BYTES_SENT", "UDP_BYTES_SENT", "SSL_SOCKET_BYTES_SENT", "QUIC_SESSION_PACKET_SENT")


def flags(path: Path) -> list[str]:
    """What makes Chromium write the log, with everything that it sends in it."""
    return [f"--log-net-log={path}", "--net-log-capture-mode=Everything"]


@dataclass(frozen=True)
class Asked:
    """One request: its address, the origin that asked for it, how, and when (seconds since 1970)."""

    url: str
    who: str = BY_BROWSER
    method: str = "GET"
    has_body: bool = False
    at: float = 0.0

    @property
    def is_from_page(self) -> bool:
        return self.who != BY_BROWSER


@dataclass
class NetLog:
    """`hosts` are the names that were looked up, `sent` the bytes as they left."""

    asked: list[Asked] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    sent: list[bytes] = field(default_factory=list)


def read_netlog(path: Path) -> NetLog:
    """The log in a file that a browser has closed."""
    found = NetLog()
    for kind, at, values in events_of(path):
        if kind == "URL_REQUEST_START_JOB" and "url" in values:
            who, method = str(values.get("initiator", BY_BROWSER)), str(values.get("method", "GET"))
            found.asked.append(Asked(str(values["url"]), who, method, "upload_id" in values, at))
        elif kind == "HOST_RESOLVER_MANAGER_REQUEST" and "host" in values:
            found.hosts.add(str(values["host"]))
        elif kind in _SENT and "bytes" in values:
            found.sent.append(base64.b64decode(str(values["bytes"])))
    return found


def events_of(path: Path) -> Iterator[tuple[str, float, Mapping[str, Any]]]:
    """Name, time and parameters of each event."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
        try:
            log = json.loads(text)
        except ValueError:  # a browser that did not end in peace leaves the list open
            log = json.loads(f"{text.rstrip().rstrip(',')}]}}")
        names = {number: name for name, number in log["constants"]["logEventTypes"].items()}
        start = int(log["constants"]["timeTickOffset"])  # what makes ticks milliseconds since 1970
        events = [
            (names.get(event["type"], ""), (start + int(event["time"])) / 1000, event.get("params"))
            for event in log["events"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        expected, got, do = "Chromium's format", repr(error)[:120], "use a current Chromium"
        raise BrowserError("the browser's network log", expected=expected, got=got, do=do) from error
    yield from ((name, at, params) for name, at, params in events if isinstance(params, Mapping))
