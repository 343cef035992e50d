"""Does anything leave the page? A canary is put into it in every way that it offers, and looked for in what goes out.

In: a bundle. Out: checks, and in plain words what they show and what they cannot. Looks at the driver's reports, at the
browser's network log below them, and at what arrives at another origin."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit

from fanlight.bundle.manifest import NAME
from fanlight.bundle.read import Bundle
from fanlight.verification.attempts import BEYOND, Attempt, attempt_all, settle_attempts
from fanlight.verification.browser import Sent, Site, Visit, chromium, opened, visiting
from fanlight.verification.canary import LONGEST, Canary
from fanlight.verification.checks import Check, attempt, check
from fanlight.verification.collector import collecting
from fanlight.verification.netlog import Asked, NetLog, flags, read_netlog
from fanlight.verification.plant import plant

SETTLE = 700  # milliseconds that late messages have


@dataclass
class Privacy:
    """What was found. `attempts`: way out -> "blocked", "nothing sent", "counted" or "open"."""

    checks: list[Check] = field(default_factory=list)
    attempts: dict[str, str] = field(default_factory=dict)
    proved: list[str] = field(default_factory=list)
    not_proved: list[str] = field(default_factory=list)


def check_privacy(bundle: Bundle) -> Privacy:
    """Plants a canary and looks for it; then tries from inside to send another one away."""
    canary, second = Canary(), Canary()
    attempts: dict[str, Attempt] = {}
    checks: list[Check] = []
    planted = Planted()
    with TemporaryDirectory() as folder, opened(bundle, is_isolated=False) as site, collecting() as collector:
        path = Path(folder) / "net.json"
        with chromium(flags(path)) as browser:
            with visiting(browser, site) as visit:
                checks.append(attempt("canary planted", lambda: plant_in(visit, canary, planted)))
            with visiting(browser, site) as visit:

                def attempt_now() -> Check:
                    start(visit)
                    attempts.update(attempt_all(visit, collector, second.text))
                    return check("policy", True, "")

                tried = attempt("policy", attempt_now)
        log = read_netlog(path)
        settle_attempts(attempts, collector, log)
    checks += [
        check_requests(planted, log, site, collector.port),
        check_canary(planted, canary, log),
        check_traces(planted),
        check_policy(attempts) if tried["ok"] else tried,
    ]
    found = Privacy(checks, {name: each.outcome for name, each in attempts.items()})
    passed = {each["name"] for each in checks if each["ok"]}
    found.proved = proved(passed, own_requests(planted, log, site))
    found.not_proved = not_proved(passed, attempts, log, site, collector.port)
    return found


# --- planting


@dataclass
class Planted:
    """What happened in the page in which the canary was, between `begin` and `end` (seconds since 1970): requests that
    the driver saw, windows and sockets, what could be read from outside, and what stays on the device. `before` counts
    the requests until then."""

    begin: float = 0.0
    end: float = 0.0
    before: int = 0
    ways: list[str] = field(default_factory=list)
    after: list[Sent] = field(default_factory=list)
    openings: list[str] = field(default_factory=list)
    traces: dict[str, Any] = field(default_factory=dict)

    def asked(self, log: NetLog) -> list[Asked]:
        """What the browser asked for in that time, by its own log: it also has what the driver does not report, such
        as beacons of a page that is left."""
        return [asked for asked in log.asked if self.begin <= asked.at <= self.end]


def start(visit: Visit) -> None:
    """Opens the bundle's page, or an empty one, and finds its model."""
    visit.start()
    visit.need_model()


def plant_in(visit: Visit, canary: Canary, planted: Planted) -> Check:
    start(visit)
    planted.before = len(visit.requests)
    planted.begin = time.time()
    try:
        planted.ways = plant(visit, canary)
        visit.page.wait_for_timeout(SETTLE)
        planted.traces = visit.run("traces.js")
        planted.openings = [each for each in visit.openings if not each.startswith("download ")]
        visit.page.goto("about:blank")  # pages may send something when they are left
        visit.page.wait_for_timeout(SETTLE)
    finally:
        planted.end = time.time()
        planted.after = visit.requests[planted.before :]
    size = len(canary.windows) + len(canary.numbers)
    return check(
        "canary planted", bool(planted.ways), f"{'; '.join(planted.ways)} ({size:,} values that exist nowhere else)"
    )


# --- what was found


def is_foreign(url: str, site: Site, port: int) -> bool:
    """Whether a request leaves the bundle's origin; the attempts have a port of their own."""
    return url.startswith(("http", "ws")) and not site.owns(url) and urlsplit(url).port != port


def check_requests(planted: Planted, log: NetLog, site: Site, port: int) -> Check:
    """After the canary was planted, by the browser's own log: files of the bundle only, by their names alone."""
    if not planted.begin:
        return check("requests after it", None, "the canary was not planted")
    if site.is_folder and not any(asked.at < planted.begin and site.owns(asked.url) for asked in log.asked):
        return check("requests after it", False, "the browser's log does not even have the requests for the page")
    known = {"", NAME, *site.bundle.manifest.files}
    foreign = [asked for asked in log.asked if asked.is_from_page and is_foreign(asked.url, site, port)]
    own = own_requests(planted, log, site)
    odd = [asked for asked in own if not (is_bare(asked) and name_of(asked.url) in known)]
    worst_first = sorted([*foreign, *odd], key=lambda asked: not asked.has_body)
    if problems := [f"{asked.method} {asked.url[:120]}" for asked in worst_first]:
        listed = "; ".join(list(dict.fromkeys(problems))[:6])
        return check("requests after it", False, f"{len(problems)} that are no files of the bundle: {listed}")
    files = f": {', '.join(sorted({name_of(asked.url) for asked in own}))}" if own else ""
    return check("requests after it", True, f"{len(own)}{files} (before it: {planted.before})")


