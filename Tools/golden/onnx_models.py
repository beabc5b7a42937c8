"""Small models with the names and shapes that people export from PyTorch, and what PyTorch computes with them."""

import io
import warnings
from dataclasses import dataclass

import onnx
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from onnx_cases import case


class Tagger(nn.Module):
    """Embedding, two bidirectional LSTM layers over sequences of different lengths, a linear layer."""

    def __init__(self, vocabulary=11, embedding=4, hidden=3, tags=5):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.lstm = nn.LSTM(embedding, hidden, num_layers=2, bidirectional=True, batch_first=True)
        self.output = nn.Linear(2 * hidden, tags)

    def forward(self, tokens, lengths):
        x = self.embedding(tokens)
        packed = pack_padded_sequence(x, lengths, batch_first=True)
        y, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.output(y)


class Classifier(nn.Module):
    """Embedding, GRU, and the probabilities of classes from its last state."""

    def __init__(self, vocabulary=9, embedding=4, hidden=6, classes=3):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.gru = nn.GRU(embedding, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.output = nn.Linear(hidden, classes)

    def forward(self, tokens):
        _, state = self.gru(self.embedding(tokens))
        return torch.softmax(self.output(self.norm(state[-1])), dim=-1)


class DecoderStep(nn.Module):
    """A step of a decoder that attends to the outputs of an encoder, which a mask limits."""

    def __init__(self, vocabulary=8, embedding=4, hidden=5, memory=6):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.query = nn.Linear(hidden, memory, bias=False)
        self.gru = nn.GRUCell(embedding + memory, hidden)
        self.output = nn.Linear(hidden + memory, vocabulary)

    def forward(self, token, state, memory, mask):
        scores = torch.matmul(memory, self.query(state).unsqueeze(-1)).squeeze(-1)
        weights = torch.softmax(scores.masked_fill(mask == 0, -1e9), dim=-1)
        context = torch.matmul(weights.unsqueeze(1), memory).squeeze(1)
        state = self.gru(torch.cat([self.embedding(token), context], dim=-1), state)
        scores = torch.log_softmax(self.output(torch.cat([state, context], dim=-1)), dim=-1)
        return scores, state, weights


class LanguageStep(nn.Module):
    """A step of a language model that carries the states of two LSTM layers."""

    def __init__(self, vocabulary=10, hidden=5):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, hidden)
        self.lstm = nn.LSTM(hidden, hidden, num_layers=2)

    def forward(self, token, hidden, cell):
        x = self.embedding(token).unsqueeze(0)
        y, (hidden, cell) = self.lstm(x, (hidden, cell))
        return torch.matmul(y[0], self.embedding.weight.t()), hidden, cell


@dataclass(frozen=True)
class Signature:
    """The names of a model's inputs and outputs, and of those of their axes whose size is not fixed."""

    inputs: list
    outputs: list
    axes: dict


BATCH = {0: "batch"}
TOKENS = {0: "batch", 1: "steps"}
SIGNATURES = {
    Tagger: Signature(
        ["tokens", "lengths"], ["scores"], {"tokens": TOKENS, "lengths": BATCH, "scores": TOKENS}
    ),
    Classifier: Signature(
        ["tokens"], ["probabilities"],
        {"tokens": {0: "steps", 1: "batch"}, "probabilities": BATCH},
    ),
    DecoderStep: Signature(
        ["token", "state", "memory", "mask"], ["scores", "next_state", "weights"],
        {"token": BATCH, "state": BATCH, "memory": TOKENS, "mask": TOKENS},
    ),
    LanguageStep: Signature(
        ["token", "hidden", "cell"], ["scores", "next_hidden", "next_cell"],
        {"token": BATCH, "hidden": {1: "batch"}, "cell": {1: "batch"}},
    ),
}


def export(model, inputs):
    """The bytes of PyTorch's exporter's file of a model, and PyTorch's outputs for the inputs."""
    model.eval()
    signature, file = SIGNATURES[type(model)], io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, inputs, file, input_names=signature.inputs, output_names=signature.outputs,
            dynamic_axes=signature.axes, opset_version=17, dynamo=False,
        )
    proto = onnx.load_model_from_string(file.getvalue())
    for node in proto.graph.node:
        node.ClearField("doc_string")
    with torch.no_grad():
        results = model(*inputs)
    results = results if isinstance(results, tuple) else (results,)
    return proto.SerializeToString(deterministic=True), results


def exported(name, model, inputs):
    """The case of a model: PyTorch's exporter's file, and PyTorch's outputs."""
    data, results = export(model, inputs)
    values = [[x.detach().numpy() for x in row] for row in (inputs, results)]
    return case(name, data, values[0], values[1], 1e-5, 1e-5)


def cases():
    torch.manual_seed(5)
    draw = torch.randn
    tagger = exported(
        "tagger", Tagger(), (torch.randint(11, (3, 6)), torch.tensor([6, 4, 1]))
    )
    classifier = exported("classifier", Classifier(), (torch.randint(9, (7, 2)),))
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    decoder = exported(
        "decoder-step", DecoderStep(),
        (torch.tensor([3, 7]), draw(2, 5), draw(2, 4, 6), mask),
    )
    language = exported(
        "language-step", LanguageStep(), (torch.tensor([2, 9, 0]), draw(2, 3, 5), draw(2, 3, 5))
    )
    return [tagger, classifier, decoder, language]
