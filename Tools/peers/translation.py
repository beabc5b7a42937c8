"""Trains the model of the experiment `translation` in PyTorch, on the same names.

    Experiments run translation --budget full     # writes data/translation/pairs-SEED.json
    Tools/peers/run translation                   # trains on those, writes data/translation/torch.json
    Experiments run translation --budget full     # holds its own result against that one

The same sizes, initialisation, Adam, warmed-up cosine, clipping, dropout, batches of similar lengths,
greedy decoding. `--folder` names another folder, `--threads` how many to use (1).
"""

import argparse
import glob
import json
import math
import os
import random
import sys
import time

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

IGNORED = -100
HERE = os.path.dirname(os.path.abspath(__file__))


class Translator(nn.Module):
    """Both directions of a GRU, additive attention, a GRU: `EncoderDecoder` of this package."""

    def __init__(self, symbols, embedding, units, dropout):
        super().__init__()
        self.source, self.target = nn.Embedding(symbols, embedding), nn.Embedding(symbols, embedding)
        self.encoder = nn.GRU(embedding, units, bidirectional=True)
        self.bridge = nn.Linear(2 * units, units)
        self.decoder = nn.GRU(embedding, units)
        self.query, self.key = nn.Linear(units, units), nn.Linear(2 * units, units)
        self.vector = nn.Parameter(torch.empty(1, units))
        self.combination = nn.Linear(3 * units, units)
        self.output = nn.Linear(units, symbols)
        self.dropout = nn.Dropout(dropout)
        self.initialize()

    def initialize(self):
        """As this package does: Glorot for each gate's inputs, orthogonal for its state, biases zero."""
        for name, parameter in self.named_parameters():
            if "bias" in name:
                nn.init.zeros_(parameter)
            elif "weight_ih" in name or "weight_hh" in name:
                rule = nn.init.xavier_uniform_ if "ih" in name else nn.init.orthogonal_
                for gate in parameter.chunk(3):
                    rule(gate)
            elif name.startswith(("source", "target")):
                nn.init.normal_(parameter)
            else:
                nn.init.xavier_uniform_(parameter)

    def encode(self, inputs, lengths):
        x = pack_padded_sequence(
            self.dropout(self.source(inputs)), lengths, enforce_sorted=False
        )
        outputs, state = self.encoder(x)
        values = pad_packed_sequence(outputs, total_length=inputs.shape[0])[0]
        mask = torch.arange(inputs.shape[0])[None] < lengths[:, None]
        state = self.bridge(torch.cat((state[0], state[1]), -1)).unsqueeze(0)
        return (values, self.key(values), mask), state

    def look(self, read, state, encoded):
        """The scores of the tokens after those that are read, `[T, N, V]`, and the state."""
        values, keys, mask = encoded
        h, state = self.decoder(self.dropout(self.target(read)), state)
        q = self.query(h).transpose(0, 1).unsqueeze(2)
        k = keys.transpose(0, 1).unsqueeze(1)
        scores = torch.tanh(q + k) @ self.vector[0]
        weights = torch.softmax(scores.masked_fill(~mask.unsqueeze(1), float("-inf")), -1)
        context = torch.bmm(weights, values.transpose(0, 1)).transpose(0, 1)
        seen = torch.tanh(self.combination(torch.cat((context, h), -1)))
        return self.output(self.dropout(seen)), state


def filled(sequences, value):
    return pad_sequence([torch.tensor(s) for s in sequences], padding_value=value)


def batches(pairs, size, generator):
    """Epoch after epoch: shuffled pools of 32 batches, in each those of similar lengths together."""
    while True:
        order = generator.sample(range(len(pairs)), len(pairs))
        epoch = []
        for start in range(0, len(order), 32 * size):
            pool = sorted(
                order[start : start + 32 * size], key=lambda i: tuple(map(len, pairs[i]))
            )
            epoch += [pool[i : i + size] for i in range(0, len(pool), size)]
        generator.shuffle(epoch)
        yield from ([pairs[i] for i in batch] for batch in epoch)


