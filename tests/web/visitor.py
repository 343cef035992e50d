"""What does a visitor of an exported page do? Draws with the mouse, invents a sign, reads what is shown.

In: a Playwright page of such a site. Goes by the ids that web/page/page.js lists."""

import math

import pytest

READY = "html[data-state=ready]"


def draw(page, pad: str, strokes) -> None:
    """Moves the mouse over a pad; strokes are lists of [x, y] from 0 to 1."""
    page.locator(pad).scroll_into_view_if_needed()
    box = page.locator(pad).bounding_box()
    for stroke in strokes:
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()


def until(page, condition: str) -> None:
    """Waits for a condition. Playwright's own way needs eval, which the page's policy forbids."""
    for _ in range(300):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"15 seconds passed without {condition}")


def probabilities(page) -> list[float]:
    """What is shown, two frames later: answers come once a frame."""
    frames = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 60))))"
    page.evaluate(frames)
    return page.evaluate("fanlightPage.probabilities()")


def spiral(turn: float):
    """A sign that no digit is like."""
    angles = [k / 2 + turn for k in range(30)]
    return [[[0.5 + a * 0.026 * math.cos(a), 0.5 + a * 0.026 * math.sin(a)] for a in angles]]


def invent(page, name: str) -> None:
    page.fill("#teach-name", name)
    for k in range(5):
        draw(page, "#teach-pad", spiral(k / 9))
        page.click("#teach-keep")
        page.wait_for_selector(f"#teach-slots li:nth-child({k + 1}) .filled", state="attached")
    page.wait_for_selector("#teach[data-state=known]")
