"""Can code in a page send something away at all? Every way is tried from inside; a way is open where something arrived.

In: an open page, and a listener that stands for other origins. Out: how each way ended. `attempts.js` and `beyond.js`
hold the ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from fanlight.verification.browser import Visit, script_text
from fanlight.verification.collector import Collector
from fanlight.verification.netlog import NetLog

SETTLE = 400  # milliseconds that packets have to arrive

# Ways that no policy of a page closes, and what there is to say of each.
BEYOND = {
    "own-host-body": "its own host can be sent data",
    "own-host-query": "its own host can be told something by the address of a request",
    "webrtc": "a peer connection (WebRTC); browsers know no policy against it",
    "window": "a new window on another address",
    "navigation": "leaving for another address",
}
OWN_HOST = ("own-host-body", "own-host-query")
OWN_WORKER = "own-worker"
CODE = ("inline-script", "eval")  # what must not run at all, whether or not it sends something


@dataclass
class Attempt:
    """One way: what the policy said, what was thrown, whether something arrived, and whether the page counted it."""

    name: str
    said: list[str] = field(default_factory=list)
    threw: str = ""
    arrived: bool = False
    counted: bool = False

    @property
    def outcome(self) -> str:
        if self.arrived or (self.name in CODE and not self.threw):
            return "counted" if self.counted else "open"
        return "blocked" if self.said or self.threw else "nothing sent"


def attempt_all(visit: Visit, collector: Collector, secret: str) -> dict[str, Attempt]:
    """Tries every way from the page of `visit`, which is open and ready. `settle_attempts` completes what is found."""
    workers = own_workers(visit)  # before the attempts: they start workers too
    names = visit.run("attempts.js", {})
    origins = {name: collector.origin(name) for name in names}
    said = visit.run("attempts.js", {"origins": origins, "secret": secret})
    found = {name: Attempt(name, **said[name]) for name in names}
    datagrams = len(collector.datagrams)
    found["web-transport"].arrived = datagrams > 0
    if workers:
        given = {"to": collector.origin(OWN_WORKER), "secret": secret}
        thrown = [worker.evaluate(script_text("fetch.js"), given) for worker in workers]
        found[OWN_WORKER] = Attempt(OWN_WORKER, threw=thrown[0] if all(thrown) else "")
    for name in BEYOND:
        if name in OWN_HOST and not visit.site.is_folder:
            continue
        before = len(visit.requests)
        given = {"name": name, "to": collector.origin(name), "port": collector.port, "secret": secret}
        result = visit.run("beyond.js", given)
        visit.page.wait_for_timeout(SETTLE)
        found[name] = attempted = Attempt(name, threw=result["threw"])
        if name in OWN_HOST:
            own = [sent for sent in visit.requests[before:] if visit.site.owns(sent.url)]
            attempted.arrived = any(secret in sent.url or secret.encode() in sent.body for sent in own)
            attempted.counted = (result["after"] or 0) > (result["before"] or 0)
    found["webrtc"].arrived = len(collector.datagrams) > datagrams
    return found


def own_workers(visit: Visit) -> list[Any]:
    """The workers that the page has started, and that of the model; none where it starts none."""
    page = visit.page
    if not page.workers and visit.site.is_folder:
        visit.run("selftest.js", {"index": visit.site.address + "index.js", "options": {"thread": "worker"}})
    return list(page.workers)


def settle_attempts(found: Mapping[str, Attempt], collector: Collector, log: NetLog) -> None:
    """Adds what arrived, by the listener and by the browser's log; called once the browser is gone."""
    looked_up = {urlsplit(host).hostname or host for host in log.hosts} | {
        urlsplit(asked.url).hostname for asked in log.asked
    }
    for name, attempted in found.items():
        attempted.arrived |= collector.arrived(name) or f"{name}.localhost" in looked_up
