"""Writes the data files of src/fanlight/datasets/data from scikit-learn's copies: `python tools/pack_datasets.py`.

Their formats, sources and licences are described in that folder's README.md.
"""

import zlib
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits, load_iris

from fanlight.datasets import IRIS_COLUMNS, IRIS_LABELS

DATA = Path(__file__).resolve().parents[1] / "src" / "fanlight" / "datasets" / "data"


def digits_bytes() -> bytes:
    """Returns the digits' pixels, then their labels, one byte each, before compression."""
    source = load_digits()
    return source.images.astype(np.uint8).tobytes() + source.target.astype(np.uint8).tobytes()


def iris_text() -> str:
    """Returns the flowers as comma-separated lines below one line of column names."""
    source = load_iris()
    if (tuple(source.feature_names), tuple(source.target_names)) != (IRIS_COLUMNS, IRIS_LABELS):
        raise SystemExit(
            f"expected columns {IRIS_COLUMNS} and species {IRIS_LABELS}, "
            f"got {source.feature_names} and {list(source.target_names)} from load_iris"
        )
    lines = [",".join((*IRIS_COLUMNS, "species"))]
    for measurements, species in zip(source.data, source.target, strict=True):
        lines.append(",".join((*(f"{value:.1f}" for value in measurements), IRIS_LABELS[species])))
    return "\n".join(lines) + "\n"


def main() -> None:
    (DATA / "digits.bin").write_bytes(zlib.compress(digits_bytes(), 9))
    (DATA / "iris.csv").write_text(iris_text(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
