"""The exported models that run against ONNX Runtime, with their sizes and their inputs."""

import os
import random
import sys
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
# Behind this folder: both have a module `cases`.
GOLDEN = os.path.normpath(os.path.join(HERE, "..", "golden"))
SHORTEST = 5


@dataclass(frozen=True)
class ExportedCase:
    """A model at a batch; of steps, or of positions that it attends to. Lengths are ragged where
    there are several sequences of a tagger."""

    model: str
    batch: int
    steps: int
    threads: int = 1

    # The longest sum behind an element of a result, as the comparison of results counts it.
    longest_sum = 1024

    def __str__(self):
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.name}, {threads}"

    @property
    def name(self):
        steps = f", {self.steps} steps" if self.steps > 1 else ""
        return f"{self.model}, batch {self.batch}{steps}"


MODELS = {
    "tagger": "embedding 128 of 10,000 words, bidirectional LSTM 2×256, 40 tags; of a batch, lengths 5 to 100",
    "classifier": "embedding 128 of 10,000 words, GRU 256, layer normalization, 5 classes",
    "decoder-step": "GRU cell 256 with attention to 512 features, 8,000 words",
    "language-step": "LSTM 2×512, 10,000 words, tied embeddings",
}
CASES = (
    ExportedCase("tagger", 1, 5),
    ExportedCase("tagger", 1, 30),
    ExportedCase("tagger", 1, 100),
    ExportedCase("tagger", 32, 100),
    ExportedCase("classifier", 1, 50),
    ExportedCase("classifier", 32, 50),
    ExportedCase("decoder-step", 1, 30),
    ExportedCase("decoder-step", 16, 30),
    ExportedCase("language-step", 1, 1),
    ExportedCase("language-step", 16, 1),
)


def lengths(case, seed):
    """The steps of each sequence, the longest first, as PyTorch packs them."""
    generator = random.Random(seed)
    drawn = [generator.randint(min(SHORTEST, case.steps), case.steps) for _ in range(case.batch - 1)]
    return sorted(drawn + [case.steps], reverse=True)


def make(case, seed):
    """A module with random weights, and its inputs."""
    if GOLDEN not in sys.path:
        sys.path.append(GOLDEN)
    import onnx_models
    import torch

    torch.manual_seed(seed)
    N, T = case.batch, case.steps
    if case.model == "tagger":
        model = onnx_models.Tagger(vocabulary=10_000, embedding=128, hidden=256, tags=40)
        return model, (torch.randint(10_000, (N, T)), torch.tensor(lengths(case, seed)))
    if case.model == "classifier":
        model = onnx_models.Classifier(vocabulary=10_000, embedding=128, hidden=256, classes=5)
        return model, (torch.randint(10_000, (T, N)),)
    if case.model == "decoder-step":
        model = onnx_models.DecoderStep(vocabulary=8_000, embedding=128, hidden=256, memory=512)
        mask = (torch.arange(T)[None] < torch.tensor(lengths(case, seed))[:, None]).long()
        return model, (
            torch.randint(8_000, (N,)), torch.tanh(torch.randn(N, 256)),
            torch.tanh(torch.randn(N, T, 512)), mask,
        )
    model = onnx_models.LanguageStep(vocabulary=10_000, hidden=512)
    state = torch.tanh(torch.randn(2, N, 512))
    return model, (torch.randint(10_000, (N,)), state, torch.randn(2, N, 512))


def write(case, seed, folder):
    """Writes the exported model and a file for each input; returns their paths, those of the inputs by
    name."""
    model, inputs = make(case, seed)
    import onnx_models
    from onnx import numpy_helper

    stem = os.path.join(folder, case.name.replace(", ", "-").replace(" ", "-"))
    data, _ = onnx_models.export(model, inputs)
    with open(f"{stem}.onnx", "wb") as file:
        file.write(data)
    paths = {}
    for name, value in zip(onnx_models.SIGNATURES[type(model)].inputs, inputs):
        paths[name] = f"{stem}.{name}.pb"
        with open(paths[name], "wb") as file:
            file.write(numpy_helper.from_array(value.numpy()).SerializeToString())
    return f"{stem}.onnx", paths
