"""Do the layers that normalise refuse what they cannot, and keep what Keras calls deprecated?"""

import numpy as np
import pytest

from fanlight import layers
from fanlight.errors import ShapeError
from layers.layer_test import Case, run_layer_test


@pytest.mark.filterwarnings("ignore:.*rms_scaling")
@pytest.mark.parametrize("axis", [-1, 1, (1, 2)])
def test_layer_normalization_scales_by_the_variance_alone(axis, rng):
    x = rng.normal(size=(3, 4, 6)).astype("float32")
    run_layer_test(Case("LayerNormalization", dict(axis=axis, rms_scaling=True), (x,)))


def test_group_normalization_counts_channels():
    with pytest.raises(ShapeError, match="a number of channels that 4 divides, got 6"):
        layers.GroupNormalization(groups=4)(layers.Input((6,)))
    with pytest.raises(ShapeError, match="a positive number of groups, or -1"):
        layers.GroupNormalization(groups=0)
    with pytest.raises(ShapeError, match="that has axis 3"):
        layers.GroupNormalization(axis=3)(layers.Input((6,)))


def test_a_row_may_be_of_open_length(rng):
    layer = layers.GroupNormalization(groups=2)
    y = layers.LayerNormalization()(layer(layers.Input((None, 4))))
    assert y.shape[-1] == 4 and not isinstance(y.shape[1], int)
    assert np.prod(layer.weights["gamma"].type.shape) == 4
