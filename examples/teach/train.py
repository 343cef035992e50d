"""A page in which a visitor teaches three things with the camera or with files: `python train.py --trunk FILE`.

The trunk is a network that has seen many pictures, as a Keras or ONNX file; it stays as it is. Writes site/."""

import argparse
import warnings
from pathlib import Path

import fanlight as fl

NEEDED = """--trunk FILE is needed: a Keras (.keras, .h5) or ONNX file of a network that was trained on many pictures.
What a visitor teaches is learnt on what this trunk sees; one that was trained on nothing sees nothing. These would do:

  MobileNetV2 on ImageNet, without its head:  --trunk mobilenetv2_features.onnx --at features --preset torch
  MLPerf Tiny's visual wake words:  --trunk vww_96.h5 --at activation_16
  keras.applications.MobileNetV2((96, 96, 3), 0.35).save("trunk.keras"):  --trunk trunk.keras --preset tf
"""

parser = argparse.ArgumentParser(
    description=(__doc__ or "").partition("\n")[0], formatter_class=argparse.RawTextHelpFormatter
)
parser.add_argument("--trunk", type=Path, help="a Keras file (.keras, .h5 or .hdf5) or an ONNX file (.onnx)")
parser.add_argument(
    "--at", help="the layer or output that the head reads; by default what the last layer with weights read"
)
parser.add_argument("--preset", default="unit", help="how the trunk was fed: unit (0 to 1), tf (-1 to 1), torch, caffe")
parser.add_argument(
    "--classes", nargs="+", default=["Class 1", "Class 2", "Class 3"], help="their names, to begin with"
)
parser.add_argument("--site", type=Path, default=Path("site"), help="the folder that is written")
options = parser.parse_args()
if options.trunk is None:
    parser.exit(2, NEEDED)
if not options.trunk.is_file():
    parser.exit(2, f"--trunk {options.trunk}: expected a Keras or ONNX file, got nothing there\n\n{NEEDED}")

warnings.filterwarnings("ignore", ".*the optimizer begins anew")  # it does: for the head
model = fl.load(options.trunk)
shape = model.layers[0].attributes()["shape"]
is_turned = options.trunk.suffix.lower() == ".onnx" and shape[0] == 3  # channels first, as PyTorch has them
height, width, channels = (*shape[1:], shape[0]) if is_turned else shape
if channels != 3:
    parser.exit(2, f"--trunk {options.trunk}: expected pictures of 3 channels, got {channels}\n")

picture = fl.Image(height, width, preset=options.preset)
if is_turned:
    model = fl.load(options.trunk, inputs={model.input_names[0]: picture})
else:
    model.describe(inputs=picture)
model.freeze()
model.replace_head(fl.Classes(options.classes), at=options.at)
model.compile(fl.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
learnt = sum(row.trainable for row in model.network.summary())
print(f"{options.trunk.name}: {height} x {width} pictures, {learnt:,} numbers that a visitor teaches")

number = dict(enumerate(("two", "three", "four", "five", "six"), 2)).get(len(options.classes), "some")
page = fl.Page(
    title=f"Teach it {number} things",
    text=f"Show the camera {number} things, and a small network learns to tell them apart: in this page, on your "
    "device. No picture leaves it.",
    show=["teach", "inside", "keep"],
    epochs=40,
)
model.export(options.site, train=True, page=page)
