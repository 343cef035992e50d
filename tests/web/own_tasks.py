"""How long does a page's own thread compute at once? The tasks between two marks, in a trace of Chromium."""

import json
from collections.abc import Callable
from typing import Any

BEGIN, END = "watched from here", "watched until here"


def own_tasks(browser: Any, page: Any, work: Callable[[], Any]) -> tuple[list[float], Any]:
    """Milliseconds of processor time that the page's thread took for each of its tasks while `work` ran, and what that
    gave. Time in which the machine computed something else counts where the trace does not tell it apart."""
    browser.start_tracing(page=page, categories=["toplevel", "blink.user_timing"])
    page.evaluate(f"performance.mark({BEGIN!r})")
    found = work()
    page.evaluate(f"performance.mark({END!r})")
    events = json.loads(browser.stop_tracing())["traceEvents"]
    marks = {event["name"]: event for event in events if event["name"] in (BEGIN, END)}
    places = {(event["pid"], event["tid"]) for event in marks.values()}
    assert len(marks) == 2 and len(places) == 1
    begin, end = marks[BEGIN]["ts"], marks[END]["ts"]
    tasks = [e for e in events if e["name"].endswith("RunTask") and (e["pid"], e["tid"]) in places and e["ph"] == "X"]
    return [event.get("tdur", event["dur"]) / 1000 for event in tasks if begin <= event["ts"] <= end], found
