"""What a design is: it sees a curve's data so far and says which magnetizations to ask next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from spinodal.fitting import Counts, LogOdds, Observations
from spinodal.response import FloatArray

Readout = Literal["sample", "logprob"]
StopReason = Literal["settled", "precise", "budget", "grid complete"]

IntArray = NDArray[np.intp]


def magnetization(n_a: IntArray, n_peers: int) -> FloatArray:
    """m = (2 n_a - n_peers) / n_peers, in [-1, 1], for `n_a` of `n_peers` holding A."""
    return np.asarray((2.0 * n_a - n_peers) / n_peers, dtype=np.float64)


def _no_floats() -> FloatArray:
    return np.zeros(0)


@dataclass(frozen=True)
class CurveData:
    """The data of one curve so far: row i is one prompt, asked with `n_a[i]` of `n_peers` holding A.

    Samples fill `count_a` and `count_b`, log-odds fill `log_odds`, all of shape (n,). A row that yielded
    nothing (counts 0 and 0, log-odds NaN) stays in: it was asked, and spends budget.
    """

    n_peers: int
    readout: Readout
    n_a: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    count_a: FloatArray = field(default_factory=_no_floats)
    count_b: FloatArray = field(default_factory=_no_floats)
    log_odds: FloatArray = field(default_factory=_no_floats)
    """At temperature 1; NaN where the prompt gave none."""
    temperature: float = 1.0
    """Temperature the response is wanted at (log-odds only)."""
    censored: FloatArray | None = None
    """1 where a log-odds is only a bound; None where none is."""
    order: FloatArray | None = None
    """1 where A was listed first, -1 where B, 0 where neither; None where that is not known."""

    @property
    def n_asked(self) -> int:
        """Prompts asked so far."""
        return len(self.n_a)

    @property
    def observations(self) -> Observations:
        """The usable rows, as the fit takes them."""
        m = magnetization(np.asarray(self.n_a), self.n_peers)
        if self.readout == "sample":
            a, b = np.asarray(self.count_a, dtype=np.float64), np.asarray(self.count_b, dtype=np.float64)
            used = a + b > 0
            return Counts(m[used], a[used], b[used])
        log_odds = np.asarray(self.log_odds, dtype=np.float64)
        used = ~np.isnan(log_odds)
        censored = np.zeros(m.size) if self.censored is None else np.asarray(self.censored, dtype=np.float64)
        order = None if self.order is None else np.asarray(self.order, dtype=np.float64)[used]
        return LogOdds(m[used], log_odds[used], self.temperature, censored[used], order)


class Design(Protocol):
    """Chooses the magnetizations of a curve. Stateless: the same data, the same answer, so a run resumes."""

    def propose(self, curve: CurveData) -> list[int]:
        """The next batch of `n_a`, one entry a prompt, pairs adjacent; empty when the curve is finished.

        Each level comes an even number of times where it can, so that the caller can ask it in both option
        orders.
        """
        ...

    def stop_reason(self, curve: CurveData) -> StopReason | None:
        """Why the curve is finished; None while it is not."""
        ...

    def max_calls(self, readout: Readout) -> int:
        """The most prompts this design asks for one curve."""
        ...


def in_pairs(levels: Sequence[int]) -> list[int]:
    """Each level twice, side by side."""
    return [level for level in levels for _ in range(2)]
