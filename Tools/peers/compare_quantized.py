"""Compares weights of fewer bytes with other libraries' quantised layers: `run --suite quantized`.

Every contestant's error is its largest difference from this engine in single precision, relative to a
tensor's largest element: formats round different things, so that times alone say little. Quantised
peers round inputs and states too, as does `int8-dynamic` here, which is what they are compared with.
"""

import os
import sys

import numbers_file
from cases import OURS, SHAPES, Case, Shape
from contestant import HERE, Contestant
from measuring import take_turns
from quantized_layers import FORMATS
from ratios import median, median_interval, paired_ratios
from report import duration, number, save, table
from rounds import Effort
from verification import largest_difference

# This engine's formats of weights; the first is what the errors and the gains are counted from.
OWN = ("float32", "float16", "bfloat16", "int8", "int8-dynamic")
# Which of them does what a peer does with its weights.
COUNTERPARTS = {"int8": "int8-dynamic", "float16": "float16"}
STEPS = {256: 100, 512: 50, 1024: 25, 2048: 25}
CASES = tuple(
    Shape.square(steps, batch, hidden) for hidden, steps in STEPS.items() for batch in (1, 2, 4)
)


def ours(weights):
    return f"{OURS} {weights}"


class QuantizedContestant(Contestant):
    """A process with weights of fewer bytes."""

    @staticmethod
    def command(name, bench):
        if name.startswith(OURS):
            return [bench, "peer"]
        return [sys.executable, os.path.join(HERE, "quantized_layers.py"), name]

    def load(self, case, data):
        shape = case.shape
        fields = {"weights": self.name.removeprefix(f"{OURS} ")} if self.name.startswith(OURS) else {}
        self.ask(
            "load", cell=case.cell, mode=case.mode, T=shape.steps, N=shape.batch, D=shape.features,
            H=shape.hidden, threads=case.threads, data=data, **fields,
        )


def names(cell):
    """Who takes part: ONNX Runtime quantises an LSTM alone."""
    peers = [name for name in FORMATS if cell == "lstm" or not name.startswith("onnx")]
    return [ours(weights) for weights in OWN] + peers


def weights_of(name):
    return FORMATS.get(name) or name.removeprefix(f"{OURS} ")


def counterpart(name):
    """Ours that does as a peer does."""
    return ours(COUNTERPARTS[FORMATS[name]])


def measure(case, effort, chosen, folder, known):
    """A row, as the JSON report has it."""
    data = os.path.join(folder, f"{case.cell}-{case.shape}.f32")
    if not os.path.exists(data):
        numbers_file.write(data, case.cell, case.shape, chosen.seed)
    contestants = {}
    try:
        results = {}
        for name in names(case.cell):
            contestants[name] = QuantizedContestant(name, case.threads, chosen.bench)
            known[name] = {
                "version": contestants[name].version,
                "detail": contestants[name].detail,
            }
            contestants[name].load(case, data)
            results[name] = contestants[name].results(folder)
        exact = results[ours(OWN[0])]
        errors = {name: largest_difference(exact, result)[0] for name, result in results.items()}
        times = take_turns(contestants, effort, chosen.seed)
    finally:
        for contestant in contestants.values():
            contestant.close()
    shape = case.shape
    return {
        "cell": case.cell, "T": shape.steps, "N": shape.batch, "H": shape.hidden,
        "threads": case.threads,
        "contestants": {
            name: {
                "weights": weights_of(name),
                "seconds": [time * 1e-9 for time in values],
                # Of float32 over ours, and of a peer over ours that does the same.
                "ratios": paired_ratios(times[ours(OWN[0])], values)
                if name.startswith(OURS)
                else paired_ratios(values, times[counterpart(name)]),
                "error": errors[name],
            }
            for name, values in times.items()
        },
    }


def cell(entry):
    ratio = number(median_interval(entry["ratios"]))
    return f"{duration(median(entry['seconds']))} · {ratio} · {entry['error']:.0e}"


def markdown(header, rows):
    known = [ours(weights) for weights in OWN] + list(FORMATS)
    lines = []
    for row in rows:
        entries = row["contestants"]
        lines.append(
            [f"{row['cell'].upper()} {row['T']},{row['N']},{row['H']}", str(row["threads"])]
            + [duration(median(entries[known[0]]["seconds"]))]
            + [cell(entries[name]) if name in entries else "" for name in known[1:]]
        )
    contestants = "; ".join(
        f"{name} {what['version']} ({what['detail']})"
        for name, what in header["contestants"].items()
    )
    titles = ["T,N,H", "threads"] + list(OWN) + list(FORMATS)
    return (
        f"{header['cpu']}, {header['cores']} cores, load {header['load']}, {header['date']}, commit "
        f"{header['commit']}. {contestants}.\n\n"
        "Each cell: the time; for ours how many times as fast as float32, for a peer its time ÷ that of "
        "ours that does the same (int8-dynamic, float16), with the 95% interval; the largest error "
        "against float32.\n\n"
        f"{table(titles, lines)}"
    )


def run(chosen, header, folder):
    """All cases on all thread counts: the JSON report, which is written after each row."""
    report = {"schema": 1, "header": header, "rows": []}
    rounds = chosen.rounds or (5 if chosen.quick else 15)
    effort = Effort(rounds, 3 if chosen.quick else 7, chosen.budget or (0.3 if chosen.quick else 1.5))
    shapes = CASES if tuple(chosen.shapes) == SHAPES else chosen.shapes
    for threads in chosen.threads:
        for kind in chosen.cells:
            for shape in shapes:
                case = Case(kind, "inference", shape, threads)
                row = measure(case, effort, chosen, folder, header["contestants"])
                report["rows"].append(row)
                save(report, chosen.json)
                gains = ", ".join(
                    f"{name.removeprefix(OURS).strip()} {median(entry['ratios']):.2f}"
                    for name, entry in row["contestants"].items()
                )
                print(f"{case}: {gains}", file=sys.stderr)
    return report
