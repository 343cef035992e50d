"""What does a model give in a page? Exported as a folder, opened in Chromium, asked for the same rows as Python."""

import base64

import numpy as np

from fanlight.bundle.read import read_bundle
from fanlight.ir import dim as dims
from fanlight.verification.against import computed
from fanlight.verification.browser import opened, visiting
from fanlight.verification.original import FUNCTION, Case


def answers(browser, model, xs, folder):
    """The outputs of the page, in order."""
    bundle = read_bundle(model.export(folder))
    function = bundle.manifest.functions[FUNCTION]
    given = {slot.name: np.ascontiguousarray(x) for slot, x in zip(function.inputs, xs, strict=True)}
    with opened(bundle) as site, visiting(browser, site) as visit:
        _, (found,) = computed(visit, site, [Case("", given, {}, {}, {})], {})
        assert not visit.troubles, visit.troubles
    extents = [
        pair for slot, x in zip(function.inputs, xs, strict=True) for pair in zip(slot.shape, x.shape, strict=True)
    ]
    sizes = {str(extent): length for extent, length in extents if not isinstance(extent, int)}
    return [
        np.frombuffer(base64.b64decode(found[slot.name]), slot.dtype).reshape(
            [dims.evaluate(extent, sizes) for extent in slot.shape]
        )
        for slot in function.outputs
    ]
