"""PyTorch's `nn.LSTM` and `nn.GRU` on batches whose sequences have different lengths: packed, or padded."""

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import numbers_file
import torch_layer
from torch_layer import prepare, version  # noqa: F401 - what a worker asks of a library


def make(case, path, mkldnn, is_packed, lengths):
    torch.backends.mkldnn.set_flags(mkldnn)
    return RaggedLayer(case, numbers_file.read(path, case.cell, case.shape), is_packed, lengths)


class RaggedLayer(torch_layer.TorchLayer):
    """A module that is called with lengths.

    Packed, the outputs are padded again, since whoever takes them needs them by step and sequence. Padded,
    sequences run to the end of the batch, the gradient of the outputs is zero after the end of each, and
    there is no final state.
    """

    def __init__(self, case, arrays, is_packed, lengths):
        super().__init__(case, arrays)
        self.is_packed = is_packed
        self.lengths = torch.tensor(lengths)
        steps = torch.arange(case.shape.steps)[:, None]
        # What counts, `[T, N, 1]`.
        self.mask = (steps < self.lengths).unsqueeze(2)
        if case.mode == "training":
            self.upstream = self.upstream * self.mask

    def run(self):
        if not self.is_packed:
            return super().run()
        packed = pack_padded_sequence(self.x, self.lengths, enforce_sorted=False)
        outputs, state = self.module(packed)
        return pad_packed_sequence(outputs, total_length=self.x.shape[0])[0], state

    def results(self):
        results = super().results()
        if not self.is_packed:
            results["outputs"] = results["outputs"] * self.mask.numpy()
            results.pop("finalHidden")
            results.pop("finalCell", None)
        return results
