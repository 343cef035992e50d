"""What is training? Losses, metrics, optimizers, and the builder of the step functions. Pure description, no data."""

from fanlight.training.steps import build_module, training_manifest

__all__ = ["build_module", "training_manifest"]
