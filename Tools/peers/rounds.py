"""How the contestants of a row share its time: rounds in which each has a turn."""

import math
from dataclasses import dataclass

# The shortest sample: far above the clock's resolution and the protocol's own noise.
SHORTEST_SAMPLE = 0.5e6
MOST_SAMPLES = 40
# Turns begin with calls that bring caches, branch predictors and sleeping threads back.
WARM_UP = 3e6
# A call this long needs none: what it finds cold is a vanishing part of it.
LONG_CALL = 50e6


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
    """How long a case is measured: each contestant for about `budget` seconds in `rounds` turns."""

    rounds: int
    fewest_rounds: int
    budget: float

    def rounds_for(self, nanoseconds):
        """Fewer rounds where the slowest call alone takes longer than its part of the budget."""
        affordable = int(2 * self.budget * 1e9 / nanoseconds)
        return max(min(self.fewest_rounds, self.rounds), min(self.rounds, affordable))
