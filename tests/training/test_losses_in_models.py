"""Do models learn by losses of sequences and of embeddings as in Keras? And do Keras's files take them along?"""

import keras
import numpy as np
import pytest

import fanlight as fl


def reader(kind):
    """Pictures of 6 columns; each column says a letter."""
    x = kind.Input((6, 4), name="x")
    return x, kind.Dense(5, name="letters")(x)


def embedder(kind):
    x = kind.Input((4,), name="x")
    return x, kind.UnitNormalization(name="length")(kind.Dense(3, name="embedding")(x))


CASES = {
    "CTC": (reader, (20, 6, 4), lambda rng: rng.integers(1, 5, (20, 3)) * (rng.random((20, 3)) < 0.8)),
    "Circle": (embedder, (20, 4), lambda rng: rng.integers(0, 4, 20)),
}


@pytest.mark.parametrize("loss", CASES)
def test_a_training(rng, loss, tmp_path):
    network_of, shape, labels_of = CASES[loss]
    x, y = rng.normal(size=shape).astype("float32"), labels_of(rng).astype("int32")
    ours, theirs = (kind.Model(*network_of(kind.layers)) for kind in (fl, keras))
    ours.compile("sgd", loss.lower())
    theirs.compile("sgd", getattr(keras.losses, loss)())
    for variable in theirs.weights:
        variable.assign(ours.weights()[variable.path])
    plan = dict(batch_size=8, epochs=2, shuffle=False, verbose=0)
    expected, found = theirs.fit(x, y, **plan).history, ours.fit(x, y, **plan).history
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=2e-5)
    for variable in theirs.weights:
        np.testing.assert_allclose(ours.weights()[variable.path], np.asarray(variable), rtol=1e-4, atol=1e-5)

    ours.save(tmp_path / "ours.keras")
    theirs.save(tmp_path / "theirs.keras")
    back, taken = keras.models.load_model(tmp_path / "ours.keras"), fl.load(tmp_path / "theirs.keras")
    after = theirs.fit(x, y, **plan).history["loss"]
    np.testing.assert_allclose(back.fit(x, y, **plan).history["loss"], after, rtol=2e-4)
    np.testing.assert_allclose(taken.fit(x, y, **plan).history["loss"], after, rtol=2e-4)


def test_more_labels_than_times_are_refused(rng):
    model = fl.Model(*reader(fl.layers))
    model.compile("sgd", "ctc")
    with pytest.raises(fl.errors.ShapeError, match=r'"?target"?.*6'):
        model.fit(np.zeros((2, 6, 4), "float32"), np.ones((2, 7), "int32"), verbose=0)
