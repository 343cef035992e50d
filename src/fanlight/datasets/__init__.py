"""Two small datasets that travel with the package: handwritten digits and iris flowers.

Goes in: nothing, and nothing is downloaded. Comes out: `(x_train, y_train), (x_test, y_test)` as Keras's datasets
give it, with a split that never changes. Sources and licences: data/README.md. It knows no model.
"""

from fanlight.datasets.digits import DIGITS_LABELS, digits
from fanlight.datasets.drawings import drawings
from fanlight.datasets.iris import IRIS_COLUMNS, IRIS_LABELS, iris

__all__ = ["digits", "DIGITS_LABELS", "drawings", "iris", "IRIS_COLUMNS", "IRIS_LABELS"]
