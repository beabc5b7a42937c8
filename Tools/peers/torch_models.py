"""The models of `Bench model-peer` in PyTorch, as one would write them there.

PyTorch's layers have two biases where one is enough: the second is zero and stays so, but for the part
of a GRU's that the reset gate scales. Sequences of different lengths are packed.
"""

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

IGNORED = -100


def make(model, sizes, dropout, weights):
    """A model with the weights of `Bench model-peer`, by its names."""
    kind = {
        "character": Character,
        "tagger": Tagger,
        "translation": Translation,
        "pointer": Pointer,
    }[model]
    result = kind(sizes, dropout)
    used = set()
    with torch.no_grad():
        result.read(Weights(weights, used))
    unused = set(weights) - used
    if unused:
        raise ValueError(f"{model}: no place for {', '.join(sorted(unused))}")
    return result


class Weights:
    """Named tensors, and which of them were asked for."""

    def __init__(self, tensors, used):
        self.tensors, self.used = tensors, used

    def __getitem__(self, name):
        self.used.add(name)
        return torch.from_numpy(self.tensors[name])

    def linear(self, module, name):
        module.weight.copy_(self[f"{name}/W"])
        module.bias.copy_(self[f"{name}/b"][0])

    def layer(self, module, name, suffix=""):
        """One direction of a layer of PyTorch's, whose gates have the same order."""
        hidden = module.hidden_size
        getattr(module, f"weight_ih_l0{suffix}").copy_(self[f"{name}/W"])
        getattr(module, f"weight_hh_l0{suffix}").copy_(self[f"{name}/U"])
        getattr(module, f"bias_ih_l0{suffix}").copy_(self[f"{name}/b"][0])
        second = getattr(module, f"bias_hh_l0{suffix}")
        second.zero_()
        if isinstance(module, nn.GRU):
            second[-hidden:].copy_(self[f"{name}/b_hn"][0])
            mask = torch.zeros_like(second)
            mask[-hidden:] = 1
            second.register_hook(lambda gradient: gradient * mask)
        else:
            second.requires_grad_(False)


def packed(layer, x, lengths):
    """A layer over sequences of different lengths: outputs, and the state after the last step of each."""
    outputs, state = layer(
        pack_padded_sequence(x, lengths, enforce_sorted=False)
    )
    return pad_packed_sequence(outputs, total_length=x.shape[0])[0], state


class Batch:
    """A batch's tensors."""

    def __init__(self, values):
        steps, count = values["steps"], values["batch"]
        self.lengths = torch.tensor(values["lengths"])
        if "tokens" in values:
            self.tokens = torch.tensor(values["tokens"]).view(steps, count)
        if "points" in values:
            self.points = torch.tensor(values["points"]).view(steps, count, 2)
        label_steps = values["labelSteps"]
        if "inputs" in values:
            self.inputs = torch.tensor(values["inputs"]).view(label_steps, count)
        labels = torch.tensor(values["labels"]).view(label_steps, count)
        valid = torch.arange(label_steps)[:, None] < torch.tensor(values["labelLengths"])
        self.labels = torch.where(valid, labels, IGNORED).reshape(-1)
        self.steps = steps
        # Which steps of the source are none, `[N, 1, T]`.
        self.beyond = (torch.arange(steps) >= self.lengths[:, None])[:, None, :]


class Character(nn.Module):
    def __init__(self, sizes, dropout):
        super().__init__()
        vocabulary, features, hidden = sizes["vocabulary"], sizes["embedding"], sizes["hidden"]
        self.embedding = nn.Embedding(vocabulary, features)
        self.layer = nn.LSTM(features, hidden)
        self.output = nn.Linear(hidden, vocabulary)
        self.dropout = nn.Dropout(dropout)

    def read(self, weights):
        self.embedding.weight.copy_(weights["embedding/W"])
        weights.layer(self.layer, "layer")
        weights.linear(self.output, "output.linear")

    def loss(self, batch):
        y, _ = self.layer(self.dropout(self.embedding(batch.tokens)))
        scores = self.output(self.dropout(y))
        return cross_entropy(scores.flatten(0, 1), batch.labels, ignore_index=IGNORED)


class Tagger(nn.Module):
    def __init__(self, sizes, dropout):
        super().__init__()
        features, hidden = sizes["embedding"], sizes["hidden"]
        self.embedding = nn.Embedding(sizes["vocabulary"], features)
        self.encoder = nn.LSTM(features, hidden, bidirectional=True)
        self.output = nn.Linear(2 * hidden, sizes["classes"])
        self.dropout = nn.Dropout(dropout)

    def read(self, weights):
        self.embedding.weight.copy_(weights["embedding/W"])
        weights.layer(self.encoder, "encoder.0")
        weights.layer(self.encoder, "encoder.1", "_reverse")
        weights.linear(self.output, "output")

    def loss(self, batch):
        x = self.dropout(self.embedding(batch.tokens))
        y, _ = packed(self.encoder, x, batch.lengths)
        scores = self.output(self.dropout(y))
        return cross_entropy(scores.flatten(0, 1), batch.labels, ignore_index=IGNORED)


