"""What was a Keras model compiled with? Its compile config in the words of Keras 3: optimizer, loss, metrics.

In: the record of a file, of Keras 2 or 3. Out: arguments of `compile`, as names and records. Knows no optimizer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanlight.importers.keras.rules import simplified

RENAMED = {"lr": "learning_rate"}
# Of optimizers in Keras 2, where they are off: what Keras 3 has not.
GONE = {"name", "decay", "is_legacy_optimizer", "jit_compile", "initial_decay", "loss_scale_factor"}


def recipe(training: Mapping[str, Any] | None, at: str) -> dict[str, Any]:
    """Arguments of `compile`; empty where the model was not compiled, or without a loss."""
    found = simplified(training or {}, at)
    optimizer = found.get("optimizer") or found.get("optimizer_config")
    if not optimizer or not found.get("loss"):
        return {}
    return {
        "optimizer": optimizer_of(optimizer),
        "loss": found["loss"],
        "metrics": metrics_of(found.get("metrics")),
        "loss_weights": found.get("loss_weights"),
    }


def optimizer_of(given: Any) -> Any:
    """An optimizer's record without what is off."""
    if not isinstance(given, Mapping) or not isinstance(given.get("config"), Mapping):
        return given
    config = {RENAMED.get(key, key): value for key, value in given["config"].items()}
    config = {key: value for key, value in config.items() if key not in GONE or (value and key == "decay")}
    if config.get("epsilon", 0) is None:  # in old files: the default
        del config["epsilon"]
    return {"class_name": str(given.get("class_name")), "config": config}


def metrics_of(given: Any) -> Any:
    """Metrics by name where their config says no more than that; lists of lists stay, one for each output."""
    if isinstance(given, list):
        found = [metrics_of(each) for each in given if each is not None]
        return found[0] if len(found) == 1 and isinstance(found[0], list) else found
    if not isinstance(given, Mapping):
        return given or []
    if "class_name" not in given:
        return {key: metrics_of(each) for key, each in given.items()}
    config = given.get("config") or {}
    if given["class_name"] == "MeanMetricWrapper" and isinstance(config.get("fn"), str):
        return config["fn"]
    return {"class_name": given["class_name"], "config": config}
