"""Every file of a folder, read; what is broken is listed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from spinodal.archive._curves import MAIN, Curve, read_curve
from spinodal.archive._faults import Fault, LeftOut
from spinodal.archive._fits import Fit, read_fits
from spinodal.archive._loops import Loop, read_loops
from spinodal.archive._pairs import MAIN_LIST, UNKNOWN, PairBook
from spinodal.archive._paths import Path, read_paths
from spinodal.archive._source import Kind, SourceFile
from spinodal.archive._tidy import FURTHER, tidy_curves, tidy_fits, tidy_loops, tidy_paths, tidy_tippings
from spinodal.archive._tippings import Tipping, read_tipping
from spinodal.pairs import OptionPair

_ORDER: tuple[Kind, ...] = (
    "pairs", "curve", "loop", "tipping", "paths", "fits", "tidy-curves", "tidy-fits", "tidy-loops",
    "tidy-tipping", "tidy-paths",
)  # fmt: skip


@dataclass
class Contents:
    """What the files say, in the order of kinds and paths."""

    curves: list[Curve] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    tippings: list[Tipping] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    fits: list[Fit] = field(default_factory=list)
    book: PairBook = field(default_factory=PairBook)
    left_out: list[LeftOut] = field(default_factory=list)
    other_experiment: int = 0
    """Hysteresis files with zealots of both sides at once, for which there is no table."""

    @cached_property
    def models(self) -> list[str]:
        """Every model that anything was read of, by name."""
        groups: tuple[Sequence[Any], ...] = (self.curves, self.loops, self.tippings, self.paths)
        return sorted({one.model for group in groups for one in group})

    @cached_property
    def temperatures(self) -> dict[str, float]:
        """The temperature of each model's main curves, where they have one; NaN where it was not set."""
        found: dict[str, set[str]] = {}
        for curve in self.curves:
            if curve.set in (MAIN, FURTHER):
                found.setdefault(curve.model, set()).add(repr(curve.temperature))
        return {model: float(told.pop()) for model, told in found.items() if len(told) == 1}

    def temperature_of(self, one: Curve | Loop | Tipping | Path) -> float:
        """Its own, or else that of its model's main curves; NaN where it was not set, or nothing tells.

        The robustness checks name a temperature for models too whose provider takes none.
        """
        usual = self.temperatures.get(one.model, math.nan)
        own = getattr(one, "temperature", math.nan)
        if isinstance(one, Curve):
            return usual if one.model in self.temperatures and usual != usual else own
        return usual if own != own else own

    def set_of(self, one: Curve | Fit) -> str:
        """ "further" for a main curve that is of none of the hundred pairs."""
        of = one.set if isinstance(one, Curve) else MAIN
        return FURTHER if of == MAIN and not self.book.is_main(one.option_a) else of

    @cached_property
    def pairs(self) -> dict[tuple[str, str], OptionPair]:
        """By the two options as the lists spell them."""
        groups: tuple[Sequence[Any], ...] = (self.curves, self.loops, self.tippings, self.paths, self.fits)
        return self.book.pairs(
            self.book.texts(one.option_a, getattr(one, "option_b", "")) for group in groups for one in group
        )

    def pair_of(self, option_a: str, option_b: str) -> OptionPair:
        """The pair of two options as they were read."""
        return self.pairs[self.book.texts(option_a, option_b)]


def read_files(
    files: Sequence[SourceFile], progress: Callable[[float], None] = lambda share: None
) -> Contents:
    """Read the files. Those that are broken are in `left_out`, the others in the tables."""
    found = Contents()
    ordered = sorted(
        files, key=lambda file: (_ORDER.index(file.kind), file.path.name != MAIN_LIST, file.path.parts)
    )
    for number, file in enumerate(ordered):
        try:
            _take(file, found)
        except Fault as fault:
            found.left_out.append(LeftOut(str(file.path), fault.line, str(fault)))
        progress((number + 1) / len(ordered))
    groups: tuple[Sequence[Any], ...] = (found.loops, found.tippings, found.fits, found.curves)
    for group in groups:
        for one in group:
            if one.option_b not in ("", UNKNOWN):
                found.book.add(one.option_a, one.option_b)
    return found


def _take(file: SourceFile, into: Contents) -> None:
    match file.kind:
        case "pairs":
            into.book.read(file)
        case "curve":
            into.curves.append(read_curve(file))
        case "loop":
            cycles = read_loops(file)
            into.loops += cycles
            into.other_experiment += not cycles
        case "tipping":
            into.tippings.append(read_tipping(file))
        case "paths":
            into.paths += read_paths(file)
        case "fits":
            into.fits += read_fits(file)
        case "tidy-curves":
            into.curves += tidy_curves(file)
        case "tidy-fits":
            into.fits += tidy_fits(file)
        case "tidy-loops":
            into.loops += tidy_loops(file)
        case "tidy-tipping":
            into.tippings += tidy_tippings(file)
        case "tidy-paths":
            known = {curve.model for curve in into.curves} | {loop.model for loop in into.loops}
            into.paths += tidy_paths(file, sorted(known, key=len, reverse=True))
