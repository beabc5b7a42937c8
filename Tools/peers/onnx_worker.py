"""ONNX Runtime's process in a comparison of exported models: serves the protocol of `OnnxPeer`."""

import os

import onnx
import onnxruntime
from onnx import numpy_helper

from worker import Session, serve


class OnnxSession(Session):
    """The session of a model, with inputs and outputs bound to memory once."""

    def __init__(self):
        self.name = "onnxruntime"
        self.threads = int(os.environ.get("PEERS_THREADS", "1"))
        self.layer = None

    def answer_hello(self, _):
        version = onnxruntime.__version__
        return {"name": self.name, "version": version, "detail": "CPUExecutionProvider"}

    def answer_load(self, request):
        self.layer = None
        self.layer = BoundModel(request["model"], request["inputs"], self.threads)
        return {}


class BoundModel:
    def __init__(self, path, inputs, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        self.session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
        values = {name: read(file) for name, file in inputs.items()}
        self.names = [output.name for output in self.session.get_outputs()]
        # Their shapes are known when they have been computed once.
        first = self.session.run(self.names, values)
        self.binding = self.session.io_binding()
        self.kept = []
        for name, value in values.items():
            self.bind(self.binding.bind_ortvalue_input, name, value)
        for name, value in zip(self.names, first):
            self.bind(self.binding.bind_ortvalue_output, name, value)

    def bind(self, place, name, array):
        value = onnxruntime.OrtValue.ortvalue_from_numpy(array)
        self.kept.append(value)
        place(name, value)

    def call(self):
        self.session.run_with_iobinding(self.binding)

    def results(self):
        return dict(zip(self.names, (value.numpy() for value in self.kept[-len(self.names) :])))


def read(path):
    tensor = onnx.TensorProto()
    with open(path, "rb") as file:
        tensor.ParseFromString(file.read())
    return numpy_helper.to_array(tensor)


if __name__ == "__main__":
    serve(OnnxSession)
