"""PyTorch's `nn.LSTM` and `nn.GRU`."""

import re

import torch

import numbers_file


def prepare(threads):
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)


def version():
    onednn = re.search(r"MKL-DNN v([\d.]+)", torch.__config__.show())
    level = torch.backends.cpu.get_cpu_capability()
    return torch.__version__, f"{level}, oneDNN {onednn[1] if onednn else 'unknown'}"


def make(case, path, mkldnn):
    torch.backends.mkldnn.set_flags(mkldnn)
    return TorchLayer(case, numbers_file.read(path, case.cell, case.shape))


class TorchLayer:
    """A module with the weights of a case.

    PyTorch has two biases where an LSTM needs one: the second is zero, and for the GRU zero but for
    the candidate's, which the reset gate scales.
    """

    def __init__(self, case, arrays):
        self.case = case
        kind = torch.nn.LSTM if case.cell == "lstm" else torch.nn.GRU
        self.module = kind(case.shape.features, case.shape.hidden)
        with torch.no_grad():
            self.module.weight_ih_l0.copy_(torch.from_numpy(arrays["W"]))
            self.module.weight_hh_l0.copy_(torch.from_numpy(arrays["U"]))
            self.module.bias_ih_l0.copy_(torch.from_numpy(arrays["b"]))
            self.module.bias_hh_l0.zero_()
            if case.cell == "gru":
                bias = torch.from_numpy(arrays["recurrentBias"])
                self.module.bias_hh_l0[-case.shape.hidden :].copy_(bias)
        self.parameters = list(self.module.parameters())
        self.x = torch.from_numpy(arrays["x"])
        self.output = None
        if case.mode == "inference":
            self.module.eval().requires_grad_(False)
            self.call = self.infer
        elif case.mode == "forward":
            self.x.requires_grad_()
            self.call = self.forward
        else:
            self.x.requires_grad_()
            self.upstream = torch.from_numpy(arrays["dOutputs"])
            self.call = self.train

    def run(self):
        return self.module(self.x)

    def infer(self):
        with torch.inference_mode():
            self.output = self.run()

    def forward(self):
        # The graph of the last call goes before the next one is made, as in a training loop.
        self.output = None
        self.output = self.run()

    def train(self):
        self.output = None
        # Gradients that are none are stored, not added: the faster of the two ways.
        self.x.grad = None
        for parameter in self.parameters:
            parameter.grad = None
        self.output = self.run()
        self.output[0].backward(self.upstream)

    def results(self):
        """What the last call computed, by this package's names."""
        outputs, state = self.output
        hidden, cell = state if self.case.cell == "lstm" else (state, None)
        results = {"outputs": outputs, "finalHidden": hidden}
        if cell is not None:
            results["finalCell"] = cell
        if self.case.mode == "training":
            module = self.module
            results["dx"] = self.x.grad
            results["dW"] = module.weight_ih_l0.grad
            results["dU"] = module.weight_hh_l0.grad
            results["db"] = module.bias_ih_l0.grad
            if self.case.cell == "gru":
                results["dRecurrentBias"] = module.bias_hh_l0.grad[-self.case.shape.hidden :]
        return {name: tensor.detach().numpy() for name, tensor in results.items()}
