"""Makes Tests/Golden/layers: layers of PyTorch, Keras and ONNX Runtime with their weights, an input and the outputs.

Each file is one layer: its tensors as the library names them, behind `layer.` (Keras: `layer/`), and `x` and `y`,
time-major `[T, N, F]`. Weights and inputs are multiples of 1/64. PyTorch computes in double precision, Keras rounds to
single precision on the way, and ONNX Runtime has nothing else.
"""

import os
import pathlib
import random
import sys

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy
import onnx
import onnxruntime
import safetensors.numpy
import torch

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Golden" / "layers"
T, N, D, H = 4, 3, 3, 2


def numbers(rng, *shape, bound=1.0):
    count = int(numpy.prod(shape))
    limit = int(bound * 64)
    values = [rng.randint(-limit, limit) / 64 for _ in range(count)]
    return numpy.array(values, dtype=numpy.float64).reshape(shape)


def write(name, tensors):
    tensors = {key: numpy.ascontiguousarray(value) for key, value in tensors.items()}
    data = safetensors.numpy.save(tensors)
    temporary = FOLDER / f"{name}.{os.getpid()}.tmp"
    temporary.write_bytes(data)
    os.replace(temporary, FOLDER / f"{name}.safetensors")


def pytorch(name, kind, seed, **options):
    rng = random.Random(seed)
    layer = getattr(torch.nn, kind)(D, H + 1 if "proj_size" in options else H, **options).double()
    for parameter in layer.parameters():
        parameter.data = torch.tensor(numbers(rng, *parameter.shape))
    x = numbers(rng, T, N, D, bound=1.5)
    y, _ = layer(torch.tensor(x))
    weights = {"layer." + key: value.numpy() for key, value in layer.state_dict().items()}
    write("pytorch-" + name, {**weights, "x": x, "y": y.detach().numpy()})


def keras_layers(name, layers, seed):
    """Layers on top of each other, called as Keras calls them."""
    rng = random.Random(seed)
    x = numbers(rng, N, T, D, bound=1.5)
    y, weights = x.astype("float32"), {}
    for layer in layers:
        layer.build(y.shape)
        for variable in layer.weights:
            if "seed" in variable.path:
                continue
            value = numbers(rng, *variable.shape).astype("float32")
            variable.assign(value)
            weights["layer/" + variable.path] = value
        y = keras.ops.convert_to_numpy(layer(y))
    write("keras-" + name, {**weights, "x": x.transpose(1, 0, 2), "y": y.transpose(1, 0, 2)})


def onnx_layer(name, kind, seed, directions=1, peepholes=False, **attributes):
    rng = random.Random(seed)
    G = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    weights = {
        "W": numbers(rng, directions, G * H, D), "R": numbers(rng, directions, G * H, H),
        "B": numbers(rng, directions, 2 * G * H)}
    inputs = ["x", "W", "R", "B"]
    if peepholes:
        weights["P"] = numbers(rng, directions, 3 * H)
        inputs += ["", "", "", "P"]
    weights = {key: value.astype("float32") for key, value in weights.items()}
    x = numbers(rng, T, N, D, bound=1.5).astype("float32")
    node = onnx.helper.make_node(
        kind, inputs, ["y"], hidden_size=H,
        direction="bidirectional" if directions == 2 else "forward", **attributes)
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [node], "layer", [value("x", onnx.TensorProto.FLOAT, x.shape)],
        [value("y", onnx.TensorProto.FLOAT, [T, directions, N, H])],
        [onnx.numpy_helper.from_array(array, key) for key, array in weights.items()])
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 14)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"])
    y = session.run(None, {"x": x})[0].transpose(0, 2, 1, 3).reshape(T, N, directions * H)
    write("onnx-" + name, {**{"layer." + k: v for k, v in weights.items()}, "x": x, "y": y})


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    pytorch("lstm", "LSTM", 1)
    pytorch("lstm-2-both", "LSTM", 2, num_layers=2, bidirectional=True)
    pytorch("lstm-projected", "LSTM", 3, proj_size=H, num_layers=2)
    pytorch("lstm-no-bias", "LSTM", 4, bias=False)
    pytorch("gru-both", "GRU", 5, bidirectional=True)
    pytorch("gru-3", "GRU", 6, num_layers=3)
    pytorch("rnn", "RNN", 7)

    def layer(kind, **options):
        return getattr(keras.layers, kind)(H, return_sequences=True, **options)

    for name, seed, make in (
        ("lstm", 11, lambda: [layer("LSTM")]),
        ("gru", 12, lambda: [layer("GRU")]),
        ("gru-before", 13, lambda: [layer("GRU", reset_after=False)]),
        ("rnn", 14, lambda: [layer("SimpleRNN")]),
        ("lstm-2", 15, lambda: [layer("LSTM"), layer("LSTM")]),
        ("gru-both", 16, lambda: [keras.layers.Bidirectional(layer("GRU"))]),
        ("lstm-2-both", 17, lambda: [
            keras.layers.Bidirectional(layer("LSTM")), keras.layers.Bidirectional(layer("LSTM"))]),
    ):
        keras.backend.clear_session()  # Names are counted anew.
        keras_layers(name, make(), seed)

    onnx_layer("lstm", "LSTM", 21)
    onnx_layer("lstm-peepholes-both", "LSTM", 22, directions=2, peepholes=True)
    onnx_layer("gru", "GRU", 23, linear_before_reset=1)
    onnx_layer("gru-before-both", "GRU", 24, directions=2)
    onnx_layer("rnn", "RNN", 25)
    print(f"wrote {FOLDER}", file=sys.stderr)


if __name__ == "__main__":
    main()
