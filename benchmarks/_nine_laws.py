"""Laws of the nine agents: what each does about each pair, so that the published figures are the truth.

Five of the nine models have published fits: each pair takes over the (beta, h) of one of theirs. For the
other four only the median of beta, the median of |h| and the share inside the spinodal are known: their
pairs' laws are drawn so that exactly these come out.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from spinodal.pairs import OptionPair
from spinodal.theory import is_bistable

STEEPEST, FARTHEST = 10.0, 3.0
"""Bounds of |beta| and |h|: the 7 of 477 published fits beyond them are saturated curves, whose least squares
ran away. Medians and the share inside do not notice."""


@dataclass(frozen=True)
class Published:
    """One model of arXiv 2605.10721: median beta, median |h|, share inside the spinodal (N = 50, T = 0.2)."""

    label: str
    beta: float
    h: float
    inside: float
    family: str
    fits: str = ""
    """Its name in the published fits, where it is among them."""


NINE = (
    Published("Llama-3.1-8B", 1.90, 0.51, 0.32, "Llama 3.1", "Llama-3.1-8B-Instruct"),
    Published("Qwen2.5-14B", 2.49, 0.26, 0.68, "Qwen2.5"),
    Published("Qwen2.5-32B", 2.80, 0.16, 0.72, "Qwen2.5"),
    Published("Qwen3-14B", 2.54, 0.28, 0.57, "Qwen3"),
    Published("Qwen3-32B", 2.60, 0.40, 0.46, "Qwen3", "Qwen3-32B"),
    Published("Gemini-2.5-flash-lite", 1.99, 0.23, 0.56, "Gemini 2.5", "gemini-2.5-flash-lite"),
    Published("Gemma-3-12B", 3.74, 0.33, 0.69, "Gemma 3"),
    Published("Gemma-3-27B", 3.77, 0.46, 0.63, "Gemma 3", "gemma-3-27b-it"),
    Published("GPT-5-mini", 2.26, 0.50, 0.28, "GPT-5", "gpt-5-mini"),
)


def laws_of(model: Published, pairs: Sequence[OptionPair], fits: Path | None, seed: int) -> pd.DataFrame:
    """A law a pair: `model, pair, option_a, option_b, beta, h`, a row a pair.

    Args:
        model: one of the nine.
        pairs: what it is to be asked about.
        fits: the published fits; None where they are not at hand.
        seed: of what is drawn: laws, and which pair takes which.
    """
    random = np.random.default_rng([seed, zlib.crc32(model.label.encode())])
    if fits is not None and model.fits:
        beta, h = _taken_over(model, len(pairs), fits, random)
    else:
        beta, h = _drawn(model, len(pairs), random)
    order = random.permutation(len(pairs))
    return pd.DataFrame(
        {
            "model": model.label,
            "pair": [pair.id for pair in pairs],
            "option_a": [pair.option_a for pair in pairs],
            "option_b": [pair.option_b for pair in pairs],
            "beta": beta[order],
            "h": h[order],
        }
    )


def _taken_over(
    model: Published, number: int, fits: Path, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The published fits of a model's main set.

    Where it has fewer than pairs are asked for, some are taken twice: of many random choices, the one that
    moves the model's own medians and share the least.
    """
    table = pd.read_csv(fits).query("main_set and model == @model.fits")
    beta = table["beta"].to_numpy(float).clip(-STEEPEST, STEEPEST)
    h = table["h"].to_numpy(float).clip(-FARTHEST, FARTHEST)
    if number <= len(table):
        rows = random.permutation(len(table))[:number]
    else:
        own = _figures(beta, h)
        choices = [
            np.concatenate([np.arange(len(table)), random.integers(0, len(table), number - len(table))])
            for _ in range(500)
        ]
        rows = min(choices, key=lambda rows: float(np.abs(_figures(beta[rows], h[rows]) - own).sum()))
    return beta[rows], h[rows]


def _figures(beta: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Median beta, median |h|, share inside the spinodal."""
    return np.array([np.median(beta), np.median(np.abs(h)), is_bistable(beta, h).mean()])


def _drawn(model: Published, number: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Laws with the published medians and share: beta log-normal, |h| exponential, signs either.

    Which |h| goes with which beta is drawn again, two exchanged at a time, until as many are inside.
    """
    beta = np.exp(random.normal(0.0, 0.4, number))
    h = random.exponential(1.0, number).clip(0.0, 4.0)
    beta *= model.beta / np.median(beta)
    h *= model.h / np.median(h)
    wanted = round(model.inside * number)
    for _ in range(200_000):
        missing = wanted - int(is_bistable(beta, h).sum())
        if missing == 0:
            return beta.clip(0.0, STEEPEST), h.clip(0.0, FARTHEST) * random.choice([-1.0, 1.0], number)
        one, other = random.integers(0, number, 2)
        pair = np.array([one, other])
        gained = int(is_bistable(beta[pair], h[pair[::-1]]).sum()) - int(
            is_bistable(beta[pair], h[pair]).sum()
        )
        if gained * missing >= 0:
            h[pair] = h[pair[::-1]]
    raise ValueError(f"{model.label}: no pairing of the drawn laws has {wanted} of {number} inside")
