"""Reads a file of weights with safetensors or PyTorch, as `Bench file-peer` does with this package: one line of JSON.

`open` is the seconds until names and shapes are known, `load` those until all numbers are in arrays of their
own, opening included; `sum` is that of all numbers.
"""

import argparse
import json
import time

import numpy


def with_safetensors(path):
    from safetensors import safe_open
    from safetensors.numpy import load_file

    start = time.perf_counter()
    with safe_open(path, framework="numpy") as file:
        shapes = [file.get_slice(name).get_shape() for name in file.keys()]
    opened = time.perf_counter() - start
    start = time.perf_counter()
    arrays = load_file(path)
    loaded = time.perf_counter() - start
    return opened, loaded, shapes, arrays.values()


def with_torch(path):
    import torch

    start = time.perf_counter()
    shapes = [tensor.shape for tensor in torch.load(path, mmap=True, weights_only=True).values()]
    opened = time.perf_counter() - start
    start = time.perf_counter()
    tensors = torch.load(path, weights_only=True)
    loaded = time.perf_counter() - start
    return opened, loaded, shapes, [tensor.numpy() for tensor in tensors.values()]


READERS = {"safetensors": with_safetensors, "torch": with_torch}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--reader", choices=READERS, required=True)
    parser.add_argument("--file", required=True)
    chosen = parser.parse_args()
    opened, loaded, shapes, arrays = READERS[chosen.reader](chosen.file)
    total = float(sum(numpy.sum(array, dtype=numpy.float64) for array in arrays))
    print(json.dumps({"open": opened, "load": loaded, "tensors": len(shapes), "sum": total}))


if __name__ == "__main__":
    main()
