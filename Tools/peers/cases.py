"""What is compared: cells, modes, shapes, contestants, and what a command line selects of them."""

import re
import subprocess
from dataclasses import dataclass

GATES = {"lstm": 4, "gru": 3}
MODES = ("inference", "forward", "training")
MODE_TITLES = {
    "inference": "inference",
    "forward": "training forward",
    "training": "forward+backward",
}


@dataclass(frozen=True)
class Shape:
    """Steps, batch, input features and hidden units."""

    steps: int
    batch: int
    features: int
    hidden: int

    @classmethod
    def parse(cls, text):
        """Reads `T,N,D,H`, or `T,N,H` where there are as many features as hidden units."""
        parts = text.strip().split(",")
        if len(parts) not in (3, 4) or not all(part.strip().isdecimal() for part in parts):
            raise ValueError(f"shape '{text}' is not of the form T,N,H or T,N,D,H")
        values = [int(part) for part in parts]
        if not all(1 <= value <= 1 << 20 for value in values):
            raise ValueError(f"shape '{text}': each number must be from 1 to {1 << 20}")
        return cls(*values) if len(values) == 4 else cls.square(*values)

    @classmethod
    def square(cls, steps, batch, hidden):
        """As many input features as hidden units."""
        return cls(steps, batch, hidden, hidden)

    @classmethod
    def of_row(cls, row):
        """That of a report's row; reports of older versions have no `D` for what is about memory."""
        return cls(row["T"], row["N"], row.get("D", row["H"]), row["H"])

    def __str__(self):
        if self.features == self.hidden:
            return f"{self.steps},{self.batch},{self.hidden}"
        return f"{self.steps},{self.batch},{self.features},{self.hidden}"


SHAPES = tuple(
    Shape.square(*numbers)
    for numbers in (
        (25, 1, 64),
        (100, 1, 256),
        (100, 1, 512),
        (100, 1, 1024),
        (50, 16, 128),
        (50, 32, 256),
        (50, 64, 512),
        (50, 64, 1024),
        (100, 128, 256),
        (50, 256, 512),
    )
)


def random_shapes(bench, seed, count):
    """The shapes that `Bench --suite random` measures: drawn by Bench, so that both mean the same."""
    command = [bench, "list", "--suite", "random", "--plain", "--seed", str(seed)]
    done = subprocess.run(
        command + ["--count", str(count)], stdout=subprocess.PIPE, check=True, text=True
    )
    found = re.findall(r"T(\d+)xN(\d+)xD(\d+)xH(\d+)$", done.stdout, re.MULTILINE)
    return list(dict.fromkeys(Shape(*map(int, numbers)) for numbers in found))


@dataclass(frozen=True)
class Case:
    """One row of the comparison."""

    cell: str
    mode: str
    shape: Shape
    threads: int

    @property
    def flops(self):
        """The operations of the matrix products; a backward pass has twice those of a forward."""
        shape = self.shape
        width = GATES[self.cell] * shape.hidden
        forward = 2 * shape.steps * shape.batch * width * (shape.features + shape.hidden)
        return 3 * forward if self.mode == "training" else forward

    @property
    def longest_sum(self):
        """The number of products in the longest sum that makes an element of a result."""
        shape = self.shape
        longest = shape.features + shape.hidden
        if self.mode == "training":
            longest = max(longest, shape.steps * shape.batch, GATES[self.cell] * shape.hidden)
        return longest

    def __str__(self):
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.cell} {self.mode} {self.shape}, {threads}"


OURS = "swift-recurrent"
PEERS = ("torch", "torch-native", "onednn", "onnxruntime")
PYTORCH = ("torch", "torch-native")


def takes_part(name, case):
    """ONNX Runtime has no training; oneDNN has nothing to do with PyTorch's GRU, on or off."""
    if name == "onnxruntime":
        return case.mode == "inference"
    return name != "torch-native" or case.cell == "lstm"


def names_for(case, chosen):
    """Who takes part in a case, this engine first."""
    return [OURS] + [name for name in chosen if takes_part(name, case)]


def select(cells, modes, shapes, threads):
    """The cases of a run: those of one thread count together, since processes live that long."""
    return [
        Case(cell, mode, shape, count)
        for count in threads
        for cell in cells
        for mode in modes
        for shape in shapes
    ]
