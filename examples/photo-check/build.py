"""A page that looks at photos before they are uploaded: `python build.py --model FOLDER --photos FOLDER`. Writes site/.

One trunk, two heads: the photo filter as it is published, and beside it a head that is taught here what documents look
like, with pictures that are generated."""

import argparse
import time
from pathlib import Path

import numpy as np
import published
import samples

import fanlight as fl

NEEDED = f"""A photo filter and photos are needed:

  --model FOLDER   with {published.MODEL} and {published.SHARD}: a layers model of TensorFlow.js with the five
                   classes of nsfwjs, its MobileNetV2 (MIT licence, 2.6 MB)
  --download       takes it from the npm package nsfwjs 4.3.0 at cdn.jsdelivr.net, and checks what came
  --photos FOLDER  {samples.LEAST} or more everyday photos of yours, none of a document: what is no
                   document is learnt from them
"""
LABELS = ["Drawing", "Hentai", "Neutral", "Porn", "Sexy"]
SIDE = 224
FEATURES = "flatten_1"  # what the filter's own head reads: 1280 numbers
ALARMS = 0.02  # of everyday pictures that may be called documents, where the threshold is chosen
COUNTS = {"learn": 1000, "choose": 300, "test": 300}

parser = argparse.ArgumentParser(
    description=(__doc__ or "").partition("\n")[0], formatter_class=argparse.RawTextHelpFormatter
)
parser.add_argument("--model", type=Path, help="the folder of the photo filter")
parser.add_argument("--photos", type=Path, help="a folder of everyday photos")
parser.add_argument("--download", action="store_true", help="fetch the filter, into --model or nsfwjs/")
parser.add_argument("--source", default=published.SOURCE, help="where --download takes it from")
parser.add_argument("--site", type=Path, default=Path("site"), help="the folder that is written")
parser.add_argument("--pictures", type=int, default=COUNTS["learn"], help="generated pictures to learn from")
options = parser.parse_args()


def shares(scores: np.ndarray, is_document: np.ndarray) -> tuple[float, float]:
    """(documents that are found, other pictures that are called one) where 0.5 is the limit."""
    flagged, document = scores[:, 0] > 0.5, is_document[:, 0] > 0.5
    return float(flagged[document].mean()), float(flagged[~document].mean())


if options.download:
    options.model = options.model or Path("nsfwjs")
    try:
        published.download(options.model, options.source)
    except (OSError, ValueError) as error:
        parser.exit(2, f"--download: {error}\n\n{NEEDED}")
if options.model is None or options.photos is None:
    parser.exit(2, NEEDED)
if not (options.model / published.MODEL).is_file():
    parser.exit(2, f"--model {options.model}: expected a folder with model.json, got none there\n\n{NEEDED}")
try:
    photos = samples.photos_of(options.photos)
except ValueError as error:
    parser.exit(2, f"{error}\n\n{NEEDED}")

began = time.perf_counter()
sets = {
    name: samples.made(name, options.pictures if name == "learn" else count, photos[name])
    for name, count in COUNTS.items()
}
print(f"{sum(len(x) for x, _ in sets.values()):,} pictures generated in {time.perf_counter() - began:.0f} s")

seen = fl.Image(SIDE, SIDE, preset="unit", fit="stretch")
checker = fl.load(options.model / published.MODEL)
checker.describe(inputs=seen)
checker.freeze()
head = [
    fl.layers.Dense(64, activation="relu", name="document_features"),
    fl.layers.Dropout(0.4, name="document_dropout"),
    fl.layers.Dense(1, activation="sigmoid", name="document_score"),
]
checker.add_head(head, at=FEATURES, name="document")
checker.compile(optimizer=fl.optimizers.Adam(1e-3), loss={"document": "binary_crossentropy"})
began = time.perf_counter()
checker.fit(*sets["learn"], epochs=30, verbose=0)
print(f"the head learnt in {time.perf_counter() - began:.0f} s from {options.pictures:,} pictures, each run once")

# The limit is to be one half: the bias takes what the chosen pictures say.
x, y = sets["choose"]
everyday = checker.predict(x)["document"][y[:, 0] == 0, 0]
limit = float(np.clip(np.quantile(everyday, 1 - ALARMS, method="higher"), 1e-6, 1 - 1e-6))
bias = checker.weights()["document_score/bias"]
checker.set_weights({"document_score/bias": (bias - np.log(limit / (1 - limit))).astype(np.float32)})
print(f"threshold {limit:.3f}: at most {ALARMS:.0%} of the everyday pictures that choose it are above")
for name, what in (("choose", "layouts that chose the threshold"), ("test", "layouts, fonts and photos kept back")):
    found, alarms = shares(checker.predict(sets[name][0])["document"], sets[name][1])
    print(f"{what}: {found:.1%} of the documents found, {alarms:.1%} of the other pictures called one")

picture = fl.Input(seen, batch_size=1, name="picture")
photo, document = checker(picture)
check = fl.Model(
    picture, {"photo": photo, "document": document}, name="photo-check", meanings={"photo": fl.Classes(LABELS)}
)
check.export(
    options.site, page=Path(__file__).parent / "page", license="MIT (nsfwjs); document head: generated pictures"
)
size = sum(file.stat().st_size for file in options.site.iterdir())
print(f"{options.site}: {size:,} bytes; look at it with: fanlight serve {options.site}")
