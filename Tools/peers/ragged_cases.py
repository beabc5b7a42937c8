"""Batches whose sequences have different lengths: the cases of `Bench --suite ragged`, in PyTorch too."""

import os
import random
import re
from dataclasses import dataclass, field

from cases import Case, Shape

HERE = os.path.dirname(os.path.abspath(__file__))
BENCHMARKS = os.path.normpath(os.path.join(HERE, "..", "..", "Benchmarks"))
RULES = ("uniform", "sentences")
# The shortest length of the rule `uniform`.
SHORTEST = 5

PACKED, PADDED, NATIVE = "torch-packed", "torch-padded", "torch-padded-native"
FORMS = {
    PACKED: "pack_padded_sequence before the layer, pad_packed_sequence behind it",
    PADDED: "every sequence to the end of the batch",
    NATIVE: "the same without oneDNN",
}


def read_table(path=os.path.join(BENCHMARKS, "sentences.lengths")):
    """Lengths, and how often each occurs."""
    lengths, counts = [], []
    with open(path, encoding="utf-8") as file:
        for line in file:
            fields = line.partition("#")[0].split()
            if fields:
                lengths.append(int(fields[0]))
                counts.append(int(fields[1]))
    return lengths, counts


def draw(rule, shape, seed):
    """The lengths of a batch, in any order; the longest is that of the batch."""
    generator = random.Random(seed)
    if rule == "uniform":
        shortest = min(SHORTEST, shape.steps)
        lengths = [generator.randint(shortest, shape.steps) for _ in range(shape.batch)]
    else:
        known, counts = read_table()
        drawn = generator.choices(known, counts, k=shape.batch)
        lengths = [min(length, shape.steps) for length in drawn]
    lengths[lengths.index(max(lengths))] = shape.steps
    return tuple(lengths)


@dataclass(frozen=True)
class RaggedCase(Case):
    """A row of the comparison, with a length for each sequence."""

    rule: str = "uniform"
    lengths: tuple = field(default=(), repr=False)

    @property
    def share(self):
        """What the steps that count are of all."""
        return sum(self.lengths) / (self.shape.steps * self.shape.batch)

    @property
    def flops(self):
        return Case.flops.fget(self) * self.share

    def __str__(self):
        return f"{super().__str__()}, {self.rule}"


def read_suite(path=os.path.join(BENCHMARKS, "ragged.shapes")):
    """Cell, mode, shape and rule of each case of the suite."""
    found = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            fields = line.partition("#")[0].split()
            if not fields:
                continue
            cells, modes, shape, rules = fields
            numbers = map(int, re.findall(r"\d+", shape))
            sizes = Shape(*numbers)
            found += [
                (cell, mode, sizes, rule)
                for cell in cells.split(",")
                for mode in modes.split(",")
                for rule in rules.split(",")
            ]
    return found


def select(cells, modes, shapes, rules, threads, seed):
    """The cases of a run; `shapes` takes the place of the suite's where it is given."""
    suite = read_suite()
    if shapes:
        suite = [(cell, mode, shape, rule) for cell in cells for mode in modes
                 for shape in shapes for rule in rules]
    return [
        RaggedCase(cell, mode, shape, count, rule, draw(rule, shape, seed))
        for count in threads
        for cell, mode, shape, rule in suite
        if cell in cells and mode in modes and rule in rules
    ]


def names_for(case):
    """PyTorch's ways; without oneDNN its GRU is the same code."""
    return [name for name in FORMS if name != NATIVE or case.cell == "lstm"]
