"""Does an exported folder work through a service worker, offline, and inside of one? In Chromium."""

from __future__ import annotations

import shutil

import pytest

from fanlight.server.serve import running
from frontends.conftest import check_learning
from frontends.projects import HERE, plain, project

pytestmark = pytest.mark.full

CONTROLLED = """async (script) => {
  await navigator.serviceWorker.register(script);
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) {
    await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
  }
}"""


def test_a_site_kept_by_a_service_worker_works_offline(visitor, flowers, tmp_path):
    site = plain(tmp_path / "www", flowers.folder)
    shutil.copy(HERE / "service-worker" / "sw.js", site)
    with running(site) as address:
        visitor.page.goto(address)
        visitor.page.evaluate(CONTROLLED, "sw.js")
    # The server is gone.
    check_learning(visitor.learn(address), flowers.expected)
    assert visitor.origins == {address}


ANSWERING = """
import { learn } from './flowers.js';
import { load } from './site/index.js';

addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
addEventListener('message', (event) => event.waitUntil((async () => {
  const model = await load('site/');
  event.source.postMessage(await learn(model).catch(String));
})()));
"""
ASKING = """() => new Promise((resolve) => {
  navigator.serviceWorker.onmessage = ({ data }) => resolve(data);
  navigator.serviceWorker.controller.postMessage(0);
})"""


def test_a_service_worker_predicts_and_trains(visitor, flowers):
    """It may not import later, so a bundler writes it into one file; it has no workers of its own."""
    with project("others", flowers.folder, at=".") as bundled:
        (bundled.folder / "answers.js").write_text(ANSWERING)
        bundled.run("esbuild", "answers.js", "--bundle", "--format=iife", "--outfile=sw.js")
        with running(bundled.folder, is_isolated=False) as address:
            visitor.page.goto(address)
            visitor.page.evaluate(CONTROLLED, "sw.js")
            found = visitor.page.evaluate(ASKING)
            assert isinstance(found, dict), found
            check_learning(found, flowers.expected, ["There is no worker"])
    assert visitor.origins == {address}
