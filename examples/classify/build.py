"""A page that says what a picture shows: `python build.py --model FILE --labels FILE`.

The model is a network of yours that tells pictures apart, as an ONNX file. Writes site/."""

import argparse
from pathlib import Path

import fanlight as fl

NEEDED = """--model FILE is needed: an ONNX file of a network that takes a picture and gives a number for each class;
--labels FILE, too: a text file with the names of the classes, one a line. These would do:

  SqueezeNet 1.1 of the ONNX model zoo, taught on ImageNet:  --model squeezenet1.1.onnx --labels imagenet_labels.txt
"""

parser = argparse.ArgumentParser(
    description=(__doc__ or "").partition("\n")[0], formatter_class=argparse.RawTextHelpFormatter
)
parser.add_argument("--model", type=Path, help="an ONNX file")
parser.add_argument("--labels", type=Path, help="a text file: line = class")
parser.add_argument(
    "--preset", default="torch", help="how it was fed: torch (ImageNet's mean and spread), unit (0 to 1), tf (-1 to 1)"
)
parser.add_argument("--title", default="What is in the picture?")
parser.add_argument("--site", type=Path, default=Path("site"), help="the folder that is written")
options = parser.parse_args()
for name, file in (("--model", options.model), ("--labels", options.labels)):
    if file is None:
        parser.exit(2, NEEDED)
    if not file.is_file():
        parser.exit(2, f"{name} {file}: expected a file, got nothing there\n\n{NEEDED}")

plain = fl.load(options.model)
shape = plain.layers[0].attributes()["shape"]
if len(shape) != 3 or 3 not in (shape[0], shape[-1]) or not all(isinstance(extent, int) for extent in shape):
    parser.exit(2, f"--model {options.model}: expected pictures of 3 channels, got {shape}\n")
height, width = shape[1:] if shape[0] == 3 else shape[:2]
labels = fl.Classes.from_file(options.labels)

model = fl.load(
    options.model,
    inputs={plain.input_names[0]: fl.Image(height, width, preset=options.preset)},
    outputs={plain.output_names[0]: labels},
)
count = sum(row.parameters for row in model.network.summary())
print(f"{options.model.name}: {height} x {width} pictures, {len(labels.labels)} classes, {count:,} numbers")

page = fl.Page(
    title=options.title,
    text="A network looks at your picture and says what it may be: in this page, on your device.",
    show=["predict"],
)
model.export(options.site, page=page)
