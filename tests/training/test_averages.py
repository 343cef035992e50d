"""Do averages of weights and gradients that wait train a model as Keras trains it, to the end of `fit`?"""

import keras
import numpy as np
import pytest

import fanlight as fl

WAYS = [
    dict(use_ema=True, ema_momentum=0.8),
    dict(use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=3),
    dict(gradient_accumulation_steps=3),
    dict(gradient_accumulation_steps=2, use_ema=True, ema_momentum=0.5),
]


@pytest.mark.parametrize("options", WAYS, ids=lambda options: ", ".join(options))
def test_a_training(rng, options):
    x, y = rng.normal(size=(40, 3)).astype("float32"), rng.normal(size=(40, 2)).astype("float32")
    theirs = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="dense")])
    ours = fl.Sequential([fl.Input((3,)), fl.layers.Dense(2, name="dense")])
    theirs.compile(keras.optimizers.SGD(0.1, momentum=0.5, **options), "mse")
    ours.compile(fl.optimizers.SGD(0.1, momentum=0.5, **options), "mse")
    ours.set_weights(dict(zip(["dense/kernel", "dense/bias"], theirs.get_weights(), strict=True)))
    expected = theirs.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0).history["loss"]
    found = ours.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    for name, array in zip(["dense/kernel", "dense/bias"], theirs.get_weights(), strict=True):
        np.testing.assert_allclose(ours.weights()[name], array, rtol=1e-5, atol=1e-6)


def test_wrong_counts_are_refused():
    with pytest.raises(fl.errors.ShapeError, match="gradient_accumulation_steps from 2 on"):
        fl.optimizers.SGD(gradient_accumulation_steps=1)
    with pytest.raises(fl.errors.ShapeError, match="ema_momentum from 0 to 1"):
        fl.optimizers.SGD(use_ema=True, ema_momentum=2.0)
