"""What does TensorFlow.js see in everyday photos with the filter of examples/photo-check? Its answers, for the tests.

`npm i @tensorflow/tfjs@4.22` in a FOLDER, then `python tests/photo_check_golden.py FOLDER`: writes
golden/photo_check.json from the model and the photos of shared/data. Photos are stretched to 224x224 by Pillow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

DATA = Path(__file__).parents[2] / "shared" / "data"
GOLDEN = Path(__file__).parent / "golden" / "photo_check.json"

SCRIPT = """
const fs = require('fs');
const [, , packages, folder, model] = process.argv;
const tf = require(packages + '/node_modules/@tensorflow/tfjs');
const described = JSON.parse(fs.readFileSync(model + '/model.json'));
const weightSpecs = described.weightsManifest.flatMap((group) => group.weights);
const paths = described.weightsManifest.flatMap((group) => group.paths);
const data = Buffer.concat(paths.map((path) => fs.readFileSync(model + '/' + path)));
const weightData = data.buffer.slice(data.byteOffset, data.byteOffset + data.length);
(async () => {
  const network = await tf.loadLayersModel({ load: async () => ({ ...described, weightSpecs, weightData }) });
  for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.u8'))) {
    const pixels = tf.tensor(new Uint8Array(fs.readFileSync(`${folder}/${file}`)), [1, 224, 224, 3], 'float32');
    const scores = network.predict(pixels.div(255)).dataSync();
    fs.writeFileSync(`${folder}/${file}.json`, JSON.stringify(Array.from(scores)));
  }
})();
"""


def photo(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR), np.uint8)


def main(packages: str) -> None:
    found = {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        photos = sorted((DATA / "images").iterdir())
        for path in photos:
            photo(path).tofile(folder / f"{path.name}.u8")
        (folder / "script.cjs").write_text(SCRIPT)
        model = DATA / "models" / "nsfwjs_mobilenetv2"
        subprocess.run(["node", folder / "script.cjs", packages, folder, model], check=True)
        for path in photos:
            scores = json.loads((folder / f"{path.name}.u8.json").read_text())
            found[path.name] = [round(score, 6) for score in scores]
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
