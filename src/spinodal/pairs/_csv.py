"""Entries from CSV: a header line naming the columns, then one pair a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from spinodal._nearest import nearest
from spinodal.pairs._entries import FIELDS, REQUIRED, Entry, Field, LineFault
from spinodal.pairs._option_pair import quoted


def csv_entries(text: str) -> list[Entry]:
    """Read the entries of a CSV table, blank rows left out; none when it is blank. Raises `LineFault`."""
    rows = _rows(text)
    try:
        header_line, header = next(rows)
    except StopIteration:
        return []
    _check_header(header_line, header)
    return [_entry(line, header, row) for line, row in rows]


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the line it begins on (a quoted cell may span several)."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise LineFault(
            line, f"not valid CSV ({error}); close every quote, and double a quote in a text"
        ) from None


def _check_header(line: int, header: list[str]) -> None:
    expected = f"the first line names the columns, separated by commas: {','.join(FIELDS)}"
    for name in header:
        if name not in FIELDS:
            raise LineFault(
                line, f"unknown column {quoted(name)}; the nearest is {nearest(name, FIELDS)!r} ({expected})"
            )
        if header.count(name) > 1:
            raise LineFault(line, f"column {name} stands twice; keep one of them")
    for name in REQUIRED:
        if name not in header:
            raise LineFault(line, f"no column {name}; {expected}")


def _entry(line: int, header: list[str], row: list[str]) -> Entry:
    if len(row) != len(header):
        mend = (
            "add the missing cells" if len(row) < len(header) else "put a text that holds a comma in quotes"
        )
        raise LineFault(line, f"{len(row)} cells under a header of {len(header)} columns; {mend}")
    return Entry({name: Field(cell, line) for name, cell in zip(header, row, strict=True)}, line)
