"""Do callbacks act as Keras's do? The same quantities, epoch by epoch, told to both; and trainings that they steer."""

import csv

import keras
import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import FanlightError


class Told:
    """A model as callbacks see it: its learning rate, its weights, and whether the training is to stop."""

    def __init__(self):
        self.stop_training, self.learning_rate, self.restored = False, 0.1, None
        self.optimizer, self.metrics = self, []
        self.epoch = 0

    def direction_of(self, name):
        return "up" if name == "accuracy" else None

    def learnt(self):
        return self.epoch

    get_weights = learnt

    def set_weights(self, weights):
        self.restored = weights


def followed(callback, history):
    """(epochs made, learning rate after each, the epoch whose weights were restored)."""
    model = Told()
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, logs in enumerate(history):
        model.epoch = epoch
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, dict(logs))
        rates.append(float(model.learning_rate))
        if model.stop_training:
            break
    callback.on_train_end()
    return len(rates), rates, model.restored


CASES = [
    ("EarlyStopping", dict(monitor="loss", patience=2)),
    ("EarlyStopping", dict(monitor="loss", min_delta=0.2, restore_best_weights=True)),
    ("EarlyStopping", dict(monitor="loss", patience=3, start_from_epoch=4, restore_best_weights=True)),
    ("EarlyStopping", dict(monitor="accuracy", mode="max", patience=2, baseline=0.6, restore_best_weights=True)),
    ("ReduceLROnPlateau", dict(monitor="loss", patience=2, factor=0.5)),
    ("ReduceLROnPlateau", dict(monitor="loss", patience=1, cooldown=2, min_lr=0.03, min_delta=0.3)),
    ("LearningRateScheduler", dict(schedule=lambda epoch, rate: rate * 0.5 if epoch % 3 else rate)),
    ("LearningRateScheduler", dict(schedule=lambda epoch: 0.1 / (epoch + 1))),
]


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("seed", range(4))
def test_the_same_history_has_the_same_effect(name, options, seed):
    rng = np.random.default_rng(seed)
    history = [{"loss": loss, "accuracy": 1 - loss} for loss in np.round(rng.random(14), 1)]
    ours = followed(getattr(fl.callbacks, name)(**options), history)
    theirs = followed(getattr(keras.callbacks, name)(**options), history)
    assert ours[0] == theirs[0] and ours[2] == theirs[2]
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-6)


def small():
    model = fl.Sequential([fl.Input((3,), name="x"), fl.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture
def data(rng):
    return rng.normal(size=(20, 3)).astype("float32"), rng.integers(0, 2, 20)


def test_events_come_in_keras_order(data):
    heard = {}
    models = {"ours": (small(), fl.callbacks.Callback)}
    theirs = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    theirs.compile("sgd", "sparse_categorical_crossentropy")
    models["theirs"] = (theirs, keras.callbacks.Callback)
    for who, (model, base) in models.items():
        said = heard[who] = []

        class Listening(base):
            pass

        for event in ("train_begin", "train_end"):
            setattr(Listening, f"on_{event}", lambda self, logs=None, event=event, said=said: said.append(event))
        for event in ("epoch_begin", "batch_begin", "batch_end", "epoch_end"):

            def hear(self, number, logs=None, event=event, said=said):
                said.append((event, number))

            setattr(Listening, f"on_{event}", hear)
        plan = {"epochs": 3, "initial_epoch": 1, "batch_size": 8, "verbose": 0}
        model.fit(*data, callbacks=[Listening()], **plan)
    assert heard["ours"] == heard["theirs"]


def test_generators_and_steps(data):
    x, y = data

    def batches():
        for start in range(0, 20, 8):
            yield x[start : start + 8], y[start : start + 8]

    one, other = small(), small()
    expected = one.fit(x, y, batch_size=8, shuffle=False, verbose=0).history
    assert other.fit(list(batches()), verbose=0).history == expected
    assert len(other.fit(list(batches()), steps_per_epoch=2, epochs=3, verbose=0).epoch) == 3
    with pytest.raises(FanlightError, match="batches"):
        other.fit([x], verbose=0)


def test_validation_freq_and_stopping(data):
    model = small()

    class Stop(fl.callbacks.Callback):
        def on_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    found = model.fit(*data, epochs=5, batch_size=8, validation_data=data, validation_freq=2, verbose=0)
    assert len(found.history["loss"]) == 5 and len(found.history["val_loss"]) == 2
    assert model.fit(*data, epochs=5, batch_size=8, callbacks=Stop(), verbose=0).steps == 2


def test_files(data, tmp_path):
    model = small()
    path = tmp_path / "checkpoints" / "{epoch:02d}-{loss:.2f}.safetensors"
    callbacks = [
        fl.callbacks.CSVLogger(tmp_path / "log.csv"),
        fl.callbacks.ModelCheckpoint(path, monitor="loss", save_weights_only=True, save_best_only=True),
        fl.callbacks.LearningRateScheduler(lambda epoch: 0.1),
    ]
    history = model.fit(*data, epochs=3, callbacks=callbacks, verbose=0).history
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert [float(row["loss"]) for row in rows] == pytest.approx(history["loss"]) and rows[0]["val_loss"] == "NA"
    assert history["learning_rate"] == pytest.approx([0.1] * 3)
    assert sorted(each.name for each in path.parent.iterdir())[0] == f"01-{history['loss'][0]:.2f}.safetensors"


def test_an_interrupted_training_goes_on(data, tmp_path):
    class Fail(fl.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    whole, first, second = small(), small(), small()
    whole.fit(*data, epochs=4, verbose=0)
    backup = fl.callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(KeyboardInterrupt):
        first.fit(*data, epochs=4, callbacks=[backup, Fail()], verbose=0)
    second.fit(*data, epochs=4, callbacks=[backup], verbose=0)
    assert not (tmp_path / "backup").exists()
    for name, array in whole.weights().items():
        np.testing.assert_array_equal(array, second.weights()[name])


def test_a_loss_that_is_not_finite_can_end_a_training(data):
    x, y = data
    model = small()
    broken = np.where(np.arange(20)[:, None] == 9, np.inf, x).astype("float32")
    found = model.fit(broken, y, batch_size=8, shuffle=False, callbacks=[fl.callbacks.TerminateOnNaN()], verbose=0)
    assert found.steps == 2 and np.isfinite(model.weights()["dense/kernel"]).all()


def test_modes_and_monitors_must_be_known(data):
    with pytest.raises(FanlightError, match="a metric with a direction"):
        small().fit(*data, callbacks=[Wrong()], verbose=0)
    with pytest.warns(UserWarning, match="no 'val_loss' was measured"):
        small().fit(*data, callbacks=[fl.callbacks.EarlyStopping()], verbose=0)


class Wrong(fl.callbacks.Monitor):
    """A monitor of something without a direction."""

    def on_epoch_end(self, epoch, logs=None):
        self.monitor = "x"
        self.is_better(1.0, 2.0)
