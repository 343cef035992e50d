"""Does each browser compute what Python computed? The self-tests of exported models: near it in the variant that the
browser takes, to the bit in portable code."""

import pytest

from fanlight.server.serve import running
from web import visitor
from web.sites import SITES

RUN = """async (options) => {
  const model = await (await import('./index.js')).load(options);
  const { variant } = model.diagnostics();
  return { variant, ...(await model.selfTest()) };
}"""


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    return {name: export(tmp_path_factory.mktemp("selftest") / name) for name, export in SITES.items()}


@pytest.mark.parametrize("name", SITES)
def test_the_self_test_passes(folders, tab, name):
    with running(folders[name]) as address:
        visitor.opened(tab, address)
        found, portable = tab.evaluate(RUN, {}), tab.evaluate(RUN, {"reproducible": True})
    assert found["passed"] and found["functions"].keys() >= {"predict"}
    assert (portable["variant"], portable["error"]) == ("portable", 0)
