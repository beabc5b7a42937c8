#!/usr/bin/env python3
"""What a busy host costs each kernel: its time while the core's other hardware thread works, in times of that
while it does not, as far as this host shows both states.

    Benchmarks/busy-calm.py                       all pointwise kernels, until interrupted or for ten minutes
    Benchmarks/busy-calm.py --minutes 2 lstm gru  those whose names hold one of the words

A sample counts where the window of instructions in flight (`Bench peak`) is that of one state before and after
it. The state of the host is somebody else's: where it stays the same, nothing is told, and the exit code is 4.
Needs nothing but Python; BENCH names the program, default .build/release/Bench.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time

YARDSTICK = "yardstick"
# A window that is shared is half of a whole one; what lies between is a state that changed within the sample.
BUSY, CALM = 0.65, 0.85
# What a sample takes, and how many there are of a kernel before the next one has its turn.
SAMPLE_SECONDS, TURN = 300e-6, 40
LEAST_SAMPLES = 12


class Bench:
    """A process of `Bench peer`."""

    def __init__(self, program):
        environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
        self.process = subprocess.Popen(
            [program, "peer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def ask(self, request, **values):
        print(json.dumps({"request": request, **values}), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline() or '{"ok": false, "error": "the process ended"}')
        if not answer["ok"]:
            sys.exit(f"busy-calm: {request}: {answer['error']}")
        return answer

    def nanoseconds(self, calls, warm_up=0):
        return self.ask("time", warmUp=warm_up, callsPerSample=calls, samples=1)["nanoseconds"][0]

    def take_turn(self, row):
        """Samples of a row: window before, window after, nanoseconds of a call."""
        self.ask("load", row=row)
        calls = max(1, round(SAMPLE_SECONDS * 1e9 / self.nanoseconds(1, warm_up=3)))
        before, samples = self.ask("window")["window"], []
        for _ in range(TURN):
            took = self.nanoseconds(calls)
            after = self.ask("window")["window"]
            samples.append((before, after, took))
            before = after
        return samples


def states(samples, whole):
    """The times while busy and while calm."""
    busy = [t for a, b, t in samples if max(a, b) < BUSY * whole]
    calm = [t for a, b, t in samples if min(a, b) > CALM * whole]
    return busy, calm


def ratio(samples, whole):
    """Busy ÷ calm with a bootstrapped 95 % interval; None where one state was not met."""
    busy, calm = states(samples, whole)
    if min(len(busy), len(calm)) < LEAST_SAMPLES:
        return None
    dice = random.Random(1)
    drawn = sorted(
        statistics.median(dice.choices(busy, k=len(busy))) / statistics.median(dice.choices(calm, k=len(calm)))
        for _ in range(200))
    return statistics.median(busy) / statistics.median(calm), drawn[5], drawn[194]


def is_pointwise(row):
    return not any(word in row for word in ("product", "pack", "weight_gradient", "narrow", "row_examples", YARDSTICK))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="parts of the names of kernels")
    parser.add_argument("--minutes", type=float, default=10)
    options = parser.parse_args()
    bench = Bench(os.environ.get("BENCH", ".build/release/Bench"))
    rows = [r for r in bench.ask("rows")["rows"] if is_pointwise(r)]
    if options.words:
        rows = [r for r in rows if any(w in r for w in options.words)]
    if not rows:
        sys.exit("busy-calm: no kernel has such a name")
    seen = {row: [] for row in [YARDSTICK] + rows}
    start = noted = time.monotonic()
    end = start + 60 * options.minutes
    try:
        while time.monotonic() < end:
            for row in seen:
                seen[row] += bench.take_turn(row)
                now = time.monotonic()
                if now > end:
                    break
                if now > noted + 15:
                    print(f"busy-calm: {now - start:.0f} of {end - start:.0f} s", file=sys.stderr)
                    noted = now
    except KeyboardInterrupt:
        pass

    windows = [w for samples in seen.values() for sample in samples for w in sample[:2]]
    # Not the largest: a single sample may be off.
    whole = sorted(windows)[int(0.98 * len(windows))]
    shares = [sum(w < BUSY * whole for w in windows), sum(w > CALM * whole for w in windows)]
    print(f"window {whole:.0f} instructions; busy {100 * shares[0] / len(windows):.0f} %, "
          f"calm {100 * shares[1] / len(windows):.0f} % of {len(windows)} looks")
    base = ratio(seen[YARDSTICK], whole)
    found = {row: ratio(seen[row], whole) for row in rows}
    found = {row: r for row, r in found.items() if r}
    if not base or not found:
        print("busy-calm: this host did not show both states for long enough; try again later", file=sys.stderr)
        sys.exit(4)
    print(f"| kernel | busy ÷ calm | in units of the yardstick, {base[0]:.2f} |\n|---|---|---:|")
    for row, (middle, low, high) in sorted(found.items(), key=lambda item: -item[1][0]):
        print(f"| {row} | {middle:.2f} [{low:.2f}, {high:.2f}] | {middle / base[0]:.2f} |")
    print()
    for kind in (" f32 ", " f64 "):
        ratios = [r[0] for row, r in found.items() if kind in row]
        if ratios:
            mean = statistics.geometric_mean(ratios)
            print(f"geometric mean of {len(ratios)} of {sum(kind in row for row in rows)} kernels in {kind.strip()}: "
                  f"{mean:.2f}, in units of the yardstick {mean / base[0]:.2f}")


if __name__ == "__main__":
    main()
