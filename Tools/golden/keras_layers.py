"""The cases of keras.json: Keras's own recurrent layers on its PyTorch backend, in Keras's layout.

Arrays are as Keras has them: inputs and outputs are `[N, T, F]`, kernels `[D, G*H]`, with the gates in
the order i f c o (LSTM) and z r h (GRU). The tests convert them, and so test the conversion that the
documentation gives.

All layers are given `dtype="float64"`, which those keep that Keras hands to a PyTorch module. In the
others its products round to float32 all the same, and PyTorch's derivative of the hard sigmoid has a
sixth of float32: these cases are marked `float32`.
"""

import random
from dataclasses import dataclass

import keras
import torch

from cases import BASE_SEED

FIRST_SEED = BASE_SEED + 2000
GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}


@dataclass(frozen=True)
class KerasCase:
    """One run of one Keras layer, forward and backward."""

    layer: str
    options: tuple
    seed: int
    steps: int = 5
    batch: int = 3
    input_size: int = 4
    hidden_size: int = 2
    fresh_bias: bool = False
    precision: str = "float64"

    @property
    def name(self):
        return "-".join([self.layer, *(f"{key}={value}" for key, value in self.options)])

    @property
    def states(self):
        return ["Hidden", "Cell"] if self.layer == "LSTM" else ["Hidden"]

    @property
    def two_biases(self):
        """Whether Keras keeps a second bias beside the recurrent kernel: `[2, G*H]`."""
        return self.layer == "GRU" and dict(self.options).get("reset_after", True)


def keras_cases():
    """The cases in the order of the file."""
    hard = ("recurrent_activation", "hard_sigmoid")
    variants = [
        dict(layer="LSTM", options=()),
        dict(layer="LSTM", options=(("unit_forget_bias", True),), fresh_bias=True),
        dict(layer="LSTM", options=(hard,), precision="float32"),
        dict(layer="GRU", options=(("reset_after", True),)),
        dict(layer="GRU", options=(("reset_after", False),), precision="float32"),
        dict(layer="GRU", options=(("reset_after", False), hard), precision="float32"),
        dict(layer="SimpleRNN", options=(), precision="float32"),
        dict(layer="SimpleRNN", options=(("activation", "relu"),), precision="float32"),
    ]
    return [
        KerasCase(seed=FIRST_SEED + 10 * index, **variant)
        for index, variant in enumerate(variants)
    ]


def keras_inputs(case):
    """The named input arrays: multiples of 1/64, exact in float32 and float64."""
    rng = random.Random(case.seed)
    N, T, D, H = case.batch, case.steps, case.input_size, case.hidden_size
    columns = GATES[case.layer] * H

    def uniform(bound, *shape):
        count = 1
        for extent in shape:
            count *= extent
        limit = int(bound * 64)
        values = [(int(rng.random() * (2 * limit + 1)) - limit) / 64 for _ in range(count)]
        return torch.tensor(values, dtype=torch.float64).reshape(shape)

    arrays = {
        "x": uniform(1.5, N, T, D),
        "kernel": uniform(1.5, D, columns),
        "recurrentKernel": uniform(1.5, H, columns),
        "bias": uniform(0.5, 2, columns) if case.two_biases else uniform(0.5, columns),
        "dOutputs": uniform(1.0, N, T, H),
    }
    for state in case.states:
        arrays["initial" + state] = uniform(1.0, N, H)
        arrays["dFinal" + state] = uniform(1.0, N, H)
    return arrays


def render_keras_case(case):
    """One case of keras.json: its fields and its named arrays.

    The loss is the sum of outputs and final states, each weighted with its upstream gradient.
    """
    arrays = keras_inputs(case)
    layer = getattr(keras.layers, case.layer)(
        case.hidden_size, return_sequences=True, return_state=True, dtype="float64",
        **dict(case.options))
    layer.build((case.batch, case.steps, case.input_size))
    weights = dict(zip(["kernel", "recurrentKernel", "bias"], layer.trainable_variables, strict=True))
    for name, variable in weights.items():
        if name == "bias" and case.fresh_bias:
            arrays["bias"] = variable.value.detach().clone()
        variable.assign(arrays[name])

    variables = {name: variable.value for name, variable in weights.items()}
    for name in ["x", *("initial" + state for state in case.states)]:
        variables[name] = arrays[name].clone().requires_grad_()
    initial = [variables["initial" + state] for state in case.states]
    outputs, *final = layer(variables["x"], initial_state=initial)
    loss = (arrays["dOutputs"] * outputs).sum()
    for state, value in zip(case.states, final, strict=True):
        loss = loss + (arrays["dFinal" + state] * value).sum()
    gradients = torch.autograd.grad(loss, list(variables.values()))

    arrays["outputs"] = outputs
    arrays.update({"final" + state: value for state, value in zip(case.states, final)})
    for name, gradient in zip(variables, gradients, strict=True):
        arrays["dx" if name == "x" else "d" + name[0].upper() + name[1:]] = gradient
    options = dict(case.options)
    fields = {
        "name": case.name,
        "source": f"keras.layers.{case.layer}",
        "layer": case.layer,
        "activation": options.get("activation", "tanh"),
        "recurrentActivation": options.get("recurrent_activation", "sigmoid"),
        "resetAfter": case.two_biases,
        "freshBias": case.fresh_bias,
        "precision": case.precision,
        "seed": case.seed,
        "steps": case.steps,
        "batch": case.batch,
        "inputSize": case.input_size,
        "hiddenSize": case.hidden_size,
    }
    named = {
        name: (tuple(value.shape), value.detach().flatten().tolist(), case.precision)
        for name, value in arrays.items()
    }
    return {"fields": fields, "arrays": named}
