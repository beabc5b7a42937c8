"""Are two contestants' results the same numbers?"""

import math

import numpy

# Each contestant may be this far from the exact result, relative to the largest element of a
# tensor, when sums have up to 1024 terms; the error of longer ones grows with the root of their
# length. `Bench` holds this engine to the same bound, against loops in double precision.
BOUND = 1e-5


def tolerance(case):
    """How far apart two contestants may be: both may err, in opposite directions."""
    return 2 * BOUND * math.sqrt(max(1.0, case.longest_sum / 1024))


def largest_difference(ours, theirs):
    """The largest difference relative to a tensor's largest element, and the tensor's name.

    Raises ValueError where the tensors are not the same ones, or not all numbers.
    """
    # The initial state is constant for the peers, which therefore have no gradient for it.
    ours = {name: values for name, values in ours.items() if not name.startswith("dInitial")}
    if ours.keys() != theirs.keys():
        raise ValueError(f"computes {sorted(theirs)}, expected {sorted(ours)}")
    worst, place = 0.0, ""
    for name, values in ours.items():
        other = theirs[name].reshape(-1)
        if other.size != values.size:
            raise ValueError(f"{name} has {other.size} elements, expected {values.size}")
        if not (numpy.isfinite(values).all() and numpy.isfinite(other).all()):
            raise ValueError(f"{name} holds what is not a number")
        scale = float(numpy.abs(values).max())
        if scale == 0:
            raise ValueError(f"{name} is zero, which proves nothing")
        difference = float(numpy.abs(values.astype(numpy.float64) - other).max()) / scale
        if difference >= worst:
            worst, place = difference, name
    return worst, place
