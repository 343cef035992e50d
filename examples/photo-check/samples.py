"""Which pictures does the head learn from, which choose its threshold, which test it? Three sets without a common
layout, font or photo.

In: photos of everyday things, a seed. Out: pixels and answers: 1 is a document."""

from __future__ import annotations

import random
from pathlib import Path

import documents
import numpy as np
import scenes
from PIL import Image

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
SETS = {"learn": (documents.LEARNT, False), "choose": (documents.CHOSEN, False), "test": (documents.KEPT, True)}
LEAST = 6  # photos: two at least for each set


def photos_of(folder: Path) -> dict[str, list[Image.Image]]:
    """The photos of a folder, by set: of five, three are learnt from. Raises ValueError where there are too few."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES) if folder.is_dir() else []
    if len(paths) < LEAST:
        raise ValueError(f"--photos {folder}: expected {LEAST} photos at least, got {len(paths)}")
    found: dict[str, list[Image.Image]] = {name: [] for name in SETS}
    for number, path in enumerate(paths):
        with Image.open(path) as opened:
            name = ("choose", "learn", "test", "learn", "learn")[number % 5]
            found[name].append(opened.convert("RGB"))
    return found


def made(name: str, count: int, photos: list[Image.Image], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """As many pictures of a set, half of them documents: (uint8 [count, side, side, 3], float32 [count, 1])."""
    layouts, is_kept = SETS[name]
    pictures = np.empty((count, scenes.SIDE, scenes.SIDE, 3), np.uint8)
    for number in range(count):
        rng = random.Random(f"{name} {seed} {number}")
        scene = scenes.everyday(rng, photos)
        if number % 2:
            document = rng.choice(layouts)(rng, is_kept)
            scene = scenes.laid(document, scene, rng)
        pictures[number] = scenes.photographed(scene, rng)
    return pictures, (np.arange(count) % 2).astype(np.float32)[:, None]
