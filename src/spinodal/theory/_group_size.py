"""Agents that conform less, or more, in larger groups: the sizes at which a society changes its nature.

De Marzo, Castellano and Garcia, "AI agents can coordinate beyond human scale" (arXiv 2409.02822), found
that the conformity beta of language-model agents without a bias (the majority force) falls as their group
grows, so that past a critical size the group no longer coordinates. Here beta and h may follow the number
of agents N by a table or by any function, in the convention P(m) = 1/2 [1 + tanh(beta (m + h))].
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinodal._errors import RequestError
from spinodal.response import FloatArray, TanhResponse
from spinodal.theory._tanh import consensus, is_bistable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SizeLaw = Callable[[int], TanhResponse]
"""The response of an agent in a group of so many."""


@dataclass(frozen=True, eq=False)
class GroupSizeTable:
    """beta and h measured at several group sizes; between them, linear in the logarithm of the size.

    `agents` (shape (T,), T >= 2, strictly ascending, 2 or more), `beta` and `h` (same shape; h is 0 where
    left out) are kept as read-only arrays; anything else raises `RequestError`. Outside of the sizes
    measured nothing is known: asking there raises `RequestError` too.
    """

    agents: FloatArray
    beta: FloatArray
    h: FloatArray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        agents = _column("agents", self.agents)
        if agents.size < 2:
            raise RequestError(
                f"a table of group sizes with {agents.size} row{'' if agents.size == 1 else 's'}; "
                "give 2 or more, or nothing can be interpolated"
            )
        if agents[0] < 2.0:
            raise RequestError(f"a group of {agents[0]:g} agents in the table; give 2 or more")
        falls = np.flatnonzero(np.diff(agents) <= 0.0)
        if falls.size:
            before, after = agents[falls[0]], agents[falls[0] + 1]
            raise RequestError(
                f"the column agents goes from {before:g} to {after:g} in row {falls[0] + 2}; "
                "sort the rows by group size, each once"
            )
        h = self.h if len(self.h) else np.zeros(agents.size)
        for name, values in (("beta", self.beta), ("h", h)):
            column = _column(name, values)
            if column.shape != agents.shape:
                raise RequestError(
                    f"{column.size} values of {name} for {agents.size} group sizes; give one each"
                )
            object.__setattr__(self, name, column)
        object.__setattr__(self, "agents", agents)

    @classmethod
    def from_columns(cls, table: Mapping[str, Any]) -> GroupSizeTable:
        """From a data frame, or anything with columns by name: `agents`, `beta` and, if there is one, `h`."""
        missing = [name for name in ("agents", "beta") if name not in table]
        if missing:
            there = ", ".join(map(str, table)) or "none"
            raise RequestError(
                f"the table of group sizes has no column {' nor '.join(missing)} (it has {there}); "
                "give agents, beta and, where agents lean, h"
            )
        return cls(**{name: table[name] for name in ("agents", "beta", "h") if name in table})

    @classmethod
    def read(cls, path: str | Path) -> GroupSizeTable:
        """From a CSV file with the columns `agents, beta` and, if there is one, `h`."""
        try:
            with Path(path).open(newline="", encoding="utf-8-sig") as lines:
                reader = csv.DictReader(lines)
                rows, names = list(reader), reader.fieldnames or []
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise RequestError(
                f"cannot read the table of group sizes {path}: {error}; give a CSV file"
            ) from None
        return cls.from_columns({name: [row[name] for row in rows] for name in names})

    @property
    def smallest(self) -> int:
        """The smallest whole group size in the table's range."""
        return math.ceil(float(self.agents[0]))

    @property
    def largest(self) -> int:
        """The largest whole group size in the table's range."""
        return math.floor(float(self.agents[-1]))

    def __call__(self, agents: float) -> TanhResponse:
        """The response of an agent in a group of so many, within the table's range."""
        if not self.agents[0] <= agents <= self.agents[-1]:
            raise RequestError(
                f"a group of {agents:g} agents is outside the table, which spans {self.agents[0]:g} to "
                f"{self.agents[-1]:g}; ask within, or measure there"
            )
        at, sizes = math.log(agents), np.log(self.agents)
        return TanhResponse(float(np.interp(at, sizes, self.beta)), float(np.interp(at, sizes, self.h)))


