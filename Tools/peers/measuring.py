"""Measures one case: every contestant's answer is checked, then they take turns."""

import math
import random
from dataclasses import dataclass

import verification
from contestant import OURS
from ratios import median, paired_ratios

# The shortest sample: far above the clock's resolution and the protocol's own noise.
SHORTEST_SAMPLE = 0.5e6
MOST_SAMPLES = 40
# Turns begin with calls that bring caches, branch predictors and sleeping threads back.
WARM_UP = 3e6
# A call this long needs none: what it finds cold is a vanishing part of it.
LONG_CALL = 50e6


class WrongAnswer(Exception):
    """Two contestants disagree."""


@dataclass(frozen=True)
class Turn:
    """What a contestant does in each round."""

    warm_up: int
    calls: int
    samples: int

    @classmethod
    def plan(cls, nanoseconds, slice_seconds):
        """A turn of about `slice_seconds` for calls of `nanoseconds`."""
        calls = max(1, math.ceil(SHORTEST_SAMPLE / nanoseconds))
        samples = int(slice_seconds * 1e9 / (nanoseconds * calls))
        warm_up = 0 if nanoseconds > LONG_CALL else max(1, math.ceil(WARM_UP / nanoseconds))
        return cls(warm_up, calls, min(MOST_SAMPLES, max(1, samples)))


@dataclass(frozen=True)
class Effort:
    """How long a case is measured: each contestant for about `budget` seconds, in `rounds` turns."""

    rounds: int
    fewest_rounds: int
    budget: float

    def rounds_for(self, nanoseconds):
        """Fewer rounds where the slowest call alone takes longer than its part of the budget."""
        affordable = int(2 * self.budget * 1e9 / nanoseconds)
        return max(min(self.fewest_rounds, self.rounds), min(self.rounds, affordable))


def verify(case, contestants, folder):
    """Compares every contestant's results with this engine's; returns each one's difference.

    Raises WrongAnswer; nothing is timed then.
    """
    ours = contestants[OURS].results(folder)
    bound = verification.tolerance(case)
    differences = {}
    for name, contestant in contestants.items():
        if name == OURS:
            continue
        try:
            difference, place = verification.largest_difference(ours, contestant.results(folder))
        except ValueError as error:
            raise WrongAnswer(f"{case}: {name}: {error}") from None
        if not difference <= bound:
            raise WrongAnswer(
                f"{case}: {place} of {name} and of this engine differ by {difference:.2g}, "
                f"more than {bound:.2g}"
            )
        differences[name] = difference
    return differences


def measure(case, contestants, data, folder, effort, seed):
    """The row of a case, as the JSON report has it."""
    for contestant in contestants.values():
        contestant.load(case, data)
    differences = verify(case, contestants, folder)

    turns, slowest = {}, 0.0
    for name, contestant in contestants.items():
        nanoseconds = min(contestant.time(warm_up=1, calls=1, samples=3))
        contestant.wait_until_idle()
        turns[name] = nanoseconds
        slowest = max(slowest, nanoseconds)
    rounds = effort.rounds_for(slowest)
    turns = {name: Turn.plan(time, effort.budget / rounds) for name, time in turns.items()}

    times = {name: [] for name in contestants}
    order = random.Random(seed)
    for _ in range(rounds):
        for name in order.sample(list(contestants), len(contestants)):
            contestant, turn = contestants[name], turns[name]
            times[name].append(median(contestant.time(turn.warm_up, turn.calls, turn.samples)))
            contestant.wait_until_idle()
    for contestant in contestants.values():
        contestant.ask("unload")
    return row(case, times, differences)


def row(case, times, differences):
    """Times in seconds, a value for each round; ratios are theirs ÷ ours, round by round."""
    shape = case.shape
    return {
        "cell": case.cell,
        "mode": case.mode,
        "T": shape.steps,
        "N": shape.batch,
        "D": shape.features,
        "H": shape.hidden,
        "threads": case.threads,
        "flops": case.flops,
        "tolerance": verification.tolerance(case),
        "contestants": {
            name: {
                "seconds": [time * 1e-9 for time in values],
                "ratios": paired_ratios(values, times[OURS]),
                "difference": differences.get(name),
            }
            for name, values in times.items()
        },
    }


def measure_memory(case, data, name, start):
    """The largest resident size of a fresh process, before it loads the case and after three calls."""
    contestant = start(name, case.threads)
    try:
        before = contestant.ask("memory")["peakResidentBytes"]
        contestant.load(case, data)
        contestant.time(warm_up=0, calls=1, samples=3)
        return {"start": before, "peak": contestant.ask("memory")["peakResidentBytes"]}
    finally:
        contestant.close()
