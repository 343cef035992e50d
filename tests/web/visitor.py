"""What does a visitor of an exported page do? Draws with the mouse, invents a sign, reads what is shown.

In: a tab of such a site, in any browser. Goes by the ids that web/page/page.js lists."""

import math
import re

READY = "html[data-state=ready]"
# What a page may ask for: its own host, and what never leaves the browser.
OWN = re.compile(r"(blob:)?http://127\.0\.0\.1:\d+/|data:|blob:")


def opened(tab, address: str):
    """The tab, once its page is ready."""
    tab.goto(address)
    state = tab.until_state("html", "ready", "failed")
    assert state == "ready", tab.text("#status")
    return tab


def probabilities(tab) -> list[float]:
    """What is shown, two frames later: answers come once a frame."""
    tab.evaluate(
        "() => new Promise((d) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(d, 60))))"
    )
    return tab.look("fanlightPage.probabilities()")


def spiral(turn: float):
    """A sign that no digit is like."""
    angles = [k / 2 + turn for k in range(30)]
    return [[[0.5 + a * 0.026 * math.cos(a), 0.5 + a * 0.026 * math.sin(a)] for a in angles]]


def invent(tab, name: str) -> None:
    tab.fill("#teach-name", name)
    for k in range(5):
        tab.draw("#teach-pad", spiral(k / 9))
        tab.click("#teach-keep")
        tab.until(f"document.querySelector('#teach-slots li:nth-child({k + 1}) .filled')")
    tab.until_state("#teach", "known")