class Translation(nn.Module):
    def __init__(self, sizes, dropout):
        super().__init__()
        vocabulary, features, hidden = sizes["vocabulary"], sizes["embedding"], sizes["hidden"]
        self.source = nn.Embedding(vocabulary, features)
        self.target = nn.Embedding(vocabulary, features)
        self.encoder = nn.GRU(features, hidden, bidirectional=True)
        self.bridge = nn.Linear(2 * hidden, hidden)
        self.decoder = nn.GRU(features, hidden)
        self.query = nn.Linear(hidden, 2 * hidden)
        self.combination = nn.Linear(3 * hidden, hidden)
        self.output = nn.Linear(hidden, vocabulary)
        self.dropout = nn.Dropout(dropout)

    def read(self, weights):
        self.source.weight.copy_(weights["sourceEmbedding/W"])
        self.target.weight.copy_(weights["targetEmbedding/W"])
        weights.layer(self.encoder, "encoder.0")
        weights.layer(self.encoder, "encoder.1", "_reverse")
        weights.linear(self.bridge, "bridge")
        weights.layer(self.decoder, "decoder")
        weights.linear(self.query, "attention.query")
        weights.linear(self.combination, "combination")
        weights.linear(self.output, "output")

    def loss(self, batch):
        x = self.dropout(self.source(batch.tokens))
        keys, state = packed(self.encoder, x, batch.lengths)
        state = self.bridge(torch.cat([state[0], state[1]], dim=1))[None]
        h, _ = self.decoder(self.dropout(self.target(batch.inputs)), state)
        # Sequences first: [N, T₂, F] and [N, F, T₁].
        keys = keys.transpose(0, 1)
        scores = torch.bmm(self.query(h).transpose(0, 1), keys.transpose(1, 2))
        weights = scores.masked_fill(batch.beyond, float("-inf")).softmax(dim=2)
        context = torch.bmm(weights, keys).transpose(0, 1)
        seen = torch.tanh(self.combination(torch.cat([context, h], dim=2)))
        scores = self.output(self.dropout(seen))
        return cross_entropy(scores.flatten(0, 1), batch.labels, ignore_index=IGNORED)


class Pointer(nn.Module):
    def __init__(self, sizes, dropout):
        super().__init__()
        features, hidden = sizes["embedding"], sizes["hidden"]
        self.projection = nn.Linear(2, features)
        self.encoder = nn.LSTM(features, hidden)
        self.bridge = nn.Linear(2 * hidden, 2 * hidden)
        self.decoder = nn.LSTM(features, hidden)
        self.beginning = nn.Parameter(torch.zeros(1, 1, features))
        self.end = nn.Parameter(torch.zeros(1, 1, hidden))
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden)
        self.vector = nn.Parameter(torch.zeros(hidden))
        self.dropout = nn.Dropout(dropout)

    def read(self, weights):
        weights.linear(self.projection, "projection")
        weights.layer(self.encoder, "encoder")
        weights.linear(self.bridge, "bridge")
        weights.layer(self.decoder, "decoder")
        self.beginning.copy_(weights["beginning/W"][None])
        self.end.copy_(weights["end/W"][None])
        weights.linear(self.query, "pointer.query")
        weights.linear(self.key, "pointer.key")
        self.vector.copy_(weights["pointer.vector/W"][0])

    def loss(self, batch):
        x = self.dropout(self.projection(batch.points))
        count = x.shape[1]
        y, (h, c) = packed(self.encoder, x, batch.lengths)
        state = self.bridge(torch.cat([h[0], c[0]], dim=1))[None].chunk(2, dim=2)
        inputs = torch.cat([self.beginning.expand(1, count, -1), x])
        keys = self.key(torch.cat([self.end.expand(1, count, -1), y]))
        read = inputs.gather(0, batch.inputs[:, :, None].expand(-1, -1, inputs.shape[2]))
        outputs, _ = self.decoder(read, tuple(part.contiguous() for part in state))
        queries = self.query(self.dropout(outputs))
        # [T₂, 1, N, A] and [1, T + 1, N, A].
        scores = torch.tanh(queries[:, None] + keys[None]) @ self.vector
        scores = scores.transpose(1, 2)
        beyond = torch.arange(batch.steps + 1) > batch.lengths[:, None]
        scores = scores.masked_fill(beyond[None], float("-inf"))
        return cross_entropy(scores.flatten(0, 1), batch.labels, ignore_index=IGNORED)


class Training:
    """A model with its batches, Adam, and gradients clipped to a norm of 1."""

    def __init__(self, model, batches):
        self.model = model.train()
        self.batches = [Batch(values) for values in batches]
        self.next = 0
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.adam = torch.optim.Adam(self.parameters, lr=1e-3, fused=True)

    def update(self):
        batch = self.batches[self.next]
        self.next = (self.next + 1) % len(self.batches)
        self.adam.zero_grad(set_to_none=True)
        loss = self.model.loss(batch)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.adam.step()
        return float(loss.detach())