def rate(step, task):
    warm_up, steps, peak = max(task["updates"] // 20, 1), task["updates"], task["rate"]
    if step < warm_up:
        return peak * (step + 1) / warm_up
    final, progress = peak / 100, (step - warm_up) / (steps - warm_up)
    return final + (peak - final) * (1 + math.cos(math.pi * progress)) / 2


def train(model, task, seed):
    optimizer = torch.optim.Adam(model.parameters(), lr=task["rate"], fused=True)
    source = batches(task["training"], task["batch"], random.Random(seed))
    model.train()
    for step in range(task["updates"]):
        pairs = next(source)
        optimizer.param_groups[0]["lr"] = rate(step, task)
        inputs = filled([p[0] for p in pairs], task["padding"])
        lengths = torch.tensor([len(p[0]) for p in pairs])
        read = filled([[task["begin"]] + p[1] for p in pairs], task["padding"])
        wanted = filled([p[1] + [task["end"]] for p in pairs], IGNORED)
        encoded, state = model.encode(inputs, lengths)
        scores, _ = model.look(read, state, encoded)
        loss = nn.functional.cross_entropy(
            scores.flatten(0, 1), wanted.flatten(), ignore_index=IGNORED
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), task["maximumNorm"])
        optimizer.step()
        if (step + 1) % (task["updates"] // 4) == 0:
            print(f"  update {step + 1} of {task['updates']}, loss {loss.item():.4f}", file=sys.stderr)


@torch.inference_mode()
def write(model, sources, task):
    """What the model writes for each source, the likeliest token at each step."""
    model.eval()
    written = []
    for start in range(0, len(sources), 250):
        group = sources[start : start + 250]
        encoded, state = model.encode(
            filled(group, task["padding"]), torch.tensor([len(s) for s in group])
        )
        tokens = torch.full((1, len(group)), task["begin"])
        steps = []
        for _ in range(task["maximumLength"] + 1):
            scores, state = model.look(tokens, state, encoded)
            tokens = scores.argmax(-1)
            steps.append(tokens[0])
        for row in torch.stack(steps, 1).tolist():
            end = row.index(task["end"]) if task["end"] in row else task["maximumLength"]
            written.append(row[:end])
    return written


def main():
    parser = argparse.ArgumentParser(prog="Tools/peers/run translation", description=__doc__)
    folder = os.path.join(HERE, "..", "..", "data", "translation")
    parser.add_argument("--folder", default=os.path.normpath(folder))
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    paths = sorted(glob.glob(os.path.join(chosen.folder, "pairs-*.json")))
    if not paths:
        sys.exit(f"translation: no pairs in {chosen.folder}; run the experiment `translation` first")
    exact, seconds = {}, {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            task = json.load(file)
        print(f"translation: {os.path.basename(path)}", file=sys.stderr)
        torch.manual_seed(task["seed"])
        model = Translator(task["symbols"], task["embedding"], task["units"], task["dropout"])
        start = time.monotonic()
        train(model, task, task["seed"])
        seconds[task["seed"]] = round(time.monotonic() - start, 1)
        written = write(model, [pair[0] for pair in task["held"]], task)
        right = sum(w == pair[1] for w, pair in zip(written, task["held"]))
        exact[task["seed"]] = right / len(written)
        print(f"  exact {exact[task['seed']]:.4f}, {seconds[task['seed']]} s", file=sys.stderr)
    result = {
        "schema": 1,
        "torch": torch.__version__,
        "exact": [exact[seed] for seed in sorted(exact)],
        "seeds": sorted(exact),
        "seconds": [seconds[seed] for seed in sorted(exact)],
    }
    target = os.path.join(chosen.folder, "torch.json")
    with open(target + ".partial", "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
    os.replace(target + ".partial", target)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
