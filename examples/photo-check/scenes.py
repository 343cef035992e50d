"""What does a camera see? Everyday scenes without a document, and a document in such a scene.

In: photos, pictures of documents, a random generator. Out: pictures as a phone would take them, stretched to the side
that the model sees."""

from __future__ import annotations

import io
import math
import random

import numpy as np
from paper import dark, head_and_shoulders, mixed, tinted, word
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

SIDE = 224
LARGE = 320  # the side in which scenes are made
BILINEAR = Image.Resampling.BILINEAR


def crop(photo: Image.Image, rng: random.Random, least: float = 0.3) -> Image.Image:
    """A part of a photo, perhaps turned over."""
    part = rng.uniform(least, 1) ** 0.5
    wide, high = (max(32, round(part * extent)) for extent in photo.size)
    x, y = rng.randint(0, photo.width - wide), rng.randint(0, photo.height - high)
    piece = photo.crop((x, y, x + wide, y + high)).resize((LARGE, LARGE), BILINEAR)
    return ImageOps.mirror(piece) if rng.random() < 0.5 else piece


def gradient(rng: random.Random) -> Image.Image:
    """Light that falls off from one side, with the grain of a surface."""
    y, x = np.mgrid[0:LARGE, 0:LARGE] / LARGE
    turn = rng.uniform(0, 2 * math.pi)
    part = np.clip(0.5 + rng.uniform(0.2, 1) * ((x - 0.5) * math.cos(turn) + (y - 0.5) * math.sin(turn)), 0, 1)
    grain = np.random.default_rng(rng.getrandbits(32)).normal(
        0, rng.uniform(0, 12), (LARGE, 1 if rng.random() < 0.5 else LARGE)
    )
    a, b = np.array(tinted(rng, 20, 235)), np.array(tinted(rng, 20, 235))
    colours = a + part[..., None] * (b - a) + grain[..., None]
    return Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))


def landscape(rng: random.Random) -> Image.Image:
    """Sky, hills, perhaps a sun and trees."""
    picture = gradient(rng)
    draw = ImageDraw.Draw(picture)
    if rng.random() < 0.5:
        x, y, r = rng.uniform(20, 300), rng.uniform(20, 120), rng.uniform(8, 40)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=mixed((255, 220, 120), (255, 255, 255), rng.random()))
    for layer in range(rng.randint(2, 4)):
        base, phase, ink = 120 + 55 * layer, rng.uniform(0, 6), tinted(rng, 20, 170)
        ridge = [(x, base + rng.uniform(8, 34) * math.sin(x / 40 + phase)) for x in range(0, LARGE + 8, 8)]
        draw.polygon([*ridge, (LARGE, LARGE), (0, LARGE)], fill=ink)
    for _ in range(rng.randint(0, 12)):
        x, y, r, ink = rng.uniform(0, 320), rng.uniform(180, 310), rng.uniform(5, 34), tinted(rng, 10, 130)
        draw.ellipse((x - r, y - 2 * r, x + r, y), fill=ink)
    return picture


def things(rng: random.Random) -> Image.Image:
    """Round and square things on a table: none of them bears writing."""
    picture = gradient(rng)
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.randint(1, 9)):
        x, y, w, h = rng.uniform(0, 300), rng.uniform(0, 300), rng.uniform(15, 190), rng.uniform(15, 190)
        shape = rng.choice((draw.ellipse, draw.rectangle, draw.ellipse))
        shape((x - w / 2, y - h / 2, x + w / 2, y + h / 2), fill=tinted(rng, 10, 250))
        if rng.random() < 0.5:
            shape((x - w / 4, y - h / 4, x + w / 6, y + h / 6), fill=tinted(rng, 60, 255))
    return picture


