"""The models whose training steps are compared, with their sizes and their batches."""

import json
import os
import random
from dataclasses import dataclass, field

BATCHES = 20


@dataclass(frozen=True)
class ModelCase:
    """A model of given sizes; `ragged` are the shortest and longest of its sequences."""

    model: str
    what: str
    sizes: dict = field(hash=False)
    batch: int
    ragged: tuple
    dropout: float = 0.3


MODELS = {
    case.model: case
    for case in (
        ModelCase(
            "character",
            "LSTM 256 over 64 characters of 96, batch 32",
            {"vocabulary": 96, "embedding": 64, "hidden": 256},
            32,
            (64, 64),
        ),
        ModelCase(
            "tagger",
            "bidirectional LSTM 2×128, 5 to 50 words of 5,000, 40 tags, batch 32",
            {"vocabulary": 5000, "embedding": 128, "hidden": 128, "classes": 40},
            32,
            (5, 50),
        ),
        ModelCase(
            "translation",
            "GRU 2×128 and 128 with attention, 5 to 30 characters of 100, batch 64",
            {"vocabulary": 100, "embedding": 64, "hidden": 128},
            64,
            (5, 30),
        ),
        ModelCase(
            "pointer",
            "LSTM 128 and 128, additive attention, 5 to 20 points, batch 64",
            {"embedding": 64, "hidden": 128},
            64,
            (5, 20),
            0.0,
        ),
    )
}


# How word vectors are learned, as both their programs are told.
WORD_METHODS = {
    "skip-gram": ["--model", "skip-gram"],
    "skip-gram-tree": ["--model", "skip-gram", "--hierarchical"],
    "cbow": ["--model", "cbow"],
}


def batches(case, seed, batch=None, ragged=None):
    """The batches of a case; lengths, tokens and points are drawn."""
    generator = random.Random(seed)
    return [
        make_batch(case, generator, batch or case.batch, ragged or case.ragged)
        for _ in range(BATCHES)
    ]


def make_batch(case, generator, count, ragged):
    lengths = [generator.randint(*ragged) for _ in range(count)]
    steps = max(lengths)
    vocabulary = case.sizes.get("vocabulary", 1)

    def rows(lengths, steps, draw):
        """Step by step, sequence by sequence; 0 behind the ends."""
        return [
            draw() if t < length else 0 for t in range(steps) for length in lengths
        ]

    result = {"steps": steps, "batch": count, "lengths": lengths}
    if case.model == "pointer":
        result["points"] = [generator.random() for _ in range(2 * steps * count)]
        # Each point once, in some order, then the end, which is number 0.
        orders = [generator.sample(range(1, n + 1), n) + [0] for n in lengths]
        label_lengths = [n + 1 for n in lengths]
        result["labels"] = transposed(orders, max(label_lengths))
        result["inputs"] = transposed([[0] + order[:-1] for order in orders], max(label_lengths))
    else:
        result["tokens"] = rows(lengths, steps, lambda: generator.randrange(vocabulary))
        if case.model == "translation":
            label_lengths = [generator.randint(*ragged) for _ in range(count)]
            label_steps = max(label_lengths)
            result["labels"] = rows(
                label_lengths, label_steps, lambda: generator.randrange(vocabulary)
            )
            result["inputs"] = [0] * count + result["labels"][:-count]
        else:
            label_lengths = lengths
            classes = case.sizes.get("classes", vocabulary)
            result["labels"] = rows(lengths, steps, lambda: generator.randrange(classes))
    result["labelLengths"] = label_lengths
    result["labelSteps"] = max(label_lengths)
    return result


def transposed(sequences, steps):
    """Step by step, sequence by sequence, filled up with 0."""
    return [row[t] if t < len(row) else 0 for t in range(steps) for row in sequences]


def tokens(batch):
    """How many labels of a batch count."""
    return sum(batch["labelLengths"])


def write(path, made):
    with open(path + ".partial", "w", encoding="utf-8") as file:
        json.dump(made, file)
    os.replace(path + ".partial", path)
