"""Measures one case: every contestant's answer is checked, then they take turns."""

import random

import verification
from cases import OURS
from contestant import ContestantError
from ratios import median, paired_ratios
from rounds import LONG_CALL, Turn

class WrongAnswer(Exception):
    """Two contestants disagree."""


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


def estimate(contestant):
    """About how many nanoseconds a call takes; the first call was that for the results."""
    nanoseconds = contestant.time(warm_up=0, calls=1, samples=1)
    if nanoseconds[0] < LONG_CALL:
        nanoseconds += contestant.time(warm_up=1, calls=1, samples=3)
    contestant.wait_until_idle()
    return min(nanoseconds)


def take_turns(contestants, effort, seed, on_round=lambda: None):
    """Nanoseconds of a call, for each contestant a value for each round."""
    estimates = {name: estimate(contestant) for name, contestant in contestants.items()}
    rounds = effort.rounds_for(max(estimates.values()))
    turns = {name: Turn.plan(time, effort.budget / rounds) for name, time in estimates.items()}

    times = {name: [] for name in contestants}
    order = random.Random(seed)
    for _ in range(rounds):
        on_round()
        for name in order.sample(list(contestants), len(contestants)):
            contestant, turn = contestants[name], turns[name]
            times[name].append(median(contestant.time(turn.warm_up, turn.calls, turn.samples)))
            contestant.wait_until_idle()
    return times


def measure(case, contestants, data, folder, effort, seed):
    """The row of a case, as the JSON report has it."""
    for contestant in contestants.values():
        contestant.load(case, data)
    differences = verify(case, contestants, folder)

    window = []
    times = take_turns(
        contestants, effort, seed, lambda: window.append(instructions_in_flight(contestants))
    )
    for contestant in contestants.values():
        contestant.ask("unload")
    return row(case, times, differences, None if None in window else median(window))


def instructions_in_flight(contestants):
    """How many the core holds, as our process sees it; None where it cannot."""
    try:
        return contestants[OURS].ask("window")["window"]
    except ContestantError:
        return None


def row(case, times, differences, window=None):
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
        "window": window,
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
    """The largest resident size of a fresh process, before it loads the case and after calls."""
    contestant = start(name, case.threads)
    try:
        before = contestant.ask("memory")["peakResidentBytes"]
        contestant.load(case, data)
        contestant.time(warm_up=0, calls=1, samples=3)
        return {"start": before, "peak": contestant.ask("memory")["peakResidentBytes"]}
    finally:
        contestant.close()
