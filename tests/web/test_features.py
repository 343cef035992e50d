"""Does a page train a head on stored features as Python does: the same losses to the bit, the trunk once a sample?"""

import numpy as np
import pytest

import fanlight as fl
from web.browser import run_node

layers = fl.layers
FIT = """
const model = await load({ reproducible: true, thread: 'page' });
const x = Float32Array.from(given.x), y = Int32Array.from(given.y);
const validationData = given.held ? [x.slice(-4 * 108), y.slice(-4)] : undefined;
const options = { epochs: 3, batchSize: 5, seed: 0, validationSplit: given.split, validationData };
const history = await model.fit(x, y, options);
return { history, weights: await model.weights() };"""


@pytest.mark.parametrize("split, held", [(0, False), (0.25, False), (0, True)])
def test_a_head_trains_as_in_python(tmp_path, split, held):
    model = fl.Sequential(
        [
            fl.Input((6, 6, 3), name="image"),
            layers.Conv2D(4, 3, activation="relu", name="trunk"),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.2),
            layers.Dense(3, activation="softmax", name="old"),
        ]
    )
    model.freeze()
    model.replace_head([layers.Dense(8), layers.Dropout(0.2), layers.Dense(3, activation="softmax", name="new")])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(0)
    x, y = rng.random((23, 6, 6, 3), np.float32), rng.integers(0, 3, 23)
    model.export(tmp_path / "site", train=True)
    given = {"x": x.reshape(-1).tolist(), "y": y.tolist(), "split": split, "held": held}
    found = run_node(FIT, given, at=tmp_path / "site")
    validation = (x[-4:], y[-4:]) if held else None
    history = model.fit(
        x, y, epochs=3, batch_size=5, validation_split=split, validation_data=validation, verbose=0
    ).history
    assert found["history"] == history
    for name, array in found["weights"].items():
        np.testing.assert_array_equal(np.float32(array), model.weights()[name].reshape(-1), err_msg=name)
