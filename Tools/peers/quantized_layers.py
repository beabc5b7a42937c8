"""Layers of other libraries with weights of fewer bytes, and their process; inference only.

ONNX Runtime has its own node for it, `DynamicQuantizeLSTM`, and none for a GRU. PyTorch has dynamic
quantisation of both, in whole numbers of one byte and in half precision.
"""

import os
import sys
import tempfile
import warnings

import numbers_file
import worker

# What each contestant keeps its weights in.
FORMATS = {"onnxruntime-int8": "int8", "torch-int8": "int8", "torch-float16": "float16"}


class TorchQuantized:
    """`torch.ao.quantization.quantize_dynamic` of a module with the weights of a case."""

    @staticmethod
    def prepare(threads):
        import torch_layer

        torch_layer.prepare(threads)

    @staticmethod
    def version():
        import torch

        return torch.__version__, f"engine {torch.backends.quantized.engine}"

    @staticmethod
    def make(case, path, dtype):
        import torch
        import torch_layer

        layer = torch_layer.TorchLayer(case, numbers_file.read(path, case.cell, case.shape))
        with warnings.catch_warnings():
            # It says that another package is to have it one day.
            warnings.simplefilter("ignore")
            holder = torch.ao.quantization.quantize_dynamic(
                torch.nn.Sequential(layer.module), {type(layer.module)}, getattr(torch, dtype)
            )
        layer.module = holder[0]
        layer.parameters = []
        return layer


class OnnxQuantized:
    """The node that `onnxruntime.quantization` makes of an LSTM, with a scale for each unit."""

    @staticmethod
    def prepare(threads):
        import onnx_layer

        onnx_layer.prepare(threads)

    @staticmethod
    def version():
        import onnx_layer

        return onnx_layer.version()

    @staticmethod
    def make(case, path):
        import onnx
        import onnx_layer
        from onnxruntime.quantization import QuantType, quantize_dynamic

        if case.cell != "lstm":
            raise ValueError("ONNX Runtime quantises an LSTM alone")
        arrays = numbers_file.read(path, case.cell, case.shape)
        with tempfile.TemporaryDirectory(prefix="peers-") as folder:
            plain, quantized = (os.path.join(folder, name) for name in ("plain", "quantized"))
            with open(plain, "wb") as file:
                file.write(onnx_layer.model(case, arrays))
            quantize_dynamic(plain, quantized, per_channel=True, weight_type=QuantType.QInt8)
            model = onnx.load(quantized)
            if [node.op_type for node in model.graph.node] != ["DynamicQuantizeLSTM"]:
                raise ValueError("ONNX Runtime has not quantised the LSTM")
            return onnx_layer.OnnxLayer(case, arrays, model.SerializeToString())


class Session(worker.Session):
    """Answers requests for one of `FORMATS`."""

    def __init__(self, name):
        self.threads = int(os.environ.get("PEERS_THREADS", "1"))
        self.library = OnnxQuantized if name.startswith("onnx") else TorchQuantized
        self.options = {}
        if self.library is TorchQuantized:
            self.options["dtype"] = "qint8" if FORMATS[name] == "int8" else "float16"
        self.library.prepare(self.threads)
        self.name, self.layer = name, None


if __name__ == "__main__":
    worker.serve(lambda: Session(sys.argv[1]))
