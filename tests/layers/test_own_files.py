"""Are layers of one's own found again in bundles and Keras files, once registered, and refused by name before?"""

import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import UnsupportedOp
from fanlight.layers import Network
from fanlight.layers.registered import REGISTERED
from layers.own_layers import block, data, linear, trained


@pytest.fixture(autouse=True)
def _forgotten():
    """Classes that a test registers are gone after it."""
    before = dict(REGISTERED)
    yield
    REGISTERED.clear()
    REGISTERED.update(before)


def test_saved_and_read_back_by_its_registered_name(tmp_path):
    kind = fl.register(package="Mine")(linear(fl, fl))
    model = trained([kind(4, "tanh")])
    site = model.save(tmp_path / "saved")
    again = fl.load(site)
    x, _ = data()
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert type(again.network.layers[1]) is kind
    REGISTERED.clear()
    with pytest.raises(UnsupportedOp, match=r"got Mine>Linear.*fl\.register"):
        fl.load(site)


def test_arguments_are_the_config_where_there_is_no_other():
    @fl.register
    class Wrap(fl.layers.Layer):
        def __init__(self, inner, factor, **kwargs):
            super().__init__(**kwargs)
            self.inner, self.factor = inner, factor

        def call(self, x):
            return self.inner(x) * self.factor

    layer = Wrap(fl.layers.Dense(2), factor=3.0, name="w")
    x = fl.Input((3,))
    network = Network(x, layer(x))
    record = json.loads(json.dumps(network.attributes()))
    assert record["layers"][1]["class_name"] == "Custom>Wrap"
    again = Network.from_config(record)
    assert again.layers[1].factor == 3.0 and again.layers[1].name == "w"
    assert list(again.weight_table()) == ["w/inner/kernel", "w/inner/bias"]


def test_what_is_not_registered_is_refused_by_name(tmp_path):
    class Dense(fl.layers.Layer):
        """Of the name of a layer of Fanlight's, which must not take its place."""

        def call(self, x):
            return x

    site = trained([Dense()]).save(tmp_path / "saved")
    with pytest.raises(UnsupportedOp, match="got Custom>Dense"):
        fl.load(site)


@pytest.mark.parametrize("make", [linear, block])
def test_keras_files_both_ways(make, tmp_path):
    theirs_kind = keras.saving.register_keras_serializable(package=f"Own{make.__name__}")(make(keras, keras.ops))
    ours_kind = fl.register(package=f"Own{make.__name__}")(make(fl, fl))
    x, y = data()
    theirs = keras.Sequential([keras.Input((3,)), theirs_kind(4), keras.layers.Dense(1)])
    theirs.save(tmp_path / "theirs.keras")
    ours = fl.load(tmp_path / "theirs.keras")
    assert type(ours.network.layers[1]) is ours_kind
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), atol=1e-5)
    ours.compile("adam", "mse")
    ours.fit(x, y, verbose=0)
    ours.save(tmp_path / "ours.keras")
    back = keras.saving.load_model(tmp_path / "ours.keras")
    np.testing.assert_allclose(back.predict(x, verbose=0), ours.predict(x), atol=1e-5)
    logs = [model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0).history["loss"] for model in (ours, back)]
    np.testing.assert_allclose(*logs, rtol=1e-4)  # the optimizer's state came along
    REGISTERED.clear()
    with pytest.raises(UnsupportedOp, match=r"Linear|Block"):
        fl.load(tmp_path / "theirs.keras")


def test_a_layer_that_is_given_one_goes_both_ways(tmp_path):
    def wrap(package, ops, keep):
        class Wrap(package.layers.Layer):
            def __init__(self, inner, **kwargs):
                super().__init__(**kwargs)
                self.inner = inner

            def call(self, x):
                return 2.0 * self.inner(x)

            if package is keras:  # ours has both already

                def get_config(self):
                    return super().get_config() | {"inner": keras.saving.serialize_keras_object(self.inner)}

                @classmethod
                def from_config(cls, config):
                    inner = keras.saving.deserialize_keras_object(config.pop("inner"))
                    return cls(inner, **config)

        return keep(package="OwnWrap")(Wrap), keep(package="OwnWrap")(linear(package, ops))

    theirs_wrap, theirs_linear = wrap(keras, keras.ops, keras.saving.register_keras_serializable)
    wrap(fl, fl, fl.register)
    theirs = keras.Sequential([keras.Input((3,)), theirs_wrap(theirs_linear(2))])
    theirs.save(tmp_path / "theirs.keras")
    ours = fl.load(tmp_path / "theirs.keras")
    x, _ = data()
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), atol=1e-5)
    ours.save(tmp_path / "ours.keras")
    ours.save(tmp_path / "ours")
    back = keras.saving.load_model(tmp_path / "ours.keras")
    np.testing.assert_allclose(back.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=1e-5)
    np.testing.assert_array_equal(fl.load(tmp_path / "ours").predict(x), ours.predict(x))
    del REGISTERED["OwnWrap>Linear"]
    for path in ("theirs.keras", "ours"):
        with pytest.raises(UnsupportedOp, match="OwnWrap>Linear"):
            fl.load(tmp_path / path)


def test_an_exported_page_holds_the_same_numbers(tmp_path):
    model = trained([fl.register(linear(fl, fl))(4)])
    site = model.export(tmp_path / "site", train=True)
    x, _ = data()
    state = model.weights()
    np.testing.assert_array_equal(fl.load(site).predict(x), model.predict(x))
    plain = (x @ state["linear/w"] + state["linear/b"]) @ state["dense/kernel"] + state["dense/bias"]
    np.testing.assert_allclose(model.predict(x), plain, atol=1e-5)


def test_the_guide_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    guide = (Path(__file__).parents[2] / "docs" / "own-layers.md").read_text()
    exec("\n".join(re.findall(r"```python\n(.*?)```", guide, re.DOTALL)), {"__name__": "guide"})
