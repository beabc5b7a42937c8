"""What is compared: cells, modes, shapes, contestants, and what a command line selects of them."""

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
    """Steps, batch and hidden units; there are as many input features as hidden units."""

    steps: int
    batch: int
    hidden: int

    @classmethod
    def parse(cls, text):
        """Reads `T,N,H`."""
        parts = text.strip().split(",")
        if len(parts) != 3 or not all(part.strip().isdecimal() for part in parts):
            raise ValueError(f"shape '{text}' is not of the form T,N,H")
        values = [int(part) for part in parts]
        if not all(1 <= value <= 1 << 20 for value in values):
            raise ValueError(f"shape '{text}': each number must be from 1 to {1 << 20}")
        return cls(*values)

    @property
    def features(self):
        return self.hidden

    def __str__(self):
        return f"{self.steps},{self.batch},{self.hidden}"


SHAPES = tuple(
    Shape(*numbers)
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
