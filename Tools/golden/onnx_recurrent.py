"""RNN, LSTM and GRU nodes with attributes and inputs drawn at random, and what ONNX Runtime computes."""

import random

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from onnx_cases import case

GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}
FUNCTIONS = {"RNN": 1, "LSTM": 3, "GRU": 2}
PLAIN = ["Relu", "Tanh", "Sigmoid", "Softsign", "Softplus"]
WITH_ALPHA = ["Affine", "LeakyRelu", "ThresholdedRelu", "ScaledTanh", "HardSigmoid", "Elu"]
WITH_BETA = ["Affine", "ScaledTanh", "HardSigmoid"]


def attributes(operator, directions, hidden, rng):
    drawn = {"hidden_size": hidden}
    drawn["direction"] = "bidirectional" if directions == 2 else rng.choice(["forward", "reverse"])
    if rng.random() < 0.6:
        names = [rng.choice(PLAIN + WITH_ALPHA) for _ in range(FUNCTIONS[operator] * directions)]
        drawn["activations"] = names
        # Always given: what they are else, ONNX leaves open for some of the functions.
        alphas = [round(rng.uniform(-0.4, 1), 3) for name in names if name in WITH_ALPHA]
        betas = [round(rng.uniform(-0.4, 1), 3) for name in names if name in WITH_BETA]
        if alphas:
            drawn["activation_alpha"] = alphas
        if betas:
            drawn["activation_beta"] = betas
    if rng.random() < 0.3:
        drawn["clip"] = round(rng.uniform(0.2, 1.5), 2)
    if operator == "LSTM" and rng.random() < 0.3:
        drawn["input_forget"] = 1
    if operator == "GRU" and rng.random() < 0.5:
        drawn["linear_before_reset"] = 1
    return drawn


def draw(number, rng):
    operator = rng.choice(sorted(GATES))
    gates, directions = GATES[operator], rng.choice([1, 2])
    steps, batch, size, hidden = (rng.randint(1, 5) for _ in range(4))
    numbers = np.random.default_rng(rng.getrandbits(32))

    def array(*shape):
        return np.round(numbers.standard_normal(shape) * 0.7 * 64).astype(np.float32) / 64

    drawn = attributes(operator, directions, hidden, rng)
    values = {"X": array(steps, batch, size), "W": array(directions, gates * hidden, size)}
    values["R"] = array(directions, gates * hidden, hidden)
    if rng.random() < 0.7:
        values["B"] = array(directions, 2 * gates * hidden)
    if rng.random() < 0.5:
        values["lengths"] = numbers.integers(1, steps + 1, batch).astype(np.int32)
    if rng.random() < 0.5:
        values["h"] = array(directions, batch, hidden)
    order = ["X", "W", "R", "B", "lengths", "h"]
    outputs = ["Y", "Y_h"]
    if operator == "LSTM":
        order += ["c", "P"]
        outputs += ["Y_c"]
        if rng.random() < 0.5:
            values["c"] = array(directions, batch, hidden)
        if rng.random() < 0.4:
            values["P"] = array(directions, 3 * hidden)
    wanted = [name for name in outputs if rng.random() < 0.7] or ["Y_h"]
    # Weights that are the same in every run, or inputs.
    fixed = {"W", "R", "B", "P"} if rng.random() < 0.7 else set()
    node = helper.make_node(
        operator, [name if name in values else "" for name in order],
        [name if name in wanted else "" for name in outputs], **drawn,
    )
    free = [name for name in values if name not in fixed]
    graph = helper.make_graph(
        [node], "graph",
        [helper.make_tensor_value_info(
            name, TensorProto.INT32 if name == "lengths" else TensorProto.FLOAT, values[name].shape)
         for name in free],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in wanted],
        [numpy_helper.from_array(values[name], name) for name in values if name in fixed],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    data = model.SerializeToString(deterministic=True)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    inputs = [values[name] for name in free]
    results = session.run(wanted, dict(zip(free, inputs)))
    # What runs away is rounded differently by everybody.
    if any(not np.all(np.abs(result) < 100) for result in results):
        return None
    name = f"{number:04} {operator} {drawn['direction']}"
    return case(name, data, inputs, results, 1e-4, 2e-5)


def cases(count, seed):
    rng, made = random.Random(seed), []
    while len(made) < count:
        one = draw(len(made), rng)
        if one:
            made.append(one)
    return made
