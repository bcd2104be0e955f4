"""The ten-point grid of the conformity study (arXiv 2605.10721)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from spinodal._errors import RequestError
from spinodal.measure.designs._base import CurveData, Readout, StopReason

POINTS_OF_50 = (48, 45, 40, 30, 27, 23, 20, 10, 5, 2)
"""Holders of A among the 50 entries the study shows."""


@dataclass(frozen=True)
class StudyGrid:
    """Asks the study's ten points, scaled to the number of peers, a fixed number of times each.

    With few peers several points fall on one level, which is then asked that much more often.
    Raises `RequestError` for numbers below 1.
    """

    samples: int = 100
    """Prompts a point where replies are sampled (the study's number)."""
    prompts: int = 6
    """Prompts a point where log-probabilities are read: one says what many samples would."""

    def __post_init__(self) -> None:
        for name, value in (("samples", self.samples), ("prompts", self.prompts)):
            if value < 1:
                raise RequestError(f"{name} a point is {value}; give 1 or more")

    def propose(self, curve: CurveData) -> list[int]:
        asked = Counter(int(level) for level in curve.n_a)
        batch: list[int] = []
        for level, wanted in self._targets(curve).items():
            batch += [level] * max(0, wanted - asked[level])
        return batch

    def stop_reason(self, curve: CurveData) -> StopReason | None:
        return None if self.propose(curve) else "grid complete"

    def max_calls(self, readout: Readout) -> int:
        return len(POINTS_OF_50) * self._repeats(readout)

    def _repeats(self, readout: Readout) -> int:
        return self.samples if readout == "sample" else self.prompts

    def _targets(self, curve: CurveData) -> Counter[int]:
        levels = Counter(round(point * curve.n_peers / 50) for point in POINTS_OF_50)
        return Counter({level: times * self._repeats(curve.readout) for level, times in levels.items()})
