"""Several tests taken together, of which nothing is known but their p-values."""

from __future__ import annotations

import math
from collections.abc import Mapping


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """p-values adjusted by step-down (Holm 1979, Scandinavian Journal of Statistics 6:65), by name.

    The rate of any false alarm among them is kept, whatever their dependence. NaN stays NaN and is no test.
    """
    known = sorted((p, name) for name, p in p_values.items() if not math.isnan(p))
    adjusted, highest = dict(p_values), 0.0
    for place, (p, name) in enumerate(known):
        highest = max(highest, min((len(known) - place) * p, 1.0))
        adjusted[name] = highest
    return adjusted
