"""What lies on a page of a document? Words, lines, portraits, bars, stamps and signatures, each drawn anew.

In: a random generator, a drawing and a box. Knows no layout and no photo. Every word is made of random syllables."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

Box = tuple[float, float, float, float]
Colour = tuple[int, int, int]

FOLDERS = [Path("/usr/share/fonts"), Path("/Library/Fonts"), Path("/System/Library/Fonts"), Path("C:/Windows/Fonts")]
# Families that the head learns from, and those that are kept for the test.
LEARNT = ("DejaVuSans", "LiberationSans", "Arial", "arial", "Verdana", "verdana", "Helvetica", "DejaVuSansMono")
KEPT = ("DejaVuSerif", "LiberationSerif", "LiberationMono", "Times", "times", "Georgia", "georgia", "Courier", "cour")
SYLLABLES = (
    "ba be bi bo da de di do fa fe ga go ha hi ka ke ki la le li lo ma me mi mo na ne no pa pe ra re ri ro sa se"
)
SYLLABLES += " so ta te ti to va ve vi za zo an el in or un est ald erg int olm"


@cache
def families(is_kept: bool) -> list[Path]:
    """The files of the fonts; empty where the system has none of them: then Pillow's own serves."""
    names = KEPT if is_kept else LEARNT
    found = [path for folder in FOLDERS if folder.is_dir() for path in sorted(folder.rglob("*.ttf"))]
    return [path for path in found if path.stem.split("-")[0] in names]


@cache
def font_at(path: Path | None, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size) if path is None else ImageFont.truetype(path, size)


