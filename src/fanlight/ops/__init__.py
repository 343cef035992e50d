"""What do operations mean? One record an op, with all its facts: shape, value, gradient, reference, samples.

`functions` are what a user calls and what gradients are written with. They load first, since the rows and they need
each other.
"""

from fanlight.ops import functions as functions
