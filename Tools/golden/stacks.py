"""The cases of stacked.json: several layers, in one direction or in both, with PyTorch's own modules
and as compositions of the equations."""

from dataclasses import dataclass, replace

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from cases import BASE_SEED, Case, inputs
from layers import run_equations

FIRST_SEED = BASE_SEED + 1000
DIRECTIONS = ("forward", "backward")


@dataclass(frozen=True)
class StackCase(Case):
    """One run of a stack: `layers` layers, each of 1 or 2 directions, all of the same cell."""

    layers: int = 2
    directions: int = 2

    @property
    def name(self):
        return f"{self.cell}-{self.layers}x{self.directions}-{super().name}"

    @property
    def places(self):
        """Where the weights and states are: `layer.direction`, in the order of PyTorch's states."""
        return [f"{k}.{d}" for k in range(self.layers) for d in DIRECTIONS[: self.directions]]


def stack_cases():
    """The cases in the order of the file."""
    sizes = dict(steps=5, batch=4, input_size=3, hidden_size=2)
    variants = [
        dict(layers=3, directions=1),
        dict(layers=2, directions=2),
        dict(layers=2, directions=2, lengths=(3, 5, 1, 4)),
        dict(layers=1, directions=2, lengths=(2, 5, 4, 1)),
        dict(layers=2, directions=2, lengths=(4, 0, 5, 2)),
    ]
    cells = [(cell, v) for cell in ("lstm", "gru-reset-after") for v in variants]
    return [
        StackCase(cell=cell, seed=FIRST_SEED + 10 * index, **sizes, **v)
        for index, (cell, v) in enumerate(cells)
    ]


def stack_inputs(case):
    """The named input arrays, those of a layer with its place behind their name: `W.0.forward`."""
    width = case.directions * case.hidden_size
    arrays = {}
    for index, place in enumerate(case.places):
        first = place.startswith("0.")
        single = Case(
            cell=case.cell, steps=case.steps, batch=case.batch, hidden_size=case.hidden_size,
            input_size=case.input_size if first else width, seed=case.seed + index)
        own = inputs(single)
        if index == 0:
            arrays["x"] = own["x"]
        del own["x"], own["dOutputs"]
        arrays.update({f"{name}.{place}": value for name, value in own.items()})
    outer = replace(case, hidden_size=width, seed=case.seed + len(case.places))
    arrays["dOutputs"] = inputs(outer)["dOutputs"]
    return arrays


def run_stack_module(case, tensors):
    """Runs `torch.nn.LSTM` or `GRU` with all its layers and directions."""
    kind = torch.nn.LSTM if case.cell == "lstm" else torch.nn.GRU
    module = kind(
        case.input_size, case.hidden_size, num_layers=case.layers,
        bidirectional=case.directions == 2)
    parameters = {}
    for place in case.places:
        layer, direction = place.split(".")
        suffix = f"l{layer}" + ("_reverse" if direction == "backward" else "")
        for ours, theirs in (("W", "weight_ih"), ("U", "weight_hh"), ("bias_ih", "bias_ih"),
                             ("bias_hh", "bias_hh")):
            parameters[f"{theirs}_{suffix}"] = tensors[f"{ours}.{place}"]

    def states(name):
        return torch.stack([tensors[f"{name}.{place}"] for place in case.places])

    x = tensors["x"]
    if case.lengths is not None:
        x = pack_padded_sequence(x, torch.tensor(case.lengths), enforce_sorted=False)
    state = states("initialHidden")
    if case.cell == "lstm":
        state = (state, states("initialCell"))
    outputs, final = torch.func.functional_call(module, parameters, (x, state))
    if case.lengths is not None:
        outputs, _ = pad_packed_sequence(outputs, total_length=case.steps)
    hidden, cell = final if case.cell == "lstm" else (final, None)
    return outputs, hidden, cell


def run_stack_equations(case, tensors):
    """The same as layers of equations, one on the other, the backward direction on reversed rows."""
    lengths = case.lengths or (case.steps,) * case.batch

    def reverse(x):
        columns = [
            torch.cat([x[:length, n].flip(0), torch.zeros_like(x[length:, n])])
            for n, length in enumerate(lengths)
        ]
        return torch.stack(columns, dim=1)

    x, hiddens, cells = tensors["x"], [], []
    for k in range(case.layers):
        parts = []
        for direction in DIRECTIONS[: case.directions]:
            place = f".{k}.{direction}"
            own = {n.removesuffix(place): t for n, t in tensors.items() if n.endswith(place)}
            own["x"] = reverse(x) if direction == "backward" else x
            y, hidden, cell = run_equations(case, own)
            parts.append(reverse(y) if direction == "backward" else y)
            hiddens.append(hidden)
            cells.append(cell)
        x = torch.cat(parts, dim=2)
    return x, torch.stack(hiddens), torch.stack(cells) if case.cell == "lstm" else None
