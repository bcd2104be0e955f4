"""Which state is the misaligned one: against the option declared aligned, or against the agent's own lean."""

from __future__ import annotations

from spinodal.figures._curves import Curve
from spinodal.results import Results


def misaligned_sign(results: Results, curve: Curve) -> float:
    """Sign of m in the misaligned state: -1 where A is declared aligned, else against the own bias."""
    pair = results.pairs.get(curve.pair)
    if pair is not None and pair.aligned:
        return -1.0
    return -1.0 if curve.estimate.b0 >= 0.0 else 1.0
