"""Small models with the names and shapes that people export from PyTorch, and what PyTorch computes with them."""

import io
import warnings

import onnx
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from onnx_cases import case


class Tagger(nn.Module):
    """Embedding, two bidirectional LSTM layers over sequences of different lengths, a linear layer."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 4)
        self.lstm = nn.LSTM(4, 3, num_layers=2, bidirectional=True, batch_first=True)
        self.output = nn.Linear(6, 5)

    def forward(self, tokens, lengths):
        x = self.embedding(tokens)
        packed = pack_padded_sequence(x, lengths, batch_first=True)
        y, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.output(y)


class Classifier(nn.Module):
    """Embedding, GRU, and the probabilities of classes from its last state."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(9, 4)
        self.gru = nn.GRU(4, 6)
        self.norm = nn.LayerNorm(6)
        self.output = nn.Linear(6, 3)

    def forward(self, tokens):
        _, state = self.gru(self.embedding(tokens))
        return torch.softmax(self.output(self.norm(state[-1])), dim=-1)


class DecoderStep(nn.Module):
    """A step of a decoder that attends to the outputs of an encoder, which a mask limits."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(8, 4)
        self.query = nn.Linear(5, 6, bias=False)
        self.gru = nn.GRUCell(10, 5)
        self.output = nn.Linear(11, 8)

    def forward(self, token, state, memory, mask):
        scores = torch.matmul(memory, self.query(state).unsqueeze(-1)).squeeze(-1)
        weights = torch.softmax(scores.masked_fill(mask == 0, -1e9), dim=-1)
        context = torch.matmul(weights.unsqueeze(1), memory).squeeze(1)
        state = self.gru(torch.cat([self.embedding(token), context], dim=-1), state)
        scores = torch.log_softmax(self.output(torch.cat([state, context], dim=-1)), dim=-1)
        return scores, state, weights


class LanguageStep(nn.Module):
    """A step of a language model that carries the states of two LSTM layers."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 5)
        self.lstm = nn.LSTM(5, 5, num_layers=2)

    def forward(self, token, hidden, cell):
        x = self.embedding(token).unsqueeze(0)
        y, (hidden, cell) = self.lstm(x, (hidden, cell))
        return torch.matmul(y[0], self.embedding.weight.t()), hidden, cell


def exported(name, model, inputs, names, outputs, axes):
    """The case of a model: PyTorch's exporter's file, and PyTorch's outputs."""
    model.eval()
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, inputs, file, input_names=names, output_names=outputs, dynamic_axes=axes,
            opset_version=17, dynamo=False,
        )
    proto = onnx.load_model_from_string(file.getvalue())
    for node in proto.graph.node:
        node.ClearField("doc_string")
    with torch.no_grad():
        results = model(*inputs)
    results = results if isinstance(results, tuple) else (results,)
    bytes_of_model = proto.SerializeToString(deterministic=True)
    values = [[x.detach().numpy() for x in row] for row in (inputs, results)]
    return case(name, bytes_of_model, values[0], values[1], 1e-5, 1e-5)


def cases():
    torch.manual_seed(5)
    draw = torch.randn
    batch = {0: "batch"}
    tagger = exported(
        "tagger", Tagger(), (torch.randint(11, (3, 6)), torch.tensor([6, 4, 1])),
        ["tokens", "lengths"], ["scores"],
        {"tokens": {0: "batch", 1: "steps"}, "lengths": batch, "scores": {0: "batch", 1: "steps"}},
    )
    classifier = exported(
        "classifier", Classifier(), (torch.randint(9, (7, 2)),), ["tokens"], ["probabilities"],
        {"tokens": {0: "steps", 1: "batch"}, "probabilities": batch},
    )
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    decoder = exported(
        "decoder-step", DecoderStep(),
        (torch.tensor([3, 7]), draw(2, 5), draw(2, 4, 6), mask),
        ["token", "state", "memory", "mask"], ["scores", "next_state", "weights"],
        {"token": batch, "state": batch, "memory": {0: "batch", 1: "steps"},
         "mask": {0: "batch", 1: "steps"}},
    )
    language = exported(
        "language-step", LanguageStep(), (torch.tensor([2, 9, 0]), draw(2, 3, 5), draw(2, 3, 5)),
        ["token", "hidden", "cell"], ["scores", "next_hidden", "next_cell"],
        {"token": batch, "hidden": {1: "batch"}, "cell": {1: "batch"}},
    )
    return [tagger, classifier, decoder, language]