def own_requests(planted: Planted, log: NetLog, site: Site) -> list[Asked]:
    return [asked for asked in planted.asked(log) if asked.url.startswith("http") and site.owns(asked.url)]


def is_bare(asked: Asked) -> bool:
    """Whether a request says nothing but the name of a file."""
    return asked.method == "GET" and not asked.has_body and not urlsplit(asked.url).query


def name_of(url: str) -> str:
    return unquote(urlsplit(url).path).removeprefix("/")


def check_canary(planted: Planted, canary: Canary, log: NetLog) -> Check:
    """Nothing that went out holds the canary."""
    if not planted.ways:
        return check("canary", None, "the canary was not planted")
    requests = [f"{sent.method} {sent.url}\n{sent.headers}\n".encode() + sent.body for sent in planted.after]
    parts: dict[str, list[bytes]] = {
        "a request": requests,
        "the bytes on the wire": log.sent,
        "an address": [asked.url.encode() for asked in log.asked] + [host.encode() for host in log.hosts],
        "a window, navigation or socket": [each.encode() for each in planted.openings],
        **{name: [str(text).encode()] for name, text in planted.traces.get("seen", {}).items()},
    }
    joined = {place: b"\n".join(each) for place, each in parts.items()}
    found = [f"{place} ({', '.join(how)})" for place, data in joined.items() if (how := canary.found_in(data))]
    found += [f"more than can be searched: {len(data):,} bytes" for data in joined.values() if len(data) > LONGEST]
    if found:
        return check("canary", False, f"found in {'; '.join(found)}")
    size = sum(map(len, log.sent))
    return check(
        "canary", True, f"not in the {size:,} bytes that the browser sent, nor in title, address, name, cookies"
    )


def check_traces(planted: Planted) -> Check:
    """The page opened nothing, hinted at nothing, registered nothing, and its own count of bytes sent, if any, is 0."""
    traces = planted.traces
    if not traces:
        return check("traces", None, "the canary was not planted")
    problems = list(planted.openings)
    problems += [f"a hint to {address}" for address in traces["hints"]]
    problems += [f"{traces['workers']} service workers"] if traces["workers"] else []
    problems += [f"the page counts {traces['sent']} bytes sent"] if traces["sent"] else []
    problems += [f"{key} {traces['seen'][key]!r}"[:120] for key in ("cookies", "window.name") if traces["seen"][key]]
    if problems:
        return check("traces", False, "; ".join(problems))
    kept = f"; kept on the device: {', '.join(traces['kept'])}" if traces["kept"] else ""
    counts = "" if traces["sent"] is None else "; the page counts 0 bytes sent"
    return check("traces", True, f"no cookie, window, navigation, socket or hint{counts}{kept}")


def check_policy(attempts: Mapping[str, Attempt]) -> Check:
    """No way that a policy can close is open."""
    closable = {name: each for name, each in attempts.items() if name not in BEYOND}
    leaks = [name for name, each in closable.items() if each.outcome in ("open", "counted")]
    if leaks:
        return check(
            "policy", False, f"{len(leaks)} of {len(closable)} ways to another origin are open: {', '.join(leaks)}"
        )
    return check("policy", True, f"{len(closable)} ways to another origin were tried from inside, all are closed")


# --- what that means


def proved(passed: Set[str], own: Sequence[Asked]) -> list[str]:
    """What the checks that passed show, in plain words."""
    if "canary planted" not in passed:
        return []
    asked = f"{len(own)} more of its own files, by name alone" if own else "nothing more"
    lines = {
        "requests after it": f"Once the data was in the page, it asked for {asked}.",
        "canary": "The data was in nothing that left the browser: not as it is, and not as base64, hexadecimal, URL or "
        "decimal text.",
        "traces": "It was left nowhere where another page or the host could read it.",
        "policy": "Code in the page, the model's worker included, cannot reach another origin by any way that a policy "
        "can close.",
    }
    return [line for name, line in lines.items() if name in passed]


def not_proved(passed: Set[str], attempts: Mapping[str, Attempt], log: NetLog, site: Site, port: int) -> list[str]:
    """What a run like this cannot show, and the ways that it found open."""
    beyond = [name for name, each in attempts.items() if name in BEYOND and each.outcome in ("open", "counted")]
    is_clean = {"canary planted", "requests after it", "canary", "traces"} <= passed
    taken = ", and the page did not take it" if is_clean else ""
    counts = {name: "; the page counted it" for name in beyond if attempts[name].outcome == "counted"}
    lines = [f"No policy closes this way{taken}: {BEYOND[name]}{counts.get(name, '')}." for name in beyond]
    by_itself = [asked for asked in log.asked if not asked.is_from_page and is_foreign(asked.url, site, port)]
    services = sorted({urlsplit(asked.url).hostname or "" for asked in by_itself})
    lines += [
        "Extensions, and the browser itself, see what a visitor types."
        + (f" In this run the browser asked {', '.join(services)} by itself." if services else ""),
        "The next version of the page: its host can change the files at any time. This holds for these files only.",
        "Other browsers, other inputs than those of this run, and what is encrypted or compressed before it is sent.",
    ]
    logs = "The host learns a visitor's network address and which files were asked for, and may write that down."
    return [*lines, logs] if site.is_folder else lines
