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


PATHS = ["dense/kernel", "dense/bias"]


def pair(options):
    """Our model and Keras's, with the same weights."""
    theirs = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="dense")])
    ours = fl.Sequential([fl.Input((3,)), fl.layers.Dense(2, name="dense")])
    theirs.compile(keras.optimizers.SGD(0.1, momentum=0.5, **options), "mse")
    ours.compile(fl.optimizers.SGD(0.1, momentum=0.5, **options), "mse")
    ours.set_weights(dict(zip(PATHS, theirs.get_weights(), strict=True)))
    return ours, theirs


def weights_of(model):
    """The weights in Keras's order."""
    state = model.weights()
    return [state[path] for path in PATHS]


@pytest.mark.parametrize("options", WAYS, ids=lambda options: ", ".join(options))
def test_a_training(rng, options):
    ours, theirs = pair(options)
    x, y = rng.normal(size=(40, 3)).astype("float32"), rng.normal(size=(40, 2)).astype("float32")
    expected = theirs.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0).history["loss"]
    found = ours.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    for found, array in zip(weights_of(ours), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(found, array, rtol=1e-5, atol=1e-6)


class Looking:
    """What a callback behind SwapEMAWeights sees of the weights where epochs and validations begin and end."""

    def on_epoch_begin(self, epoch, logs=None):
        self.look()

    def on_epoch_end(self, epoch, logs=None):
        self.look()
        if epoch + 1 == self.last:
            self.model.stop_training = True

    def on_test_begin(self, logs=None):
        self.look()

    def on_test_end(self, logs=None):
        self.look()


def looking(kind, read, last=None):
    """(callback, what it saw) for our callbacks, or Keras's."""
    seen, made = [], type("Looking", (Looking, kind.Callback), {"last": last})()
    made.look = lambda: seen.append(read())
    return made, seen


@pytest.mark.parametrize("swap_on_epoch", [False, True])
@pytest.mark.parametrize("options", [way for way in WAYS if "use_ema" in way], ids=lambda options: ", ".join(options))
def test_averages_are_swapped_in(rng, options, swap_on_epoch):
    ours, theirs = pair(options)
    x, y = rng.normal(size=(40, 3)).astype("float32"), rng.normal(size=(40, 2)).astype("float32")
    plan = dict(batch_size=8, epochs=3, shuffle=False, verbose=0, validation_split=0.2)
    found, expected = looking(fl.callbacks, lambda: weights_of(ours)), looking(keras.callbacks, theirs.get_weights)
    one = ours.fit(x, y, callbacks=[fl.callbacks.SwapEMAWeights(swap_on_epoch), found[0]], **plan).history
    other = theirs.fit(x, y, callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch), expected[0]], **plan).history
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-5)
    assert len(found[1]) == len(expected[1]) == 12
    for a, b in zip([*found[1], weights_of(ours)], [*expected[1], theirs.get_weights()], strict=True):
        for array, theirs_now in zip(a, b, strict=True):
            np.testing.assert_allclose(array, theirs_now, rtol=1e-5, atol=1e-6)


def test_a_training_that_is_stopped_ends_with_averages(rng):
    ours, _ = pair(WAYS[0])
    x, y = rng.normal(size=(40, 3)).astype("float32"), rng.normal(size=(40, 2)).astype("float32")
    callback, seen = looking(fl.callbacks, lambda: weights_of(ours), last=2)
    swap = fl.callbacks.SwapEMAWeights(swap_on_epoch=True)
    ours.fit(x, y, batch_size=8, epochs=9, verbose=0, callbacks=[swap, callback])
    assert len(seen) == 4
    state = ours.weights()
    for path, array in zip(PATHS, seen[-1], strict=True):
        np.testing.assert_array_equal(state[path], array)
        np.testing.assert_array_equal(state[f"optimizer/{path}/average"], array)


def test_swapping_needs_averages(rng):
    model = fl.Sequential([fl.Input((3,)), fl.layers.Dense(2)])
    model.compile("sgd", "mse")
    with pytest.raises(fl.errors.UnsupportedOp, match="SwapEMAWeights: expected an optimizer with use_ema=True"):
        model.fit(np.zeros((4, 3)), np.zeros((4, 2)), verbose=0, callbacks=[fl.callbacks.SwapEMAWeights(True)])


def test_wrong_counts_are_refused():
    with pytest.raises(fl.errors.ShapeError, match="gradient_accumulation_steps from 2 on"):
        fl.optimizers.SGD(gradient_accumulation_steps=1)
    with pytest.raises(fl.errors.ShapeError, match="ema_momentum from 0 to 1"):
        fl.optimizers.SGD(use_ema=True, ema_momentum=2.0)
