"""What do documents look like? Cards, licences, pages and letters, each a layout of its own, drawn anew each time.

In: the name of a layout, a random generator. Out: a picture of the document alone, as a scanner would see it. They are
generated: none is of a real country, office or person."""

from __future__ import annotations

import random
from collections.abc import Callable

from paper import Pen, dark, mixed, tinted, word
from PIL import Image

CARD, PAGE = (640, 404), (560, 792)


def sheet(size: tuple[int, int], rng: random.Random, is_kept: bool, low: int = 205) -> tuple[Image.Image, Pen]:
    picture = Image.new("RGB", size, tinted(rng, low, 255))
    return picture, Pen(picture, rng, is_kept)


def guilloche(pen: Pen, size: tuple[int, int]) -> None:
    """Fine lines as they are printed under the fields of a card."""
    (wide, high), ink = size, tinted(pen.rng, 150, 230)
    step, lean = pen.rng.randint(6, 16), pen.rng.randint(-120, 120)
    for x in range(-abs(lean), wide + abs(lean), step):
        pen.draw.line((x, 0, x + lean / 2, high / 2, x, high), fill=ink, width=1)


def banner(pen: Pen, wide: int, high: float) -> None:
    pen.draw.rectangle((0, 0, wide, high), fill=mixed(dark(pen.rng), tinted(pen.rng, 40, 220), pen.rng.random()))
    pen.text(20, 0.2 * high, f"{word(pen.rng)} {word(pen.rng)}".upper(), 0.5 * high, (250, 250, 250))


def card(rng: random.Random, is_kept: bool) -> Image.Image:
    """A portrait at one side, fields beside it, perhaps lines for machines."""
    picture, pen = sheet(CARD, rng, is_kept)
    guilloche(pen, CARD)
    banner(pen, 640, rng.uniform(40, 70))
    at_left = rng.random() < 0.7
    left = 24 if at_left else 430
    pen.portrait((left, 90, left + 176, 310))
    for row in range(rng.randint(4, 6)):
        pen.field(226 if at_left else 24, 86 + 44 * row, 21)
        if row % 2:
            pen.field(430 if at_left else 230, 86 + 44 * row, 21)
    if rng.random() < 0.5:
        pen.machine_lines(20, 330, 600, 2)
    else:
        pen.signature(left, 345, 150)
    return picture


def licence(rng: random.Random, is_kept: bool) -> Image.Image:
    """Numbered lines, a portrait, classes in a row."""
    picture, pen = sheet(CARD, rng, is_kept, 190)
    guilloche(pen, CARD)
    pen.draw.ellipse((20, 14, 84, 78), fill=dark(rng))
    pen.text(104, 24, f"{word(rng)} {word(rng)}".upper(), 34)
    pen.portrait((24, 96, 190, 300))
    for row in range(7):
        pen.text(212, 96 + 33 * row, f"{row + 1}.", 18)
        pen.text(248, 94 + 33 * row, word(rng).upper() + " " + word(rng).capitalize(), 22)
    for column in range(8):
        pen.draw.rectangle((212 + 50 * column, 344, 256 + 50 * column, 384), outline=pen.ink, width=2)
        pen.text(224 + 50 * column, 352, rng.choice("ABCDELMT"), 20)
    pen.signature(36, 350, 130)
    return picture


def health(rng: random.Random, is_kept: bool) -> Image.Image:
    """A card with a chip, a long number and no portrait."""
    picture, pen = sheet(CARD, rng, is_kept, rng.choice((60, 160, 215)))
    banner(pen, 640, rng.uniform(60, 110))
    pen.draw.rounded_rectangle((50, 150, 136, 218), 12, fill=(212, 178, 92), outline=(120, 96, 40), width=2)
    pen.draw.line((50, 184, 136, 184), fill=(120, 96, 40), width=2)
    pen.draw.line((93, 150, 93, 218), fill=(120, 96, 40), width=2)
    pen.text(50, 246, "  ".join(str(rng.randrange(1000, 9999)) for _ in range(4)), 42)
    pen.field(50, 318, 24)
    pen.field(330, 318, 24)
    if rng.random() < 0.5:
        pen.bars((380, 150, 600, 214))
    return picture


def passport(rng: random.Random, is_kept: bool) -> Image.Image:
    """A page with a large portrait, fields in two columns and two long lines for machines."""
    size = (720, 505)
    picture, pen = sheet(size, rng, is_kept)
    guilloche(pen, size)
    pen.text(30, 22, word(rng).upper(), 38)
    pen.portrait((30, 90, 230, 350))
    for row in range(5):
        pen.field(262, 84 + 58 * row, 24)
        pen.field(500, 84 + 58 * row, 24)
    if rng.random() < 0.5:
        pen.stamp(rng.uniform(420, 660), rng.uniform(120, 330), 60)
    pen.machine_lines(24, 410, 670, 2)
    return picture


