"""Compares the reading of large files of weights with safetensors' and PyTorch's readers: `run --suite files`."""

import json
import os
import random
import subprocess
import sys

from cases import OURS
from measuring import WrongAnswer
from ratios import median, median_interval, paired_ratios

HERE = os.path.dirname(os.path.abspath(__file__))
# The file of a format, and who reads it besides this package.
FORMATS = {"safetensors": ("weights.safetensors", "safetensors"), "pytorch": ("weights.pt", "torch")}
UNITS = 1024
# 1.07 GB of float32.
LAYERS = 32
QUICK_LAYERS = 4
# Of the sums of all numbers, which are in another order at each side.
TOLERANCE = 1e-6
PHASES = ("open", "load")


def write_files(folder, layers, seed):
    """The weights of a stack of LSTMs as PyTorch names them, as both formats."""
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for layer in range(layers):
        for name, shape in (
            ("weight_ih", (4 * UNITS, UNITS)),
            ("weight_hh", (4 * UNITS, UNITS)),
            ("bias_ih", (4 * UNITS,)),
            ("bias_hh", (4 * UNITS,)),
        ):
            tensors[f"{name}_l{layer}"] = torch.rand(shape, generator=generator)
    paths = {key: os.path.join(folder, file) for key, (file, _) in FORMATS.items()}
    save_file(tensors, paths["safetensors"])
    torch.save(tensors, paths["pytorch"])
    return paths


def read(name, bench, path):
    """What one process answers."""
    if name == OURS:
        command = [bench, "file-peer"]
    else:
        command = [sys.executable, os.path.join(HERE, "file_worker.py"), "--reader", name]
    environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_CORETYPE"}
    done = subprocess.run(
        command + ["--file", path], stdout=subprocess.PIPE, check=True, text=True, env=environment
    )
    return json.loads(done.stdout)


def verify(answers):
    """Whether both have read as many tensors with the same numbers."""
    (name, theirs), = ((name, answer) for name, answer in answers.items() if name != OURS)
    ours = answers[OURS]
    if ours["tensors"] != theirs["tensors"]:
        raise WrongAnswer(f"{ours['tensors']} tensors, {name} has {theirs['tensors']}")
    if not abs(ours["sum"] - theirs["sum"]) <= TOLERANCE * abs(theirs["sum"]):
        raise WrongAnswer(f"numbers of a sum of {ours['sum']}, {name}'s is {theirs['sum']}")


def measure(key, path, rounds, seed, bench):
    """A row, as the JSON report has it."""
    peer = FORMATS[key][1]
    names = [OURS, peer]
    seconds = {phase: {name: [] for name in names} for phase in PHASES}
    order = random.Random(seed)
    for turn in range(rounds + 1):
        answers = {name: read(name, bench, path) for name in order.sample(names, len(names))}
        verify(answers)
        # The first brings the file into the system's memory.
        if turn > 0:
            for phase in PHASES:
                for name in names:
                    seconds[phase][name].append(answers[name][phase])
    return {
        "format": key,
        "bytes": os.path.getsize(path),
        "peer": peer,
        "seconds": seconds,
        "ratios": {
            phase: paired_ratios(seconds[phase][peer], seconds[phase][OURS]) for phase in PHASES
        },
    }


def markdown(header, rows):
    lines = [
        f"{header['cpu']}, {header['cores']} cores, load {header['load']}, {header['date']}, commit "
        f"{header['commit']}. Files of weights that the system holds in memory, a process each, in turns. Ours "
        "are in layers and packed when they are loaded, theirs in arrays. A ratio is their time by ours.",
        "",
        "| file | GB | | ours | theirs | theirs ÷ ours |",
        "|---|---:|---|---:|---:|---:|",
    ]
    for row in rows:
        for phase in PHASES:
            ratio = median_interval(row["ratios"][phase])
            ours, theirs = (median(row["seconds"][phase][name]) for name in (OURS, row["peer"]))
            lines.append(
                f"| {row['format']}, {row['peer']} | {row['bytes'] / 1e9:.2f} | {phase} "
                f"| {ours * 1e3:.1f} ms | {theirs * 1e3:.1f} ms "
                f"| {ratio.median:.2f} [{ratio.low:.2f}, {ratio.high:.2f}] |"
            )
    return "\n".join(lines) + "\n"


def run(chosen, header, folder):
    """Both formats: the JSON report."""
    report = {"schema": 1, "header": header, "rows": []}
    rounds = chosen.rounds or (3 if chosen.quick else 7)
    paths = write_files(folder, QUICK_LAYERS if chosen.quick else LAYERS, chosen.seed)
    for key, path in paths.items():
        row = measure(key, path, rounds, chosen.seed, chosen.bench)
        report["rows"].append(row)
        print(
            f"{key}: {row['peer']} ÷ ours, loading {median(row['ratios']['load']):.2f}",
            file=sys.stderr,
        )
    return report
