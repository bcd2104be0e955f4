"""Agents grouped by how likely they flip, so that one of them is soon found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinodal.response import FloatArray


@dataclass(frozen=True, eq=False)
class Levels:
    """Codes grouped by how likely they flip, within a factor; the bound of those that never do is 0.

    With n_g agents in level g, whose chances are `bounds[g]` or less, an attempt is worth carrying out
    with probability sum n_g bounds[g] / N, falls in a level in proportion to n_g bounds[g], on any of its
    agents alike, and flips it with its chance over the bound: composition and rejection (Slepoy, Thompson
    and Plimpton, J. Chem. Phys. 128, 205101, 2008).
    """

    of_code: NDArray[np.int64]
    """Shape (codes,)."""
    bounds: FloatArray
    """Shape (levels,), falling."""
    acceptance: FloatArray
    """Chance over bound, shape (codes,)."""

    @classmethod
    def of(cls, chances: FloatArray, at_peace: NDArray[np.bool_]) -> Levels:
        """Levels as wide as `_SPAN`, but those of agents at peace, who are most, hold little else."""
        distinct, inverse = np.unique(chances, return_inverse=True)
        begins = np.zeros(distinct.size, np.bool_)
        begins[inverse[at_peace]] = True
        level_of = np.empty(distinct.size, np.int64)
        bounds: list[float] = []
        for at in reversed(range(distinct.size)):
            chance = float(distinct[at])
            if not bounds or chance < bounds[-1] * (_NEARLY if begins[at] else 1.0 / _SPAN):
                bounds.append(chance)
            level_of[at] = len(bounds) - 1
        of_code, bound = level_of[inverse], np.array(bounds)
        with np.errstate(invalid="ignore"):
            acceptance = np.where(chances > 0.0, chances / bound[of_code], 0.0)
        return cls(of_code, bound, acceptance)


_SPAN = 4.0
"""Most that chances in a level differ: with more, fewer moves between levels but more rejections."""
_NEARLY = 0.8
"""What begins no level of its own: agents at peace whose chance is so close to the level's bound."""
