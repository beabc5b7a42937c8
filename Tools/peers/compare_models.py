"""Compares whole training steps of models with PyTorch's: `run --suite models`."""

import os
import random
import sys

import model_cases
from cases import OURS
from contestant import ModelContestant
from measuring import WrongAnswer
from model_cases import BATCHES, MODELS
from ratios import median, median_interval, paired_ratios

PEER = "torch"
UPDATES = 20
# How far the losses of the first updates may be apart, relative: sums in another order, which twenty
# steps of Adam carry on. Where a model differs, its first loss does.
LOSS_TOLERANCE = 1e-3


def load(contestants, case, threads, path, dropout, folder):
    """Gives both the model, with our weights."""
    ours = contestants[OURS]
    fields = {
        "model": case.model,
        "sizes": case.sizes,
        "threads": threads,
        "dropout": dropout,
        "path": path,
    }
    ours.ask("load", **fields)
    weights = os.path.join(folder, "weights.f32")
    tensors = ours.ask("weights", path=weights)["tensors"]
    contestants[PEER].ask("load", weights=weights, tensors=tensors, **fields)


def verify(contestants, case, threads, path, folder):
    """The largest relative difference of the losses of the first updates, without dropout."""
    load(contestants, case, threads, path, 0.0, folder)
    losses = {
        name: contestant.ask("train", updates=UPDATES)["losses"]
        for name, contestant in contestants.items()
    }
    worst = max(abs(a - b) / abs(a) for a, b in zip(losses[OURS], losses[PEER]))
    if not worst <= LOSS_TOLERANCE:
        raise WrongAnswer(
            f"{case.model}: the losses of the first {UPDATES} updates differ by {worst:.2g}, more than "
            f"{LOSS_TOLERANCE:.2g}: {losses}"
        )
    return worst


def measure(case, threads, rounds, seed, bench, folder, known):
    """The row of a model, as the JSON report has it."""
    contestants = {name: ModelContestant(name, threads, bench) for name in (OURS, PEER)}
    for name, contestant in contestants.items():
        known[name] = {"version": contestant.version, "detail": contestant.detail}
    try:
        path = os.path.join(folder, f"{case.model}.json")
        made = model_cases.batches(case, seed)
        model_cases.write(path, made)
        difference = verify(contestants, case, threads, path, folder)
        load(contestants, case, threads, path, case.dropout, folder)
        tokens = sum(model_cases.tokens(batch) for batch in made)
        times = {name: [] for name in contestants}
        order = random.Random(seed)
        for turn in range(rounds):
            for name in order.sample(list(contestants), len(contestants)):
                # A sample is every batch once; the first turn begins with one that is not timed.
                answer = contestants[name].ask(
                    "time",
                    updates=BATCHES if turn == 0 else 1,
                    updatesPerSample=BATCHES,
                    samples=1,
                )
                times[name].append(answer["nanoseconds"][0] * BATCHES * 1e-9)
                contestants[name].wait_until_idle()
    finally:
        for contestant in contestants.values():
            contestant.close()
    return {
        "model": case.model,
        "threads": threads,
        "difference": difference,
        "tokens": tokens,
        "seconds": times,
        "ratios": paired_ratios(times[PEER], times[OURS]),
    }


def markdown(header, rows):
    lines = [
        f"{header['cpu']}, {header['cores']} cores, load {header['load']}, {header['date']}, commit "
        f"{header['commit']}. "
        + "; ".join(
            f"{name} {what['version']} ({what['detail']})"
            for name, what in header["contestants"].items()
        ),
        "",
        "| model | threads | ours, tokens/s | PyTorch, tokens/s | PyTorch's time ÷ ours | losses differ by |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        rate = {name: row["tokens"] / median(values) for name, values in row["seconds"].items()}
        ratio = median_interval(row["ratios"])
        lines.append(
            f"| {MODELS[row['model']].what} | {row['threads']} | {rate[OURS]:,.0f} | {rate[PEER]:,.0f} | "
            f"{ratio.median:.2f} [{ratio.low:.2f}, {ratio.high:.2f}] | {row['difference']:.1e} |"
        )
    return "\n".join(lines) + "\n"


def run(chosen, header, folder):
    """All models on all thread counts: the JSON report."""
    report = {"schema": 1, "header": header, "rows": []}
    rounds = chosen.rounds or (5 if chosen.quick else 11)
    for model in chosen.models:
        for threads in chosen.threads:
            row = measure(
                MODELS[model], threads, rounds, chosen.seed, chosen.bench, folder,
                header["contestants"],
            )
            report["rows"].append(row)
            ratio = median_interval(row["ratios"]).median
            print(f"{model}, {threads} threads: PyTorch ÷ ours {ratio:.2f}", file=sys.stderr)
    return report
