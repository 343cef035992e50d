"""Writes drawings.json: 200 digits drawn with a pen on a pad, as strokes. `python examples/digits/make_drawings.py`

No person drew them: skeletons.py gives the pen's path and the hand, and this script adds what varies from one digit to
the next (place, size, slant, proportions, unsteadiness, speed). Standard library only; the same bytes on every run.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from random import Random

from skeletons import HANDS, SKELETONS, Hand

SIZE = 280  # the pad's side in pixels
COPIES = 2  # of each digit by each hand
FILE = Path(__file__).parents[2] / "src" / "fanlight" / "datasets" / "data" / "drawings.json"
ABOUT = (
    "Digits drawn on a square pad with a round pen, each as strokes of x,y pixels: 10 digits x 10 hands x 2. "
    "No person drew them: make_drawings.py generates them from hand-authored pen paths with random place, size, slant, "
    "proportions, tremor and speed. They test a model; nothing is trained on them."
)

Point = tuple[float, float]


class Chance:
    """Random numbers from `Random.random` alone, which Python promises to keep for a given seed."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed).random

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self._random()

    def normal(self, spread: float) -> float:
        """Returns a bell-shaped number of standard deviation `spread`, never beyond three of them."""
        return spread * 2 * (self._random() + self._random() + self._random() - 1.5)

    def pick(self, options: list[str]) -> str:
        return options[int(self._random() * len(options))]


def read_path(text: str) -> list[list[list[Point]]]:
    """Returns strokes, each a list of smooth pieces, each a list of control points, from a skeleton's text."""
    strokes = []
    for stroke in text.split("|"):
        pieces: list[list[Point]] = [[]]
        for word in stroke.split():
            x, y = map(float, word.rstrip("!").split(","))
            pieces[-1].append((x, y))
            if word.endswith("!"):
                pieces.append([(x, y)])
        strokes.append(pieces)
    return strokes


def stray(pieces: list[list[Point]], spread: float, chance: Chance) -> list[list[Point]]:
    """Returns the pieces with every control point moved a little; a corner stays one point of both its pieces."""
    moved: list[list[Point]] = []
    for piece in pieces:
        points = [(x + chance.normal(spread), y + chance.normal(spread)) for x, y in piece]
        if moved:
            points[0] = moved[-1][-1]
        moved.append(points)
    return moved


def curve(points: list[Point], steps: int = 24) -> list[Point]:
    """Returns points along the Catmull-Rom curve through `points` (Catmull and Rom, 1974), ends included."""
    ends = [points[0], *points, points[-1]]
    path = []
    for (x0, y0), (x1, y1), (x2, y2), (x3, y3) in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for i in range(steps):
            t = i / steps
            a, b, c, d = t * (-1 + t * (2 - t)), 2 + t * t * (3 * t - 5), t * (1 + t * (4 - 3 * t)), t * t * (t - 1)
            path.append(((a * x0 + b * x1 + c * x2 + d * x3) / 2, (a * y0 + b * y1 + c * y2 + d * y3) / 2))
    return [*path, points[-1]]


def write(digit: int, hand: Hand, chance: Chance) -> list[list[Point]]:
    """Returns the strokes of one digit in the skeleton's box, in this hand: bent, leaned and stretched."""
    form = chance.pick(hand.forms[digit].split("/"))
    strokes = [stray(pieces, hand.wobble, chance) for pieces in read_path(SKELETONS[digit][form])]
    paths = [[point for piece in pieces for point in curve(piece)] for pieces in strokes]
    belly, bulge = chance.normal(4), chance.normal(3)  # moves the middle up or down, and to one side
    lean = math.tan(math.radians(hand.slant + chance.normal(4)))
    turn = math.radians(chance.normal(3))
    aspect = hand.aspect * (1 + chance.normal(0.1))

    def place(x: float, y: float) -> Point:
        middle = math.sin(math.pi * y / 100)
        x, y = (x + bulge * middle - 30) * aspect, y + belly * middle - 50
        x -= lean * y
        return x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)

    return [[place(x, y) for x, y in path] for path in paths]


def follow(path: list[Point], hand: Hand, height: float, chance: Chance) -> list[Point]:
    """Returns the pen's events along a path in pixels: uneven steps, shorter in bends, and a shaking pen."""
    events = [path[0]]
    shake_x = shake_y = gone = 0.0
    step = hand.step
    for (xa, ya), (xb, yb), (xc, yc) in zip(path, path[1:], path[2:], strict=False):
        gone += math.hypot(xb - xa, yb - ya)
        bend = abs(math.remainder(math.atan2(yc - yb, xc - xb) - math.atan2(yb - ya, xb - xa), math.tau))
        if gone >= step or bend > 0.7:
            shake_x = 0.75 * shake_x + chance.normal(hand.tremor * height / 100)
            shake_y = 0.75 * shake_y + chance.normal(hand.tremor * height / 100)
            events.append((xb + shake_x, yb + shake_y))
            gone, step = 0.0, hand.step * chance.between(0.6, 1.5) / (1 + 6 * bend)
    return [*events, path[-1]]


def draw(digit: int, hand: Hand, copy: int) -> dict[str, object]:
    """Returns one drawing: the digit in this hand, somewhere on the pad."""
    chance = Chance(f"fanlight drawings: {digit} {hand.name} {copy}")
    height = chance.between(*hand.height)
    # A thick pen would fill the loops of a small digit; people then write larger.
    width = round(min(chance.between(*hand.width), 0.15 * height))
    strokes = write(digit, hand, chance)
    box = bounds(strokes)
    # The margin holds half the pen and the tremor.
    room = SIZE - width - 8
    scale = min(height / (box[3] - box[1]), room / (box[2] - box[0]), room / (box[3] - box[1]))
    strokes = [[(x * scale, y * scale) for x, y in path] for path in strokes]
    strokes = [follow(path, hand, height, chance) for path in strokes]
    left, top, right, bottom = bounds(strokes)
    edge = width / 2 + 2
    dx = chance.between(edge, SIZE - edge - (right - left)) - left
    dy = chance.between(edge, SIZE - edge - (bottom - top)) - top
    return {
        "label": digit,
        "hand": hand.name,
        "width": width,
        "size": SIZE,
        "strokes": [pixels([(x + dx, y + dy) for x, y in path]) for path in strokes],
    }


def bounds(strokes: list[list[Point]]) -> tuple[float, float, float, float]:
    xs, ys = zip(*(point for path in strokes for point in path), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def pixels(path: list[Point]) -> list[int]:
    """Returns x, y, x, y, ... in whole pixels, without repeated points."""
    points = [(round(x), round(y)) for x, y in path]
    kept = [point for i, point in enumerate(points) if i == 0 or point != points[i - 1]]
    return [number for point in kept for number in point]


def drawings_text() -> str:
    """Returns the file's text: JSON with one drawing a line."""
    drawings = [draw(digit, hand, copy) for digit in SKELETONS for hand in HANDS for copy in range(COPIES)]
    lines = ",\n".join(json.dumps(drawing, separators=(",", ":")) for drawing in drawings)
    head = json.dumps({"licence": "Apache-2.0", "about": ABOUT})
    return f'{head[:-1]}, "drawings": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    FILE.write_text(drawings_text(), encoding="utf-8", newline="\n")
