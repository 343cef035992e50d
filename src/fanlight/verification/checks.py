"""Does an export do its work? Its files are those of its manifest, its page opens without a complaint, and its code
gives here what it gave where it was made, also without a network.

In: a bundle. Out: checks, {"name", "ok", "detail"} each; "ok" is None where something was not run."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import numpy as np

from fanlight.bundle.manifest import Manifest
from fanlight.bundle.read import Bundle
from fanlight.errors import BrowserError, FanlightError
from fanlight.samples import sample_inputs
from fanlight.verification.browser import BLANK, Visit, chromium, opened, visiting

Check = dict[str, Any]
VARIANTS = {"self-test": {}, "self-test, reproducible": {"reproducible": True}}  # check -> options of `load`
UNCALLED = ("init",)  # would forget the weights


def check(name: str, ok: bool | None, detail: str) -> Check:
    return {"name": name, "ok": ok, "detail": " ".join(detail.split())}


def attempt(name: str, work: Callable[[], Check]) -> Check:
    """The check that `work` gives; a failed one where the browser or the page throws."""
    from playwright.sync_api import Error

    try:
        return work()
    except (Error, BrowserError) as error:
        return check(name, False, str(error).split("Call log:")[0].removeprefix("Page.evaluate: ").strip()[:500])


def check_files(bundle: Bundle) -> Check:
    """Every file against its length and hash."""
    broken = []
    for name in bundle.manifest.files:
        try:
            bundle.file(name)
        except FanlightError as error:
            broken.append(str(error))
    count = len(bundle.manifest.files)
    if broken:
        return check(
            "files", False, f"{len(broken)} of {count} are not what the manifest states: {'; '.join(broken[:3])}"
        )
    total = sum(entry.bytes for entry in bundle.manifest.files.values())
    return check("files", True, f"{count} files, {total:,} bytes, each with the hash that the manifest states")


def check_behaviour(bundle: Bundle) -> list[Check]:
    """The checks that need a browser."""
    checks: list[Check] = []
    with opened(bundle) as site, chromium() as browser:
        requests = []
        if site.has_page:
            with visiting(browser, site) as visit:
                checks.append(attempt("page", lambda: check_page(visit)))
                if not site.is_folder:
                    checks.append(attempt("self-test", lambda: check_selftest(visit, "self-test", None, {})))
                checks.append(attempt("offline", lambda: check_offline(visit)))
                requests += visit.requests
        else:
            checks.append(check("page", None, "the bundle has no page: its module is loaded in an empty one"))
        for name, options in VARIANTS.items() if site.is_folder else ():
            with visiting(browser, site) as visit:
                visit.page.goto(site.address + BLANK)
                checks.append(attempt(name, lambda v=visit, n=name, o=options: check_selftest(v, n, "index.js", o)))
                if visit.troubles:
                    checks[-1] |= check(name, False, f"{checks[-1]['detail']}; the console says: {visit.troubles[0]}")
                if not site.has_page and not options:
                    checks.append(attempt("offline", lambda v=visit: check_offline(v, warm=True)))
                requests += visit.requests
        foreign = sorted({sent.url for sent in requests if not site.owns(sent.url)})
        asked = len([sent for sent in requests if sent.url.startswith("http")])
        detail = (
            f"{len(foreign)} went elsewhere: {', '.join(foreign[:4])}" if foreign else f"{asked}, all to its own origin"
        )
        checks.append(check("requests", not foreign, detail))
    return checks


def check_page(visit: Visit) -> Check:
    """It opens, says that it is ready, and the console stays silent."""
    state = visit.start()
    problems = [*visit.troubles]
    if state == "failed":
        said = visit.page.evaluate("document.querySelector('#status')?.innerText ?? document.title")
        problems.insert(0, f"it says: {said}")
    if state == "ready" and not problems:
        return check("page", True, "opens without errors, warnings or violations of its policy")
    return check("page", False, f"{len(problems)} complaints: {'; '.join(problems[:3])}")


def check_selftest(visit: Visit, name: str, index: str | None, options: Mapping[str, Any]) -> Check:
    """What is computed here is what was computed at export."""
    address = None if index is None else visit.site.address + index
    found = visit.run("selftest.js", {"index": address, "options": dict(options)})
    how = f"{found['variant']} code, {'in a worker' if found['thread'] == 'worker' else 'on the page'}"
    if (result := found["result"]) is None:
        return check(name, None, f"{how}: loads; it was exported without a self-test")
    functions = ", ".join(result["functions"])
    return check(
        name, result["passed"], f"{how}: {functions}: error {result['error']:.2g}, at most {result['tolerance']}"
    )


def check_offline(visit: Visit, warm: bool = False) -> Check:
    """With the network cut, every function still runs, and nothing is asked for. A bare module fetches parts when they
    are first used: `warm` uses them once before; so it is where a page keeps its model to itself."""
    manifest = visit.site.bundle.manifest
    if not visit.page.evaluate("!!globalThis.fanlightPage?.model"):
        visit.need_model()
        warm = True
    given = call_arguments(manifest, sample_calls(manifest, Random(1)))
    if warm:
        visit.run("call.js", given)
    before = len(visit.requests)
    visit.cut_network()
    done = visit.run("call.js", given)["done"]
    asked = [sent.url for sent in visit.requests[before:]]
    ran = f"{', '.join(done)} run with the network cut"
    return check("offline", not asked, f"{ran}, and {f'ask for {asked[:3]}' if asked else 'nothing is asked for'}")


def sample_calls(manifest: Manifest, rng: Random) -> dict[str, dict[str, np.ndarray]]:
    """Random arguments of every function that takes any."""
    names = [name for name, function in manifest.functions.items() if function.inputs and name not in UNCALLED]
    return {name: sample_inputs(manifest, name, rng) for name in names}


def call_arguments(manifest: Manifest, calls: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, Any]:
    """What call.js takes."""
    training = manifest.training
    names = training and {"inputs": list(training.input_names), "targets": list(training.target_names)}
    arrays = {name: {key: encoded(array) for key, array in given.items()} for name, given in calls.items()}
    return {"calls": arrays, "training": names}


def encoded(array: np.ndarray) -> dict[str, Any]:
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"dtype": str(array.dtype), "shape": list(array.shape), "bytes": data}
