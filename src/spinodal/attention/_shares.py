"""Shares of attention by segment, and what they would be if every token got the same: arithmetic alone."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinodal.attention._rendering import Labels
from spinodal.attention._segments import SEGMENTS
from spinodal.response import FloatArray

SINK: Final = 4.0
"""How many times the median token's norm makes a token a sink."""


def segment_shares(received: ArrayLike, labels: Labels) -> FloatArray:
    """The share of the attention that falls on each segment, shape (segments,); sums to 1.

    Args:
        received: share of the attention that falls on each token, shape (n,).
        labels: segment of each token, shape (n,).
    """
    counted: FloatArray = np.bincount(
        labels, weights=np.asarray(received, dtype=np.float64), minlength=len(SEGMENTS)
    ).astype(np.float64)
    return counted


def token_lengths(positions: ArrayLike, tokens: int) -> FloatArray:
    """What each token would receive if attention fell alike on all that is seen, shape (n,); sums to 1.

    A query position sees itself and what stands before it.

    Args:
        positions: of the queries, shape (q,), from 0.
        tokens: how many there are, n.
    """
    at = np.asarray(positions)[:, None]
    seen = (np.arange(tokens) <= at) / (at + 1.0)
    return np.asarray(seen.mean(axis=0), dtype=np.float64)


def sinks(norms: ArrayLike) -> NDArray[np.bool_]:
    """Which tokens are attention sinks, shape (n,): the first, and those of massive activation.

    A few tokens have hidden states of many times the usual norm, and attention that is needed nowhere comes
    to rest on them, whatever they say (Sun et al. 2024, *Massive Activations in Large Language Models*, arXiv
    2402.17762). They are told by their norm, before some layer at least `SINK` times that of the median
    token; the attention that they receive plays no part in it.

    Args:
        norms: norm of each token's hidden state before each layer, shape (layers, n).
    """
    seen = np.asarray(norms, dtype=np.float64)
    found = np.asarray((seen >= SINK * np.median(seen, axis=1, keepdims=True)).any(axis=0), dtype=np.bool_)
    found[0] = True
    return found


def left_out(shares: FloatArray, parts: FloatArray) -> FloatArray:
    """Shares of what is left when parts of the segments are left out. Shape (..., segments); NaN for nothing.

    A ratio of means: of all attention that is not on the parts left out, the share that is on each segment.
    """
    kept = shares - parts
    rest = kept.sum(axis=-1, keepdims=True)
    found: FloatArray = np.divide(kept, rest, where=rest > _NOTHING, out=np.full_like(shares, np.nan))
    return found


def relative(shares: FloatArray, lengths: FloatArray) -> FloatArray:
    """Shares of attention over shares of tokens: above 1, more than by length alone. NaN without tokens."""
    found: FloatArray = np.divide(shares, lengths, where=lengths > _NOTHING, out=np.full_like(shares, np.nan))
    return found


_NOTHING: Final = 1e-12
"""Less than a token's share of any prompt: what rounding leaves of none."""