@dataclass(frozen=True)
class SizeRange:
    """At which group sizes something holds, among those asked about."""

    smallest: int
    largest: int
    """The sizes asked about."""
    at_smallest: bool
    """Whether it holds in the smallest group."""
    crossings: tuple[int, ...]
    """Ascending: the last size before each change, so that it holds at N and not at N + 1, or the reverse."""

    @property
    def at_largest(self) -> bool:
        """Whether it holds in the largest group."""
        return self.at_smallest ^ (len(self.crossings) % 2 == 1)

    @property
    def last(self) -> int | None:
        """The critical size: the largest group in which it holds.

        None where it still does in the largest asked about (the critical size is beyond, if there is one),
        and where it never does.
        """
        return None if self.at_largest or not self.crossings else self.crossings[-1]

    @property
    def in_words(self) -> str:
        """'up to 130 agents', 'from 20 up to 130 agents', 'in every group from 10 to 1,000 agents', ..."""
        if not self.crossings:
            how = "in every group" if self.at_smallest else "in no group"
            return f"{how} from {self.smallest:,} to {self.largest:,} agents"
        begins = [self.smallest, *(n + 1 for n in self.crossings)]
        ends = [*self.crossings, self.largest]
        stretches = list(zip(begins, ends, strict=True))  # it holds in every second
        holding = stretches[0 if self.at_smallest else 1 :: 2]
        return ", ".join(self._stretch(*stretch) for stretch in holding) + " agents"

    def _stretch(self, first: int, last: int) -> str:
        if last == self.largest:
            return f"from {first:,} at least up to {last:,}"
        return f"up to {last:,}" if first == self.smallest else f"from {first:,} up to {last:,}"

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "at_largest": self.at_largest, "last": self.last, "in_words": self.in_words}


@dataclass(frozen=True, eq=False)
class CriticalSizes:
    """What groups of growing size can do, between the smallest and the largest asked about."""

    two_majorities: SizeRange
    """Where a majority for either option is stable: beta > 1 and |h| < h_s(beta)."""
    full_consensus: SizeRange
    """Where agents without a bias agree to the last one: beta > 1/2 ln N. With a bias h it is no statement
    about the society itself."""
    law: SizeLaw

    def to_dict(self) -> dict[str, Any]:
        return {
            "two_majorities": self.two_majorities.to_dict(),
            "full_consensus": self.full_consensus.to_dict(),
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw beta over the group size with the bounds it has to exceed."""
        from spinodal.plots import critical_sizes as draw

        return draw(self, ax)


def critical_sizes(law: SizeLaw, smallest: int | None = None, largest: int | None = None) -> CriticalSizes:
    """The group sizes past which two stable majorities, and full consensus, are lost (or come back).

    `law` is a `GroupSizeTable`, or any function of the number of agents. Sizes from `smallest` to `largest`
    (by default the table's; of a function `smallest` is 2) are searched, never beyond. A stretch narrower
    than 1% of its size may be passed over where neither end is a row of the table. `RequestError` where the
    range is none, or a function is given no largest size.
    """
    rows: Sequence[int] = ()
    if isinstance(law, GroupSizeTable):
        smallest, largest = smallest or law.smallest, largest or law.largest
        for size in (smallest, largest):
            law(size)  # refuses what lies outside
        rows = [int(size) for size in law.agents]
    elif largest is None:
        raise RequestError("no largest group size for a function of the size; say up to which to search")
    smallest = 2 if smallest is None else smallest
    if smallest != int(smallest) or largest != int(largest) or not 2 <= smallest <= largest:
        raise RequestError(
            f"group sizes from {smallest} to {largest}; give whole numbers, 2 or more, the smaller first"
        )
    between = np.geomspace(smallest, largest, max(2, math.ceil(100.0 * math.log(largest / smallest)) + 1))
    sizes = sorted({int(n) for n in (smallest, largest, *rows, *between) if smallest <= n <= largest})

    def two_majorities(agents: int) -> bool:
        response = law(agents)
        return bool(is_bistable(response.beta, response.h))

    def full_consensus(agents: int) -> bool:
        return consensus(law(agents).beta, agents) == "full"

    return CriticalSizes(_where(two_majorities, sizes), _where(full_consensus, sizes), law)


def _where(holds: Callable[[int], bool], sizes: Sequence[int]) -> SizeRange:
    found = [holds(size) for size in sizes]
    crossings = []
    for i in range(1, len(sizes)):
        if found[i] == found[i - 1]:
            continue
        before, after = sizes[i - 1], sizes[i]
        while after - before > 1:
            middle = (before + after) // 2
            if holds(middle) == found[i - 1]:
                before = middle
            else:
                after = middle
        crossings.append(before)
    return SizeRange(sizes[0], sizes[-1], found[0], tuple(crossings))


def _column(name: str, values: Any) -> FloatArray:
    """A column as read-only finite numbers; raises `RequestError` naming the first that is none."""
    column = np.empty(len(values))
    for row, value in enumerate(values):
        try:
            column[row] = float(value)
        except (TypeError, ValueError):
            column[row] = math.nan
        if not math.isfinite(column[row]):
            raise RequestError(f"the column {name} has {value!r} in row {row + 1}; give a finite number")
    column.flags.writeable = False
    return column
