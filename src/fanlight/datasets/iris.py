"""150 iris flowers, four measurements each: from the table in the package to four arrays."""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import Any

from fanlight.arrays import Array, native
from fanlight.datasets.split import split

TEST_PER_CLASS = 10

IRIS_COLUMNS = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
IRIS_LABELS = ("setosa", "versicolor", "virginica")


def iris() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Returns `(x_train, y_train), (x_test, y_test)`: 120 flowers to train on and 30, 10 of each species, held out.

    `x` is float32 `[n, 4]` in centimetres, in the order of `IRIS_COLUMNS`; `y` is int32 `[n]`, an index into
    `IRIS_LABELS`.

    Source: R. A. Fisher, The use of multiple measurements in taxonomic problems, Annals of Eugenics 7 (1936), 179-188.
    The numbers are those of the paper, of R and of scikit-learn's `load_iris`; the file of the UCI Machine Learning
    Repository differs from them in the 35th and the 38th flower.

    >>> (x_train, y_train), (x_test, y_test) = fl.datasets.iris()
    >>> x_train.shape, x_test.shape
    ((120, 4), (30, 4))
    """
    lines = (files("fanlight.datasets") / "data" / "iris.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(lines))
    x = Array.of([[float(row[column]) for column in IRIS_COLUMNS] for row in rows], "float32")
    y = Array.of([IRIS_LABELS.index(row["species"]) for row in rows], "int32")
    train, test = split("iris", y.tolist(), TEST_PER_CLASS)
    return (native(x.take(train)), native(y.take(train))), (native(x.take(test)), native(y.take(test)))
