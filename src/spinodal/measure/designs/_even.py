"""Every magnetization alike: what a prediction needs, which goes wherever a population goes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from spinodal._errors import RequestError
from spinodal.measure.designs._base import CurveData, Readout, StopReason

_MOST_LEVELS = 21


@dataclass(frozen=True)
class EvenDesign:
    """Asks every magnetization that `n_peers` peers can have, or 21 of them evenly, as often as the others.

    A design that stops once beta is known rests on the tanh response and asks most at the ends, where a
    prompt says most about beta; a population lives in between. Raises `RequestError` for numbers below 2.
    """

    n_peers: int
    samples: int = 50
    """Prompts a magnetization where replies are sampled."""
    prompts: int = 10
    """Prompts a magnetization where log-probabilities are read."""

    def __post_init__(self) -> None:
        for name, value in (("samples", self.samples), ("prompts", self.prompts)):
            if value < 2:
                raise RequestError(f"{name} a magnetization are {value}; give 2 or more, one for each order")

    @property
    def levels(self) -> list[int]:
        """Holders of A among the peers, ascending."""
        spread = np.linspace(0, self.n_peers, min(self.n_peers + 1, _MOST_LEVELS))
        return sorted({round(level) for level in spread.tolist()})

    def propose(self, curve: CurveData) -> list[int]:
        asked = Counter(int(level) for level in curve.n_a)
        wanted = self._repeats(curve.readout)
        return [level for level in self.levels for _ in range(wanted - asked[level])]

    def stop_reason(self, curve: CurveData) -> StopReason | None:
        return None if self.propose(curve) else "grid complete"

    def max_calls(self, readout: Readout) -> int:
        return len(self.levels) * self._repeats(readout)

    def _repeats(self, readout: Readout) -> int:
        return self.samples if readout == "sample" else self.prompts
