"""Do whole models over time learn as in Keras, in Python and in a page? From the same weights and batches, the losses
of 100 steps side by side."""

import numpy as np
import pytest

from fanlight.server.serve import running
from layers.models_over_time import addition, batches, characters, keras_losses, moods, tags, transformer, twins
from web.browser import add_blank_page, visit


@pytest.mark.parametrize("make", [characters, pytest.param(addition, marks=pytest.mark.full), moods, tags, transformer])
def test_losses_are_those_of_keras(rng, make):
    theirs, ours = twins(make)
    rows = batches(make, rng)
    found = [float(ours.train_on_batch(x, y)["loss"]) for x, y in rows]
    np.testing.assert_allclose(found, keras_losses(theirs, rows), atol=1e-3)


def test_what_is_masked_does_not_count(rng):
    theirs, ours = twins(tags)
    ((x, y),) = batches(tags, rng)[:1]
    other = np.where(x == 0, (y + 1) % 3, y)
    assert (other != y).any()
    expected = ours.evaluate(x, y)["loss"]
    assert ours.evaluate(x, other)["loss"] == expected
    assert expected == pytest.approx(theirs.evaluate(x, other, verbose=0), abs=1e-5)
    kept = np.take_along_axis(ours.predict(x), y[..., None], axis=2)[..., 0][x != 0]
    assert expected == pytest.approx(-np.log(kept).mean(), abs=1e-5)


STEPS_OF = """
const model = await load();
const kinds = { float32: Float32Array, int32: Int32Array };
const losses = [];
for (const [x, y] of given.rows) {
  losses.push((await model.trainStep(kinds[given.kind].from(x), Int32Array.from(y))).loss);
}
return losses;"""


@pytest.mark.full
@pytest.mark.parametrize("make", [characters, addition, moods, tags, transformer])
def test_losses_in_a_page_are_those_of_keras(rng, make, page, tmp_path):
    theirs, ours = twins(make)
    rows = batches(make, rng)
    ours.export(tmp_path / "site", train=True)
    add_blank_page(tmp_path / "site")
    given = {"kind": str(rows[0][0].dtype), "rows": [[x.ravel().tolist(), y.ravel().tolist()] for x, y in rows]}
    with running(tmp_path / "site") as address:
        found = visit(page, address)(STEPS_OF, given)
    np.testing.assert_allclose(found, keras_losses(theirs, rows), atol=1e-3)
