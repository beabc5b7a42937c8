"""The cases of the golden files: which cells, shapes and lengths, and their random inputs.

Every input is a multiple of 1/64, so it is exact in float32 and float64 and short in a file. The
generator is Python's own, whose sequence for a seed is the same in every version, so that inputs
do not depend on PyTorch.
"""

import random
from dataclasses import dataclass
from typing import Optional

GATES = {"rnn-tanh": 1, "rnn-relu": 1, "lstm": 4, "gru-reset-after": 3, "gru-reset-before": 3}
BASE_SEED = 20140901
FIRST_PROJECTED_SEED = BASE_SEED + 3000

OUTPUTS = "outputs"
FINAL_STATE = "final state"


@dataclass(frozen=True)
class Case:
    """One run of one layer, forward and backward."""

    cell: str
    steps: int
    batch: int
    input_size: int
    hidden_size: int
    seed: int
    lengths: Optional[tuple] = None
    precision: str = "float64"
    upstream: tuple = (OUTPUTS, FINAL_STATE)
    projection_size: Optional[int] = None

    @property
    def name(self):
        name = f"T{self.steps}xN{self.batch}xD{self.input_size}xH{self.hidden_size}"
        if self.projection_size is not None:
            name += f"xP{self.projection_size}"
        if self.lengths is not None:
            name += "-lengths-" + "-".join(str(length) for length in self.lengths)
        if len(self.upstream) == 1:
            name += "-from-" + self.upstream[0].replace(" ", "-")
        return name if self.precision == "float64" else f"{name}-{self.precision}"

    @property
    def packable(self):
        """Whether PyTorch can run it: a packed sequence of no steps is an error there."""
        return self.cell != "gru-reset-before" and (self.lengths is None or min(self.lengths) > 0)


def cases(cell):
    """The cases of one cell, in the order of its file."""
    variants = [
        dict(steps=1, batch=1, input_size=1, hidden_size=1),
        dict(steps=1, batch=3, input_size=5, hidden_size=2, upstream=(FINAL_STATE,)),
        dict(steps=7, batch=1, input_size=2, hidden_size=3, upstream=(OUTPUTS,)),
        dict(steps=3, batch=5, input_size=7, hidden_size=2),
        dict(steps=5, batch=2, input_size=3, hidden_size=5),
        dict(steps=3, batch=2, input_size=4, hidden_size=3, precision="float32"),
        dict(steps=6, batch=5, input_size=4, hidden_size=3, lengths=(3, 6, 1, 5, 2)),
        dict(steps=5, batch=4, input_size=2, hidden_size=3, lengths=(2, 0, 4, 0)),
    ]
    first = BASE_SEED + 100 * list(GATES).index(cell)
    return [Case(cell=cell, seed=first + index, **v) for index, v in enumerate(variants)]


def projected_cases():
    """The cases of projected.json: the LSTM with PyTorch's `proj_size`."""
    variants = [
        dict(steps=1, batch=1, input_size=1, hidden_size=2, projection_size=1),
        dict(steps=7, batch=1, input_size=2, hidden_size=5, projection_size=3, upstream=(OUTPUTS,)),
        dict(steps=3, batch=5, input_size=7, hidden_size=3, projection_size=2,
             upstream=(FINAL_STATE,)),
        dict(steps=3, batch=2, input_size=4, hidden_size=3, projection_size=2, precision="float32"),
        dict(steps=6, batch=5, input_size=4, hidden_size=5, projection_size=2,
             lengths=(3, 6, 1, 5, 2)),
        dict(steps=5, batch=4, input_size=2, hidden_size=3, projection_size=2, lengths=(2, 0, 4, 0)),
    ]
    return [
        Case(cell="lstm", seed=FIRST_PROJECTED_SEED + index, **v)
        for index, v in enumerate(variants)
    ]


def inputs(case):
    """The named input arrays of a case, as (shape, flat row-major list of floats).

    The biases are PyTorch's two vectors, `bias_ih` and `bias_hh`, except for the GRU that resets
    before the product, which has one.
    """
    rng = random.Random(case.seed)
    T, N, D, H = case.steps, case.batch, case.input_size, case.hidden_size
    P = case.projection_size or H
    rows = GATES[case.cell] * H

    def uniform(bound, *shape):
        count = 1
        for extent in shape:
            count *= extent
        limit = int(bound * 64)
        width = 2 * limit + 1
        return shape, [(int(rng.random() * width) - limit) / 64 for _ in range(count)]

    arrays = {
        "x": uniform(1.5, T, N, D),
        "W": uniform(0.75, rows, D),
        "U": uniform(0.75, rows, P),
        "bias_ih": uniform(0.5, rows),
        "bias_hh": uniform(0.5, rows),
        "initialHidden": uniform(1.0, N, P),
        "initialCell": uniform(1.5, N, H),
        "dOutputs": uniform(1.0, T, N, P),
        "dFinalHidden": uniform(1.0, N, P),
        "dFinalCell": uniform(1.0, N, H),
    }
    if case.projection_size is not None:
        arrays["Wp"] = uniform(0.75, P, H)
    if case.cell != "lstm":
        del arrays["initialCell"], arrays["dFinalCell"]
    if case.cell == "gru-reset-before":
        del arrays["bias_hh"]
    if OUTPUTS not in case.upstream:
        del arrays["dOutputs"]
    if FINAL_STATE not in case.upstream:
        arrays.pop("dFinalHidden")
        arrays.pop("dFinalCell", None)
    return arrays