class Pen:
    """What draws one document: its fonts, its ink and its chances."""

    def __init__(self, picture: Image.Image, rng: random.Random, is_kept: bool):
        self.picture, self.draw, self.rng = picture, ImageDraw.Draw(picture), rng
        files = families(is_kept)
        self.plain = rng.choice(files) if files else None
        self.ink: Colour = dark(rng)

    def font(self, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        return font_at(self.plain, max(6, round(size)))

    def text(self, x: float, y: float, words: str, size: float, fill: Colour | None = None) -> None:
        self.draw.text((x, y), words, fill=fill or self.ink, font=self.font(size))

    def field(self, x: float, y: float, size: float, label: str | None = None) -> None:
        """A small label and what was filled in under it."""
        self.text(x, y, label or word(self.rng), 0.6 * size, mixed(self.ink, (255, 255, 255), 0.35))
        self.text(x, y + 0.7 * size, value(self.rng), size)

    def paragraph(self, box: Box, size: float) -> float:
        """Lines of words as wide as the box; gives where they end."""
        left, top, right, bottom = box
        while top + 1.4 * size < bottom:
            line = word(self.rng).capitalize()
            while self.draw.textlength(line, self.font(size)) < right - left - 4 * size:
                line += " " + word(self.rng)
            self.text(left, top, line, size)
            top += 1.4 * size
        return top

    def machine_lines(self, x: float, y: float, width: float, count: int) -> None:
        """Lines for machines: capitals, digits and many <."""
        length = self.rng.choice((30, 36, 44))
        size = 1.55 * width / length
        for row in range(count):
            letters = "".join(self.rng.choices("ABCDEFGHIKLMNOPRSTUVZ0123456789", k=length // 2))
            self.text(x, y + 1.35 * size * row, letters + "<" * (length - len(letters)), size, (25, 25, 30))

    def portrait(self, box: Box) -> None:
        """A head and shoulders before a plain wall."""
        wide, high = round(box[2] - box[0]), round(box[3] - box[1])
        picture = Image.new("RGB", (wide, high), tinted(self.rng, 190, 245))
        head_and_shoulders(ImageDraw.Draw(picture), self.rng, wide / 2, 0.4 * high, 0.24 * wide)
        if self.rng.random() < 0.4:
            ImageDraw.Draw(picture).rectangle((0, 0, wide - 1, high - 1), outline=self.ink, width=2)
        self.picture.paste(picture, (round(box[0]), round(box[1])))

    def bars(self, box: Box) -> None:
        """A code of bars."""
        left, top, right, bottom = box
        self.draw.rectangle(box, fill=(250, 250, 250))
        while left < right - 4:
            width = self.rng.choice((1, 1, 2, 3, 4))
            self.draw.rectangle((left, top, left + width - 1, bottom), fill=(15, 15, 15))
            left += width + self.rng.choice((1, 2, 2, 3))

    def squares(self, box: Box) -> None:
        """A code of squares."""
        left, top, right, _ = box
        count, side = 21, (right - left) / 21
        self.draw.rectangle((left, top, right, top + right - left), fill=(250, 250, 250))
        for row in range(count):
            for column in range(count):
                if self.rng.random() < 0.5:
                    x, y = left + side * column, top + side * row
                    self.draw.rectangle((x, y, x + side, y + side), fill=(15, 15, 15))

    def stamp(self, x: float, y: float, r: float) -> None:
        ink = self.rng.choice(((40, 60, 150), (160, 40, 50), (60, 60, 70)))
        for each in (r, 0.8 * r):
            self.draw.ellipse((x - each, y - each, x + each, y + each), outline=ink, width=3)
        self.text(x - 0.6 * r, y - 0.15 * r, word(self.rng).upper(), 0.3 * r, ink)

    def signature(self, x: float, y: float, width: float) -> None:
        points = [(x, y)]
        while points[-1][0] < x + width:
            px, _ = points[-1]
            points.append((px + self.rng.uniform(-0.02, 0.09) * width, y + self.rng.uniform(-0.13, 0.13) * width))
        self.draw.line(points, fill=(25, 30, 90), width=2, joint="curve")


def head_and_shoulders(draw: ImageDraw.ImageDraw, rng: random.Random, x: float, y: float, r: float) -> None:
    """A person of circles; (x, y) is the middle of the face, r its radius."""
    skin = mixed((250, 222, 196), (84, 54, 38), rng.random())
    hair = mixed((30, 22, 18), (205, 175, 120), rng.random() ** 2)
    draw.ellipse((x - 1.25 * r, y - 1.6 * r, x + 1.25 * r, y + rng.uniform(0.6, 2.2) * r), fill=hair)
    draw.ellipse((x - 2 * r, y + 1.5 * r, x + 2 * r, y + 7 * r), fill=tinted(rng, 15, 190))
    draw.rectangle((x - 0.4 * r, y + r, x + 0.4 * r, y + 1.9 * r), fill=mixed(skin, (0, 0, 0), 0.12))
    draw.ellipse((x - r, y - 1.25 * r, x + r, y + 1.4 * r), fill=skin)
    dot = max(1.5, 0.07 * r)
    for side in (-0.4, 0.4):
        draw.ellipse((x + side * r - dot, y - dot, x + side * r + dot, y + dot), fill=(40, 30, 30))
    draw.line((x - 0.3 * r, y + 0.75 * r, x + 0.3 * r, y + 0.75 * r), fill=(150, 80, 80), width=max(2, round(r / 14)))


def word(rng: random.Random) -> str:
    return "".join(rng.choices(SYLLABLES.split(), k=rng.choice((1, 2, 2, 3, 3, 4))))


def value(rng: random.Random) -> str:
    """A name, a date or a number, as forms have them."""
    kind = rng.randrange(4)
    if kind == 0:
        return f"{rng.randrange(1, 29):02}.{rng.randrange(1, 13):02}.{rng.randrange(1940, 2030)}"
    if kind == 1:
        return "".join(rng.choices("ABCDEFGHKLMNPRSTUVWXYZ0123456789", k=rng.randrange(6, 12)))
    return " ".join(word(rng).upper() if kind == 2 else word(rng).capitalize() for _ in range(rng.randrange(1, 3)))


def tinted(rng: random.Random, low: int, high: int) -> Colour:
    return rng.randint(low, high), rng.randint(low, high), rng.randint(low, high)


def dark(rng: random.Random) -> Colour:
    return tinted(rng, 5, 75)


def mixed(a: Colour, b: Colour, part: float) -> Colour:
    red, green, blue = (round(x + part * (y - x)) for x, y in zip(a, b, strict=True))
    return red, green, blue
