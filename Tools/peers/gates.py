"""Orders of gates: this package's is PyTorch's (LSTM i f g o, GRU r z n); others differ.

Weights are stacked by gate: rows `k·H … (k+1)·H` belong to the k-th gate. ONNX calls the LSTM's
candidate c and the GRU's h; here both keep the names of this package, g and n.
"""

NATIVE = {"lstm": "ifgo", "gru": "rzn"}
ONNX = {"lstm": "iofg", "gru": "zrn"}
ONEDNN = {"lstm": "ifgo", "gru": "zrn"}


def row_indices(source, target, hidden):
    """For each row in the order `target`, the row in the order `source` that it is.

    >>> row_indices("rzn", "zrn", 2)
    [2, 3, 0, 1, 4, 5]
    """
    if sorted(source) != sorted(target) or len(set(source)) != len(source):
        raise ValueError(f"'{target}' is not an order of the gates '{source}'")
    return [source.index(gate) * hidden + row for gate in target for row in range(hidden)]
