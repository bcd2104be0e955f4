"""A table of the page: columns that sort, cells that carry a text and the value it sorts by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cell:
    """One cell: what is read, and what is sorted by."""

    text: str
    value: float | None = None
    """Sorts the cell as a number; None where it sorts as text."""

    @property
    def sort(self) -> str:
        """The number as an attribute: empty where it is missing."""
        return "" if self.value is None or math.isnan(self.value) else repr(float(self.value))


@dataclass(frozen=True)
class Column:
    """One column: its heading, whether it holds numbers, and a hint shown on hover."""

    label: str
    numeric: bool = True
    hint: str = ""


@dataclass(frozen=True)
class Table:
    """A caption, columns and rows; the first column heads its row."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


def text(value: Any) -> Cell:
    """A cell of words."""
    return Cell(str(value))
