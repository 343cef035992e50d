"""Can an export be trusted? Opens it in a real browser: files, self-test, offline, and on demand what leaves the page.

In: an exported folder or page, and the file that it was converted from. Out: checks as JSON has them, and the same
printed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fanlight.bundle.manifest import NAME
from fanlight.bundle.read import read_bundle
from fanlight.verification.against import check_against, print_outputs
from fanlight.verification.browser import in_own_thread
from fanlight.verification.checks import check_behaviour, check_files
from fanlight.verification.original import Original
from fanlight.verification.privacy import check_privacy

__all__ = ["print_verification", "verify_bundle"]


def verify_bundle(
    source: Path, privacy: bool = False, against: Path | None = None, tolerance: float | None = None
) -> dict[str, Any]:
    """Tests the bundle `source`, a folder or one HTML file, in a headless Chromium: {"ok", "checks", ...}. A check is
    {"name", "ok", "detail"}; its "ok" is None where it was not run.

    With `privacy` there are also "attempts" (name -> how it ended), "proved" and "not_proved": what a planted canary
    shows, and what it cannot. With `against` there is "against": what each variant computes, beside what onnxruntime
    makes of that ONNX file; an output passes where its largest difference is at most `tolerance` times its largest
    absolute value, 1e-4 if nothing is said.

    Raises ModelFormatError or StorageError where there is no bundle or another file's, BrowserError without a browser,
    UnsupportedOp without onnxruntime."""
    bundle = read_bundle(source)
    original = None if against is None else Original(bundle, against)
    checks = [check_files(bundle), *in_own_thread(lambda: check_behaviour(bundle))]
    facts: dict[str, Any] = {}
    if privacy:
        found = in_own_thread(lambda: check_privacy(bundle))
        checks += found.checks
        facts = {"attempts": found.attempts, "proved": found.proved, "not_proved": found.not_proved}
    if original is not None:
        compared, facts["against"] = in_own_thread(lambda: check_against(original, tolerance))
        checks += compared
    whole = bundle.path / NAME if bundle.path.is_dir() else bundle.path
    digest = hashlib.sha256(whole.read_bytes()).hexdigest()
    ok = all(each["ok"] is not False for each in checks)
    return {"ok": ok, "source": str(source), "sha256": digest, "checks": checks, **facts}


def print_verification(found: Mapping[str, Any]) -> None:
    """Prints what `verify_bundle` found, for people."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    signs = {True: ("✓", "green"), False: ("✗", "red"), None: ("–", "yellow")}
    for each in found["checks"]:
        sign, colour = signs[each["ok"]]
        console.print(
            Text.assemble((f"{sign} ", colour), (each["name"], "bold"), f": {each['detail']}"), soft_wrap=True
        )
    if "against" in found:
        print_outputs(console, found["against"])
    for key, title in (("proved", "What this shows"), ("not_proved", "What it does not show")):
        if found.get(key):
            console.print(Text(f"\n{title}", style="bold"), soft_wrap=True)
            for line in found[key]:
                console.print(Text(f"· {line}"), soft_wrap=True)
    failed = sum(each["ok"] is False for each in found["checks"])
    left_out = sum(each["ok"] is None for each in found["checks"])
    total = f"{len(found['checks'])} checks, {failed} failed, {left_out} not run"
    console.print(Text(f"\n{total}", style="green" if found["ok"] else "red"))
