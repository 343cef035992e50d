"""What can follow a training, and steer it? Keras's callbacks: `model.fit(x, y, callbacks=[...])`."""

from fanlight.callbacks.averages import SwapEMAWeights
from fanlight.callbacks.callback import Callback, Callbacks, LambdaCallback, TerminateOnNaN
from fanlight.callbacks.monitoring import EarlyStopping, Monitor, ReduceLROnPlateau
from fanlight.callbacks.records import CSVLogger, History, LearningRateScheduler
from fanlight.callbacks.saving import BackupAndRestore, ModelCheckpoint

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "Callbacks",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "Monitor",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TerminateOnNaN",
]
