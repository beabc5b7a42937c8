"""The file of weights and inputs that all contestants of a case read, and files of results.

Little-endian float32, one array after the other: `W [G·H, D]`, `U [G·H, H]`, `b [G·H]`, for the GRU
`recurrentBias [H]`, then `x [T, N, D]` and `dOutputs [T, N, H]`; gates in this package's order.
"""

import os

import numpy

from cases import GATES


def layout(cell, shape):
    """Names and shapes of the arrays, in the file's order."""
    rows, hidden, features = GATES[cell] * shape.hidden, shape.hidden, shape.features
    arrays = {"W": (rows, features), "U": (rows, hidden), "b": (rows,)}
    if cell == "gru":
        arrays["recurrentBias"] = (hidden,)
    arrays["x"] = (shape.steps, shape.batch, features)
    arrays["dOutputs"] = (shape.steps, shape.batch, hidden)
    return arrays


def write(path, cell, shape, seed):
    """Draws the numbers of a case: weights uniform in ±1/√H as PyTorch draws them, inputs in ±1."""
    generator = numpy.random.default_rng(seed)
    with open(path + ".partial", "wb") as file:
        for name, extents in layout(cell, shape).items():
            scale = 1.0 if name in ("x", "dOutputs") else shape.hidden**-0.5
            values = generator.random(extents, dtype=numpy.float32)
            file.write(((2 * values - 1) * numpy.float32(scale)).astype("<f4").tobytes())
    os.replace(path + ".partial", path)


def read(path, cell, shape, names=None):
    """The arrays of a file, or those that are named; each one is read by itself."""
    arrays = {}
    with open(path, "rb") as file:
        for name, extents in layout(cell, shape).items():
            count = int(numpy.prod(extents))
            if names is not None and name not in names:
                file.seek(4 * count, os.SEEK_CUR)
                continue
            values = numpy.fromfile(file, dtype="<f4", count=count)
            if values.size != count:
                raise ValueError(f"{path}: ends inside '{name}'")
            arrays[name] = values.reshape(extents)
    return arrays


def write_results(path, results):
    """Writes named arrays; returns what the protocol says about them."""
    with open(path, "wb") as file:
        for values in results.values():
            file.write(numpy.ascontiguousarray(values, dtype="<f4").tobytes())
    return [{"name": name, "count": int(values.size)} for name, values in results.items()]


def read_results(path, tensors):
    """The arrays of a file of results, flat, by name."""
    values = numpy.fromfile(path, dtype="<f4")
    if values.size != sum(tensor["count"] for tensor in tensors):
        raise ValueError(f"{path}: {values.size} numbers, not those that were announced")
    results, start = {}, 0
    for tensor in tensors:
        results[tensor["name"]] = values[start : start + tensor["count"]]
        start += tensor["count"]
    return results
