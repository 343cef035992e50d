"""A film for Chromium's fake camera, of hands that are cut from photos: what they show moves as it is asked for."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path

PHOTO = "hand_5.jpg"  # six hands on white
CUTS = {"point": (20, 10, 140, 200), "closed": (240, 10, 360, 200), "open": (335, 225, 441, 351)}  # of 441 x 351
WIDE, HIGH = 640, 480

Place = Callable[[float], tuple[str, float, float]]


def film(path: Path, photo: Path, places: Iterable[Place], seconds: float = 4, rate: int = 15) -> Path:
    """Writes a film in which each of `places` gives, for a moment from 0 to 1, a cut and where its middle is."""
    from PIL import Image

    with Image.open(photo) as opened:
        picture = opened.convert("RGB")
    cuts = {
        name: picture.crop(box).resize(((box[2] - box[0]) * 3 // 2, (box[3] - box[1]) * 3 // 2))
        for name, box in CUTS.items()
    }
    frames = []
    for number in range(int(seconds * rate)):
        frame = Image.new("RGB", (WIDE, HIGH), "white")
        for place in places:
            name, x, y = place(number / (seconds * rate))
            cut = cuts[name]
            frame.paste(cut, (round(x * WIDE - cut.width / 2), round(y * HIGH - cut.height / 2)))
        data = io.BytesIO()
        frame.save(data, "JPEG", quality=90)
        frames.append(data.getvalue())
    path.write_bytes(b"".join(frames))
    return path
