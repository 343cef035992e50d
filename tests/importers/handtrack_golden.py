"""What does TensorFlow.js see in photos of hands? Its best answers, for the tests.

`npm i @tensorflow/tfjs@4.22` in a FOLDER, then `python tests/importers/handtrack_golden.py FOLDER`: writes
golden/handtrack.json from the model and the photos of shared/data. Photos are resized to 320x320 by Pillow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

DATA = Path(__file__).parents[3] / "shared" / "data"
GOLDEN = Path(__file__).parent / "golden" / "handtrack.json"
OUTPUTS = [f"StatefulPartitionedCall/Postprocessor/{name}" for name in ("Slice", "ExpandDims_1")]
BEST = 12

SCRIPT = """
const fs = require('fs');
const [, , packages, folder, model, outputs] = process.argv;
const tf = require(packages + '/node_modules/@tensorflow/tfjs');
const topology = JSON.parse(fs.readFileSync(model + '/model.json'));
const specs = topology.weightsManifest.flatMap((group) => group.weights);
const paths = topology.weightsManifest.flatMap((group) => group.paths);
const data = Buffer.concat(paths.map((path) => fs.readFileSync(model + '/' + path)));
const weightData = data.buffer.slice(data.byteOffset, data.byteOffset + data.length);
(async () => {
  const load = async () => ({ ...topology, weightSpecs: specs, weightData });
  const network = await tf.loadGraphModel({ load });
  for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.u8'))) {
    const input = tf.tensor(new Uint8Array(fs.readFileSync(`${folder}/${file}`)), [1, 320, 320, 3], 'int32');
    const results = await network.executeAsync({ input_tensor: input }, outputs.split(','));
    results.forEach((each, k) => fs.writeFileSync(`${folder}/${file}.${k}`, Buffer.from(each.dataSync().buffer)));
  }
})();
"""


def photo(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB").resize((320, 320), Image.Resampling.BILINEAR), np.uint8)[None]


def main(packages: str) -> None:
    found = {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        photos = sorted((DATA / "images").glob("hand_*.jpg"))
        for path in photos:
            photo(path).tofile(folder / f"{path.name}.u8")
        (folder / "script.cjs").write_text(SCRIPT)
        model = DATA / "models" / "handtrack_ssd320_int8"
        subprocess.run(["node", folder / "script.cjs", packages, folder, model, ",".join(OUTPUTS)], check=True)
        for path in photos:
            scores, boxes = (np.fromfile(folder / f"{path.name}.u8.{k}", np.float32) for k in range(2))
            best = np.argsort(-scores, kind="stable")[:BEST]
            found[path.name] = {
                "at": best.tolist(),
                "scores": [round(float(each), 6) for each in scores[best]],
                "boxes": np.round(boxes.reshape(-1, 4)[best // 7], 6).tolist(),
            }
    GOLDEN.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
