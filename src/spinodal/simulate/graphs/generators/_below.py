"""Kernel: a random whole number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from spinodal.simulate._random import next_uniform


@njit(cache=True, nogil=True)
def below(bound: Any, stream: Any) -> Any:
    """Uniform in 0, 1, ..., bound - 1; advances `stream`."""
    return np.int64(next_uniform(stream) * bound)
