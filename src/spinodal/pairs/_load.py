"""Pairs from a user's file; the one place where what a file says is judged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from spinodal._errors import RequestError
from spinodal.pairs._csv import csv_entries
from spinodal.pairs._entries import REQUIRED, Entry, Field, LineFault
from spinodal.pairs._option_pair import OptionPair, check_id, check_option, folded, quoted
from spinodal.pairs._yaml import yaml_entries

_READERS: dict[str, Callable[[str], list[Entry]]] = {
    ".yaml": yaml_entries,
    ".yml": yaml_entries,
    ".csv": csv_entries,
}
_NO_CATEGORY = "other"
_BLANK = ("", "~", "null")
_SPACES = re.compile(r"[^\S\r\n]+")


def load_pairs(source: str | Path) -> tuple[OptionPair, ...]:
    """Load the option pairs of a YAML or CSV file, told apart by its suffix.

    Where a pair declares its aligned option, the two are swapped as needed so that A is the aligned one;
    a neutral pair keeps the order written. The format is told in `docs/pairs.md`.

    Args:
        source: path of a `.yaml`, `.yml` or `.csv` file in UTF-8.

    Raises:
        RequestError: the file cannot be read, or is malformed: names file, line and the mend.
    """
    path = Path(source)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise RequestError(
            f"pairs file {str(source)!r} is neither YAML nor CSV; name a .yaml, .yml or .csv file"
        )
    try:
        pairs = _judged(reader(_text(path)))
    except LineFault as fault:
        raise RequestError(f"{path}:{fault.line}: {fault}") from None
    if not pairs:
        raise RequestError(f"{path} holds no pairs; `spinodal pairs example` prints a file to start from")
    return pairs


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise RequestError(
            f"no pairs file {str(path)!r}; check the path (`spinodal pairs example` prints one to start from)"
        ) from None
    except OSError as error:
        raise RequestError(
            f"cannot read pairs file {str(path)!r} ({error.strerror}); name a readable file"
        ) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LineFault(
            line, f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        ) from None


def _judged(entries: Iterable[Entry]) -> tuple[OptionPair, ...]:
    lines: dict[str, int] = {}
    pairs = []
    for entry in entries:
        pair = _pair(entry)
        line = entry.fields["id"].line
        if pair.id in lines:
            raise LineFault(
                line, f"id {pair.id!r} is used twice, first on line {lines[pair.id]}; rename one of the two"
            )
        lines[pair.id] = line
        pairs.append(pair)
    return tuple(pairs)


def _pair(entry: Entry) -> OptionPair:
    for name in REQUIRED:
        if name not in entry.fields:
            raise LineFault(entry.line, f"{_called(entry)} has no {name}; add it")
    identifier = _checked(entry.fields["id"], check_id)
    first, second = (_checked(entry.fields[name], check_option) for name in ("option_a", "option_b"))
    aligned = _aligned_side(entry, first, second)
    if aligned == 1:
        first, second = second, first
    try:
        return OptionPair(identifier, _category(entry), first, second, aligned is not None)
    except RequestError as error:  # what only the whole pair can tell: equal options
        raise LineFault(entry.line, str(error)) from None


def _checked(field: Field, check: Callable[[str], None]) -> str:
    text = _SPACES.sub(" ", field.text.strip())
    try:
        check(text)
    except RequestError as error:
        raise LineFault(field.line, str(error)) from None
    return text


def _category(entry: Entry) -> str:
    field = entry.fields.get("category")
    if field is None or field.text in _BLANK:
        return _NO_CATEGORY
    return " ".join(field.text.split())


def _aligned_side(entry: Entry, first: str, second: str) -> int | None:
    """0 or 1: which of the two is declared aligned; None: the pair declares none."""
    field = entry.fields.get("aligned")
    if field is None or field.text in _BLANK:
        return None
    sides = [
        side
        for side, names in enumerate((("a", first), ("b", second)))
        if folded(field.text) in (folded(name) for name in names)
    ]
    if len(sides) != 1:
        raise LineFault(
            field.line,
            f"aligned is {quoted(field.text)}; write a, b, or the text of one option "
            f"({quoted(first)}, {quoted(second)}), or leave it out",
        )
    return sides[0]


def _called(entry: Entry) -> str:
    identifier = entry.fields.get("id")
    return f"pair {quoted(identifier.text)}" if identifier else "a pair"
