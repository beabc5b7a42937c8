"""oneDNN's LSTM and linear-before-reset GRU, in the layouts that it chooses itself."""

import numpy

import gates
import numbers_file
from cases import GATES
from onednn_library import (
    ANY,
    BACKWARD,
    BIAS,
    DIFF,
    DST,
    DST_ITER,
    DST_ITER_C,
    FORWARD_INFERENCE,
    FORWARD_TRAINING,
    LEFT_TO_RIGHT,
    OVERWRITE_WEIGHT_GRADIENTS,
    PACKAGE,
    SRC,
    SRC_ITER,
    SRC_ITER_C,
    WEIGHTS_ITER,
    WEIGHTS_LAYER,
    WORKSPACE,
    OneDNN,
    c_uint,
)

_onednn = None


def prepare(threads):
    global _onednn
    _onednn = OneDNN()  # OMP_NUM_THREADS says how many threads.


def version():
    return _onednn.version(), PACKAGE


def make(case, path):
    return OneDNNLayer(case, numbers_file.read(path, case.cell, case.shape))


class OneDNNLayer:
    """A forward and, in training, a backward primitive.

    Weights are kept as `[G, H, D]`. In inference they are brought into oneDNN's own order once, in
    training before each pass, as after an optimizer step. Gradients stay in the order in which
    oneDNN leaves them: an optimizer can work there.
    """

    def __init__(self, case, arrays):
        self.case, self.onednn = case, _onednn
        self.is_lstm = case.cell == "lstm"
        self.name = "lstm" if self.is_lstm else "lbr_gru"
        self.order = gates.row_indices(
            gates.NATIVE[case.cell], gates.ONEDNN[case.cell], case.shape.hidden
        )
        bias = arrays["b"][self.order]
        if not self.is_lstm:
            bias = numpy.concatenate([bias, arrays["recurrentBias"]])
        self.arrays = {
            SRC: arrays["x"],
            WEIGHTS_LAYER: arrays["W"][self.order],
            WEIGHTS_ITER: arrays["U"][self.order],
            BIAS: bias,
        }
        self.calls, self.once = [], []
        self.make_layouts()
        self.make_forward()
        if case.mode == "training":
            self.make_backward(arrays["dOutputs"])
        for call in self.once:
            call()

    def make_layouts(self):
        shape, gate_count = self.case.shape, GATES[self.case.cell]
        T, N, D, H = shape.steps, shape.batch, shape.features, shape.hidden
        extents = {
            SRC: (T, N, D),
            BIAS: (1, 1, gate_count + (not self.is_lstm), H),
            DST: (T, N, H),
            DST_ITER: (1, 1, N, H),
        }
        if self.is_lstm:
            extents[DST_ITER_C] = (1, 1, N, H)
        # Without an initial state, which would mean zeros, oneDNN 3.2 leaves a wrong dU.
        if self.case.mode == "training":
            extents[SRC_ITER] = (1, 1, N, H)
            if self.is_lstm:
                extents[SRC_ITER_C] = (1, 1, N, H)
        describe = self.onednn.descriptor
        self.layouts = {argument: describe(size) for argument, size in extents.items()}
        self.chosen, self.plain = {}, {}
        for argument, inputs in ((WEIGHTS_LAYER, D), (WEIGHTS_ITER, H)):
            size = (1, 1, inputs, gate_count, H)
            strides = (gate_count * H * inputs, gate_count * H * inputs, 1, H * inputs, inputs)
            self.chosen[argument] = describe(size, ANY)
            self.plain[argument] = describe(size, strides)
        for argument in extents.keys() - self.arrays.keys():
            self.arrays[argument] = numpy.zeros(extents[argument], numpy.float32)
        self.memories = {
            argument: self.onednn.memory(layout, self.arrays[argument])
            for argument, layout in self.layouts.items()
        }

    def descriptors(self):
        """Those of the arguments of a forward pass, or of their gradients, in the C order."""
        layout = self.layouts.get
        before = [layout(SRC_ITER)] + ([layout(SRC_ITER_C)] if self.is_lstm else [])
        after = [layout(DST_ITER)] + ([layout(DST_ITER_C)] if self.is_lstm else [])
        weights = [self.chosen[WEIGHTS_LAYER], self.chosen[WEIGHTS_ITER]]
        unused = [None, None] if self.is_lstm else []  # Peepholes and a projection.
        return [layout(SRC), *before, *weights, *unused, layout(BIAS), layout(DST), *after]

    def weights_for(self, primitive, calls):
        """The weights in a primitive's own order, and into `calls` what brings them there."""
        result = {}
        for argument, plain in self.plain.items():
            layout = self.onednn.layout(primitive, argument)
            source = self.onednn.memory(plain, self.arrays[argument])
            result[argument] = self.onednn.memory(layout)
            calls.append(self.onednn.reorder(plain, source, layout, result[argument]))
        return result

    def make_forward(self):
        inference = self.case.mode == "inference"
        self.forward = self.onednn.primitive_descriptor(
            f"{self.name}_forward",
            self.onednn.engine,
            FORWARD_INFERENCE if inference else FORWARD_TRAINING,
            LEFT_TO_RIGHT,
            *self.descriptors(),
            c_uint(0),
            None,
        )
        weights = self.weights_for(self.forward, self.once if inference else self.calls)
        arguments = {**self.memories, **weights}
        if not inference:
            self.workspace = self.onednn.memory(self.onednn.layout(self.forward, WORKSPACE))
            arguments[WORKSPACE] = self.workspace
        primitive = self.onednn.primitive(self.forward)
        self.calls.append(self.onednn.execution(primitive, arguments))

    def make_backward(self, upstream):
        onednn = self.onednn
        backward = onednn.primitive_descriptor(
            f"{self.name}_backward",
            onednn.engine,
            BACKWARD,
            LEFT_TO_RIGHT,
            *self.descriptors(),
            *self.descriptors(),
            c_uint(OVERWRITE_WEIGHT_GRADIENTS),
            self.forward,
            None,
        )
        weights = self.weights_for(backward, self.calls)
        arguments = {**self.memories, **weights, WORKSPACE: self.workspace}
        self.gradients = {name: numpy.zeros_like(array) for name, array in self.arrays.items()}
        self.gradients[DST] = upstream
        for argument, layout in self.layouts.items():
            arguments[argument + DIFF] = onednn.memory(layout, self.gradients[argument])
        # What brings the gradients of the weights into the plain order, for the check alone.
        self.collect = []
        for argument, plain in self.plain.items():
            layout = onednn.layout(backward, argument + DIFF)
            memory = onednn.memory(layout)
            arguments[argument + DIFF] = memory
            target = onednn.memory(plain, self.gradients[argument])
            self.collect.append(onednn.reorder(layout, memory, plain, target))
        self.calls.append(onednn.execution(onednn.primitive(backward), arguments))

    def call(self):
        for call in self.calls:
            call()
        self.onednn.wait()

    def results(self):
        results = {"outputs": self.arrays[DST], "finalHidden": self.arrays[DST_ITER]}
        if self.is_lstm:
            results["finalCell"] = self.arrays[DST_ITER_C]
        if self.case.mode == "training":
            for call in self.collect:
                call()
            self.onednn.wait()
            native = numpy.argsort(self.order)
            results["dx"] = self.gradients[SRC]
            results["dW"] = self.gradients[WEIGHTS_LAYER][native]
            results["dU"] = self.gradients[WEIGHTS_ITER][native]
            results["db"] = self.gradients[BIAS][: len(native)][native]
            if not self.is_lstm:
                results["dRecurrentBias"] = self.gradients[BIAS][len(native) :]
        return results
