"""ONNX Runtime's LSTM and GRU operators; inference only."""

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import gates
import numbers_file

_threads = 1


def prepare(threads):
    global _threads
    _threads = threads


def version():
    return onnxruntime.__version__, "CPUExecutionProvider"


def make(case, path):
    if case.mode != "inference":
        raise ValueError("ONNX Runtime takes part in inference only")
    return OnnxLayer(case, numbers_file.read(path, case.cell, case.shape))


class OnnxLayer:
    """A session of one node, that of the case or one made of it, with its input and outputs bound to memory once."""

    def __init__(self, case, arrays, serialized=None):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        self.session = onnxruntime.InferenceSession(
            serialized or model(case, arrays), options, providers=["CPUExecutionProvider"]
        )
        self.binding = self.session.io_binding()
        self.x = onnxruntime.OrtValue.ortvalue_from_numpy(arrays["x"])
        self.binding.bind_ortvalue_input("x", self.x)
        self.outputs = {}
        for name, size in outputs(case).items():
            value = onnxruntime.OrtValue.ortvalue_from_shape_and_type(size, numpy.float32)
            self.outputs[name] = value
            self.binding.bind_ortvalue_output(name, value)

    def call(self):
        self.session.run_with_iobinding(self.binding)

    def results(self):
        return {name: value.numpy() for name, value in self.outputs.items()}


def outputs(case):
    """The shapes of the node's outputs; the second axis, or the first, counts directions."""
    shape = case.shape
    state = (1, shape.batch, shape.hidden)
    extents = {"outputs": (shape.steps, 1, shape.batch, shape.hidden), "finalHidden": state}
    if case.cell == "lstm":
        extents["finalCell"] = state
    return extents


def model(case, arrays):
    """The serialised graph; weights are constants, so that the session may pack them once."""
    rows = gates.row_indices(gates.NATIVE[case.cell], gates.ONNX[case.cell], case.shape.hidden)
    recurrent_bias = numpy.zeros_like(arrays["b"])
    if case.cell == "gru":
        recurrent_bias[-case.shape.hidden :] = arrays["recurrentBias"]
    weights = {
        "W": arrays["W"][rows],
        "R": arrays["U"][rows],
        "B": numpy.concatenate([arrays["b"][rows], recurrent_bias[rows]]),
    }
    attributes = {"hidden_size": case.shape.hidden}
    if case.cell == "gru":
        attributes["linear_before_reset"] = 1
    inputs = ["x", "W", "R", "B"]
    node = helper.make_node(case.cell.upper(), inputs, list(outputs(case)), **attributes)
    shape = [case.shape.steps, case.shape.batch, case.shape.features]

    def value(name, extents):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, extents)

    graph = helper.make_graph(
        [node],
        "layer",
        [value("x", shape)],
        [value(name, extents) for name, extents in outputs(case).items()],
        [numpy_helper.from_array(array[None], name) for name, array in weights.items()],
    )
    opset = [helper.make_opsetid("", 14)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()
