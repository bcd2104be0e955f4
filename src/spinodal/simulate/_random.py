"""Random numbers inside the kernels: xoshiro256++ (Blackman and Vigna, 2021), one stream a replica.

A stream is four 64-bit words in an array, so that a checkpoint can keep it and a kernel can hold it
in registers. Streams of different replicas come from `numpy.random.SeedSequence`, whose children are
independent whatever the number of workers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray

Stream = NDArray[np.uint64]
"""Shape (4,), not all zero."""


def stream_of(seed: np.random.SeedSequence) -> Stream:
    """The stream that belongs to a seed."""
    words = seed.generate_state(4, np.uint64).astype(np.uint64)
    words[0] |= np.uint64(1)  # a stream of four zeros would stay there
    return words


@njit(inline="always")
def stepped(first: Any, second: Any, third: Any, fourth: Any) -> Any:
    """The next 64 random bits and the stream's words after them, for loops that hold these in registers."""
    mixed = first + fourth
    word = ((mixed << uint64(23)) | (mixed >> uint64(41))) + first
    shifted = second << uint64(17)
    third ^= first
    fourth ^= second
    second ^= third
    first ^= fourth
    third ^= shifted
    fourth = (fourth << uint64(45)) | (fourth >> uint64(19))
    return word, first, second, third, fourth


@njit(inline="always")
def next_word(stream: Any) -> Any:
    """The next 64 random bits; advances `stream`."""
    word, stream[0], stream[1], stream[2], stream[3] = stepped(stream[0], stream[1], stream[2], stream[3])
    return word


@njit(inline="always")
def next_uniform(stream: Any) -> Any:
    """Uniform in (0, 1): never 0, so that its logarithm is finite."""
    return (np.float64(next_word(stream) >> uint64(12)) + 0.5) * 2.0**-52


@njit(inline="always")
def picked(word: Any, size: Any) -> Any:
    """One of 0..size - 1 from 64 random bits, and whether it stands: all that stand are equally likely.

    `size` is a uint64 from 1 to 2^32. Lemire, ACM Trans. Model. Comput. Simul. 29, 3 (2019). In a hot
    loop, draw again there: a loop in a helper costs Numba the counting of its arrays' references.
    """
    product = (word >> uint64(32)) * size
    return np.int64(product >> uint64(32)), (product & uint64(2**32 - 1)) >= uint64(2**32) % size