def pattern(rng: random.Random) -> Image.Image:
    """Tiles, bricks, cloth, windows, blinds: many straight lines."""
    picture = gradient(rng)
    draw = ImageDraw.Draw(picture)
    wide, high, gap = rng.randint(10, 110), rng.randint(8, 90), rng.randint(1, 9)
    ink, shift = tinted(rng, 10, 245), rng.choice((0, 0.5))
    for row in range(LARGE // high + 2):
        for column in range(-1, LARGE // wide + 2):
            x, y = (column + shift * (row % 2)) * wide, row * high
            own = mixed(ink, tinted(rng, 0, 255), rng.uniform(0, 0.35))
            draw.rectangle((x, y, x + wide - gap, y + high - gap), fill=own)
    return picture.rotate(rng.uniform(-20, 20), BILINEAR, fillcolor=ink) if rng.random() < 0.6 else picture


def person(rng: random.Random) -> Image.Image:
    """A head and shoulders before something: a portrait alone is no document."""
    picture = things(rng).filter(ImageFilter.GaussianBlur(rng.uniform(2, 8)))
    draw = ImageDraw.Draw(picture)
    x, y, r = rng.uniform(90, 230), rng.uniform(80, 170), rng.uniform(28, 80)
    head_and_shoulders(draw, rng, x, y, r)
    return picture


def sign(rng: random.Random) -> Image.Image:
    """A board over a shop, a poster, a parcel: one or two large words are no document either."""
    picture = landscape(rng) if rng.random() < 0.5 else gradient(rng)
    draw = ImageDraw.Draw(picture)
    x, y, w, h = rng.uniform(10, 90), rng.uniform(20, 140), rng.uniform(130, 220), rng.uniform(50, 150)
    draw.rectangle((x, y, x + w, y + h), fill=tinted(rng, 20, 250))
    font = ImageFont.load_default(rng.randint(24, 46))
    draw.text((x + 10, y + h / 4), word(rng)[:7].upper(), font=font, fill=rng.choice(((250, 250, 250), dark(rng))))
    return picture


def frame(rng: random.Random, photos: list[Image.Image]) -> Image.Image:
    """A photo in a frame on a wall, or on a screen."""
    picture = gradient(rng)
    inside = crop(rng.choice(photos), rng) if photos else landscape(rng)
    w, h = rng.randint(90, 250), rng.randint(90, 250)
    x, y, edge = rng.randint(10, 310 - w), rng.randint(10, 310 - h), rng.randint(3, 14)
    ImageDraw.Draw(picture).rectangle((x - edge, y - edge, x + w + edge, y + h + edge), fill=tinted(rng, 5, 250))
    picture.paste(inside.resize((w, h)), (x, y))
    return picture


DRAWN = (landscape, things, pattern, person, sign, gradient)


def everyday(rng: random.Random, photos: list[Image.Image]) -> Image.Image:
    """A scene without a document: half of them parts of photos."""
    kind = rng.random()
    if kind < 0.5:
        return crop(rng.choice(photos), rng, 0.08)
    return frame(rng, photos) if kind < 0.58 else rng.choice(DRAWN)(rng)


def laid(document: Image.Image, scene: Image.Image, rng: random.Random) -> Image.Image:
    """The document in the scene: turned, seen from aside, perhaps so near that its edge is outside."""
    wide, high = document.size
    turn = rng.gauss(0, 12) if rng.random() < 0.85 else rng.choice((90, 180, 270)) + rng.gauss(0, 6)
    scale = LARGE * rng.uniform(0.5, 1.15) / max(wide, high)
    turn, x, y = math.radians(turn), LARGE / 2 + rng.gauss(0, 18), LARGE / 2 + rng.gauss(0, 18)
    corners = []
    for cx, cy in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        px = cx * wide * scale / 2 * rng.uniform(0.9, 1.06)
        py = cy * high * scale / 2 * rng.uniform(0.9, 1.06)
        corners.append((x + px * math.cos(turn) - py * math.sin(turn), y + px * math.sin(turn) + py * math.cos(turn)))
    ends = [(0, 0), (wide, 0), (wide, high), (0, high)]
    # Twice the size, then the mean of four: what is seen from afar is not jagged.
    doubled = [(2 * px, 2 * py) for px, py in corners]
    numbers = perspective(doubled, ends)
    cover = Image.new("L", document.size, 255).transform((2 * LARGE, 2 * LARGE), Image.Transform.PERSPECTIVE, numbers)
    shown = document.transform((2 * LARGE, 2 * LARGE), Image.Transform.PERSPECTIVE, numbers, BILINEAR)
    scene = scene.resize((LARGE, LARGE))
    shadow = cover.resize((LARGE, LARGE), BILINEAR).filter(ImageFilter.GaussianBlur(6)).point(lambda v: v * 0.45)
    scene.paste((0, 0, 0), (rng.randint(-4, 6), rng.randint(0, 8)), shadow)
    scene.paste(
        shown.resize((LARGE, LARGE), Image.Resampling.BOX), (0, 0), cover.resize((LARGE, LARGE), Image.Resampling.BOX)
    )
    return scene


def perspective(corners: list[tuple[float, float]], ends: list[tuple[float, float]]) -> list[float]:
    """The eight numbers that take places of the scene to places of the document."""
    rows, wanted = [], []
    for (x, y), (u, v) in zip(corners, ends, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    return np.linalg.solve(np.array(rows, float), np.array(wanted, float)).tolist()


def photographed(scene: Image.Image, rng: random.Random) -> np.ndarray:
    """What a phone makes of a scene: light, colour, blur, noise, JPEG; at the side that the model sees."""
    if rng.random() < 0.6:
        light = ImageOps.autocontrast(gradient(rng).convert("L"))
        scene = Image.blend(
            scene, Image.composite(scene, ImageEnhance.Brightness(scene).enhance(0.4), light), rng.random()
        )
    scene = ImageEnhance.Brightness(scene).enhance(rng.uniform(0.65, 1.3))
    scene = ImageEnhance.Color(scene).enhance(rng.uniform(0.4, 1.4))
    scene = ImageEnhance.Contrast(scene).enhance(rng.uniform(0.7, 1.25))
    if rng.random() < 0.4:
        scene = scene.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.8)))
    pixels = np.asarray(scene.resize((SIDE, SIDE), BILINEAR), np.float32)
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(0, 9), pixels.shape)
    noisy = Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))
    data = io.BytesIO()
    noisy.save(data, "JPEG", quality=rng.randint(45, 95))
    return np.asarray(Image.open(data))
