"""A page that sees hands: `python build.py --model FOLDER`, or `python build.py --download`. Writes site/.

The model is handtrack.js's detector as a graph of TensorFlow.js (model.json and its shard); it stays in the 8 bits in
which it comes."""

import argparse
import hashlib
import urllib.request
from pathlib import Path

import fanlight as fl

SOURCE = "https://cdn.jsdelivr.net/npm/handtrackjs@0.1.5/models/webmodel/ssd320fpnlite/int8/"
FILES = {
    "model.json": "99d3a526710d01650b60a650c10836d42804b57a76dd8f09411bdc7c43873fcd",
    "group1-shard1of1.bin": "70164f725aefbbf8094a8ef4150dc10e906b6f0976b484ef8ec882d3eae4b812",
}
NEEDED = f"""A model is needed, one of these:

  --model FOLDER   with {" and ".join(FILES)}, as in the npm package handtrackjs,
                   models/webmodel/ssd320fpnlite/int8 (MIT licence, 3.6 MB)
  --download       takes them from cdn.jsdelivr.net and checks what came
"""
SIDE = 320
LABELS = ["open", "closed", "pinch", "point", "face", "tip", "pinchtip"]
BEST = 100  # boxes of a frame that the page looks at, of 12,804

parser = argparse.ArgumentParser(
    description=(__doc__ or "").partition("\n")[0], formatter_class=argparse.RawTextHelpFormatter
)
parser.add_argument("--model", type=Path, help="the folder of the model")
parser.add_argument("--download", action="store_true", help="fetch the model, into --model or handtrack/")
parser.add_argument("--source", default=SOURCE, help="where --download takes it from")
parser.add_argument("--site", type=Path, default=Path("site"), help="the folder that is written")
options = parser.parse_args()


def download(folder: Path) -> None:
    """The files that the folder lacks, each only if it is the one that is meant."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, digest in FILES.items():
        if (folder / name).is_file() and hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest:
            continue
        print(f"fetching {options.source}{name}")
        try:
            with urllib.request.urlopen(options.source + name, timeout=60) as answer:
                data = answer.read()
        except OSError as error:
            parser.exit(2, f"{name} could not be fetched: {error}\n\n{NEEDED}")
        if hashlib.sha256(data).hexdigest() != digest:
            parser.exit(2, f"{options.source}{name}: expected the file of handtrackjs 0.1.5, got another one\n")
        (folder / name).write_bytes(data)


class Surest(fl.layers.Layer):
    """The boxes that are surest to hold something: (scores [1, n, 7], boxes [1, n, 1, 4]) -> ([k, 7], [k, 4])."""

    def call(self, scores, boxes):
        scores, boxes = fl.reshape(scores, (-1, len(LABELS))), fl.reshape(boxes, (-1, 4))
        _, places = fl.top_k(fl.max(scores, axis=-1), BEST)
        return fl.take(scores, places, axis=0), fl.take(boxes, places, axis=0)


if options.download:
    options.model = options.model or Path("handtrack")
    download(options.model)
if options.model is None:
    parser.exit(2, NEEDED)
if not (options.model / "model.json").is_file():
    parser.exit(2, f"--model {options.model}: expected a folder with model.json, got none there\n\n{NEEDED}")

detector = fl.load(
    options.model / "model.json",
    outputs=[f"StatefulPartitionedCall/Postprocessor/{name}" for name in ("Slice", "ExpandDims_1")],
    dims={"input_tensor_1": SIDE, "input_tensor_2": SIDE},
)
picture = fl.Input(fl.Image(SIDE, SIDE, fit="stretch"), batch_size=1, dtype="uint8", name="picture")
scores, boxes = Surest(name="surest")(*detector(picture))
hands = fl.Model(picture, {"scores": scores, "boxes": boxes}, name="hands")
hands.export(options.site, page=Path(__file__).parent / "page", license="MIT (handtrack.js)")
size = sum(file.stat().st_size for file in options.site.iterdir())
print(f"{options.site}: {size:,} bytes; look at it with: fanlight serve {options.site}")
