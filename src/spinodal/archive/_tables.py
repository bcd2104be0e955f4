"""CSV files of the archive, column by column."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

from spinodal.archive._faults import Fault
from spinodal.archive._source import SourceFile
from spinodal.archive._text import number, whole


class Columns:
    """A CSV file whose first line names its columns; every fault has its line.

    Raises:
        Fault: a column is missing, or a line has fewer or more fields than the first names.
    """

    def __init__(self, file: SourceFile, needed: Sequence[str]) -> None:
        reader = csv.reader(io.StringIO(file.text))
        names = [name.strip() for name in next(reader, [])]
        for name in needed:
            if name not in names:
                raise Fault(1, f"names no column {name}; it should name {', '.join(needed)}")
        self.lines: list[int] = []
        rows: list[list[str]] = []
        for row in reader:
            if len(row) != len(names):
                if not row:
                    continue
                raise Fault(reader.line_num, f"holds {len(row)} of the {len(names)} fields")
            rows.append(row)
            self.lines.append(reader.line_num)
        if file.kind != "pairs":  # written by people, the others by programs
            file.require_end()
        by_name = zip(*rows, strict=True) if rows else ([] for _ in names)
        self._columns: dict[str, list[str]] = dict(zip(names, map(list, by_name), strict=True))

    def __len__(self) -> int:
        return len(self.lines)

    def has(self, name: str) -> bool:
        """Whether the first line names it."""
        return name in self._columns

    def texts(self, name: str) -> list[str]:
        """A column of words, none of them empty."""
        for line, text in zip(self.lines, self._columns[name], strict=True):
            if not text.strip():
                raise Fault(line, f"{name} is empty")
        return [text.strip() for text in self._columns[name]]

    def numbers(
        self, name: str, low: float = -math.inf, high: float = math.inf, *, gaps: bool = False
    ) -> list[float]:
        """A column of numbers in [low, high]; with `gaps` an empty field is NaN."""
        return [
            math.nan if gaps and not text.strip() else number(text, line, name, low, high)
            for line, text in zip(self.lines, self._columns[name], strict=True)
        ]

    def wholes(self, name: str, low: float = -math.inf) -> list[int]:
        """A column of whole numbers."""
        return [
            whole(text, line, name, low) for line, text in zip(self.lines, self._columns[name], strict=True)
        ]

    def groups(self, *by: Sequence[Any]) -> list[list[int]]:
        """Row numbers of rows that are alike in these columns, in the order of their first ones."""
        found: dict[tuple[Any, ...], list[int]] = {}
        for row, key in enumerate(zip(*by, strict=True)):
            found.setdefault(tuple(None if value != value else value for value in key), []).append(row)
        return list(found.values())
