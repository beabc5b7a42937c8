"""Compares runs of models that PyTorch has exported with ONNX Runtime's: `run --suite onnx`."""

import dataclasses
import sys

import exported_cases
from cases import OURS
from contestant import OnnxContestant
from exported_cases import CASES, MODELS
from measuring import take_turns, verify
from ratios import median, median_interval, paired_ratios
from report import duration, number, table
from rounds import Effort

PEER = "onnxruntime"


def measure(case, effort, chosen, folder, known):
    """A row, as the JSON report has it."""
    data = exported_cases.write(case, chosen.seed, folder)
    contestants = {}
    try:
        for name in (OURS, PEER):
            contestants[name] = OnnxContestant(name, case.threads, chosen.bench)
            known[name] = {
                "version": contestants[name].version,
                "detail": contestants[name].detail,
            }
            contestants[name].load(case, data)
        difference = verify(case, contestants, folder)[PEER]
        times = take_turns(contestants, effort, chosen.seed)
    finally:
        for contestant in contestants.values():
            contestant.close()
    return {
        "model": case.model,
        "name": case.name,
        "threads": case.threads,
        "difference": difference,
        "seconds": {name: [time * 1e-9 for time in values] for name, values in times.items()},
        "ratios": paired_ratios(times[PEER], times[OURS]),
    }


def markdown(header, rows):
    lines = []
    for row in rows:
        ours, theirs = (duration(median(row["seconds"][name])) for name in (OURS, PEER))
        lines.append(
            [row["name"], str(row["threads"]), ours, theirs,
             number(median_interval(row["ratios"])), f"{row['difference']:.1e}"]
        )
    contestants = "; ".join(
        f"{name} {what['version']} ({what['detail']})"
        for name, what in header["contestants"].items()
    )
    models = "".join(
        f"- {name}: {what}\n"
        for name, what in MODELS.items()
        if any(row["model"] == name for row in rows)
    )
    titles = ["model", "threads", "ours", "ONNX Runtime", "ONNX Runtime's time ÷ ours", "results differ by"]
    return (
        f"{header['cpu']}, {header['cores']} cores, load {header['load']}, {header['date']}, commit "
        f"{header['commit']}. {contestants}.\n\n{models}\n{table(titles, lines)}"
    )


def run(chosen, header, folder):
    """All models on all thread counts: the JSON report."""
    report = {"schema": 1, "header": header, "rows": []}
    rounds = chosen.rounds or (5 if chosen.quick else 15)
    effort = Effort(rounds, 3 if chosen.quick else 7, chosen.budget or (0.3 if chosen.quick else 1.5))
    for case in CASES:
        if case.model not in chosen.exported:
            continue
        for threads in chosen.threads:
            one = dataclasses.replace(case, threads=threads)
            row = measure(one, effort, chosen, folder, header["contestants"])
            report["rows"].append(row)
            print(f"{one}: ONNX Runtime ÷ ours {number(median_interval(row['ratios']))}", file=sys.stderr)
    return report