def badge(rng: random.Random, is_kept: bool) -> Image.Image:
    """An upright card: a portrait above, a name below, a code."""
    size = (404, 640)
    picture, pen = sheet(size, rng, is_kept, 215)
    banner(pen, 404, rng.uniform(60, 100))
    pen.portrait((102, 126, 302, 366))
    pen.text(60, 392, f"{word(rng).capitalize()} {word(rng).capitalize()}", 40)
    pen.field(60, 452, 24)
    if rng.random() < 0.5:
        pen.bars((60, 540, 344, 606))
    else:
        pen.squares((150, 520, 250, 620))
    return picture


def letter(rng: random.Random, is_kept: bool) -> Image.Image:
    """A head, an address, paragraphs, a signature."""
    picture, pen = sheet(PAGE, rng, is_kept, 232)
    size = rng.uniform(11, 15)
    pen.text(54, 40, f"{word(rng)} {word(rng)}".title(), 26, dark(rng))
    for row in range(4):
        pen.text(54, 118 + 1.4 * size * row, f"{word(rng)} {word(rng)}".title(), size)
    pen.text(400, 150, f"{rng.randrange(1, 29)}.{rng.randrange(1, 13)}.{rng.randrange(2000, 2030)}", size)
    top = 236.0
    for _ in range(rng.randint(2, 4)):
        top = pen.paragraph((54, top, 506, min(top + rng.uniform(60, 160), 640)), size) + size
    pen.signature(60, min(top + 40, 700), 140)
    if rng.random() < 0.4:
        pen.stamp(rng.uniform(330, 460), rng.uniform(600, 700), 56)
    return picture


def bill(rng: random.Random, is_kept: bool) -> Image.Image:
    """A table of lines with sums, a code of squares."""
    picture, pen = sheet(PAGE, rng, is_kept, 232)
    banner(pen, 560, rng.uniform(46, 90))
    for row in range(4):
        pen.text(46, 118 + 22 * row, f"{word(rng)} {word(rng)}".title(), 15)
    pen.field(360, 118, 18)
    pen.field(360, 168, 18)
    rows = rng.randint(6, 13)
    for row in range(rows + 1):
        y = 262 + 30 * row
        pen.draw.line((46, y, 514, y), fill=pen.ink, width=1)
        if row < rows:
            pen.text(54, y + 7, f"{word(rng)} {word(rng)}", 14)
            pen.text(430, y + 7, f"{rng.uniform(1, 900):8.2f}", 14)
    pen.squares((46, 664, 146, 764))
    pen.field(300, 690, 20)
    return picture


def form(rng: random.Random, is_kept: bool) -> Image.Image:
    """Boxes with labels, filled in by hand or by machine."""
    picture, pen = sheet(PAGE, rng, is_kept, 225)
    pen.text(46, 36, f"{word(rng)} {word(rng)}".capitalize(), 28)
    paper = mixed((255, 255, 255), tinted(rng, 200, 255), 0.5)
    for row in range(rng.randint(7, 10)):
        y, split = 100 + 62 * row, rng.choice((280, 190, 514, 370))
        for left, right in ((46, split), (split + 8, 514)):
            if right - left > 40:
                pen.draw.rectangle((left, y, right, y + 52), fill=paper, outline=pen.ink, width=1)
                pen.field(left + 6, y + 5, 19)
    pen.signature(320, 750, 140)
    return picture


def certificate(rng: random.Random, is_kept: bool) -> Image.Image:
    """A frame, a large title, a few lines in the middle, a seal."""
    size = (792, 560)
    picture, pen = sheet(size, rng, is_kept, 225)
    for inset in (18, 28):
        pen.draw.rectangle((inset, inset, 792 - inset, 560 - inset), outline=pen.ink, width=3)
    pen.text(180, 70, word(rng).capitalize() + " " + word(rng), 54)
    pen.text(220, 190, f"{word(rng)} {word(rng)} {word(rng)}".title(), 30)
    pen.paragraph((120, 260, 680, 390), 18)
    pen.signature(130, 470, 150)
    pen.stamp(620, 450, 62)
    return picture


# The head learns from these, its threshold is chosen on others, and the test has layouts of its own.
LEARNT: list[Callable[[random.Random, bool], Image.Image]] = [card, licence, letter, bill, badge]
CHOSEN: list[Callable[[random.Random, bool], Image.Image]] = [health, form]
KEPT: list[Callable[[random.Random, bool], Image.Image]] = [passport, certificate]
