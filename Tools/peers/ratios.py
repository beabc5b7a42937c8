"""Medians, ratios and their intervals. Needs nothing but Python."""

import math
import random
from dataclasses import dataclass

RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate and the range that it has in 95% of the resamples."""

    median: float
    low: float
    high: float


def median(values):
    """The middle value; the mean of the two middle ones for an even count."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def paired_ratios(numerators, denominators):
    """The quotient of each round: what slows a whole round down cancels."""
    if len(numerators) != len(denominators):
        raise ValueError(f"{len(numerators)} and {len(denominators)} rounds cannot be paired")
    return [a / b for a, b in zip(numerators, denominators)]


def geometric_mean(values):
    return math.exp(sum(math.log(value) for value in values) / len(values))


def bootstrap(groups, statistic, seed=1, resamples=RESAMPLES):
    """The interval of a statistic of groups of values, each resampled with replacement.

    The percentile bootstrap (Efron, 1979); the same seed gives the same interval.
    """
    generator = random.Random(seed)
    estimates = sorted(
        statistic([generator.choices(group, k=len(group)) for group in groups])
        for _ in range(resamples)
    )
    tail = int((1 - CONFIDENCE) / 2 * (resamples - 1))
    return Interval(statistic(groups), estimates[tail], estimates[resamples - 1 - tail])


def median_interval(values, seed=1):
    """The median of one group with its interval."""
    return bootstrap([values], lambda groups: median(groups[0]), seed)


def geometric_mean_of_medians(groups, seed=1):
    """The geometric mean over rows of each row's median ratio, with its interval."""

    def statistic(resampled):
        return geometric_mean([median(group) for group in resampled])

    return bootstrap(groups, statistic, seed, resamples=1000)
