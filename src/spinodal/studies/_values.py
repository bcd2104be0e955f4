"""Values of a study file, each with the line it stands on, so that what is wrong is told with its line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spinodal._errors import RequestError
from spinodal._nearest import nearest
from spinodal.pairs._entries import LineFault

if TYPE_CHECKING:
    import yaml

_SWITCHES = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@contextmanager
def at_line(line: int) -> Iterator[None]:
    """Put the line before what is refused within."""
    try:
        yield
    except RequestError as error:
        raise LineFault(line, str(error)) from None


@dataclass(frozen=True)
class Value:
    """One value of the file, and the key it stands under."""

    name: str
    node: yaml.Node

    @property
    def line(self) -> int:
        """Where it begins, from 1."""
        return int(self.node.start_mark.line) + 1

    @property
    def kind(self) -> str:
        """What it is in YAML: text, list or mapping."""
        names = {"scalar": "text", "sequence": "list", "mapping": "mapping"}
        return names[type(self.node).__name__.removesuffix("Node").lower()]

    def fault(self, message: str) -> LineFault:
        """What is wrong with it, to be raised."""
        return LineFault(self.line, message)

    def text(self) -> str:
        """It as one text, not blank."""
        if self.kind != "text":
            raise self.fault(f"{self.name} is a {self.kind}; write one text")
        text = str(self.node.value).strip()
        if not text:
            raise self.fault(f"{self.name} is blank; give it a value, or leave it out")
        return text

    def whole(self, least: int = 0) -> int:
        """It as a whole number."""
        text = self.text()
        try:
            number = int(text)
        except ValueError:
            raise self.fault(f"{self.name} is {text!r}; give a whole number") from None
        if number < least:
            raise self.fault(f"{self.name} is {number}; give {least} or more")
        return number

    def number(self) -> float:
        """It as a finite number."""
        text = self.text()
        try:
            number = float(text)
        except ValueError:
            raise self.fault(f"{self.name} is {text!r}; give a number") from None
        if not math.isfinite(number):
            raise self.fault(f"{self.name} is {text}; give a finite number")
        return number

    def switch(self) -> bool:
        """It as true or false."""
        text = self.text()
        if text.lower() not in _SWITCHES:
            raise self.fault(f"{self.name} is {text!r}; write true or false")
        return _SWITCHES[text.lower()]

    def one_of(self, known: Iterable[str]) -> str:
        """It as one of the known words; the nearest is named where it is none."""
        text, words = self.text(), list(known)
        if text not in words:
            raise self.fault(
                f"{self.name} is {text!r}; the nearest known one is {nearest(text, words)!r} "
                f"(known: {', '.join(words)})"
            )
        return text

    def several(self) -> list[Value]:
        """Its items where it is a list, else itself alone; never none."""
        if self.kind != "list":
            return [self]
        if not self.node.value:
            raise self.fault(f"{self.name} is an empty list; name one or more, or leave it out")
        return [Value(self.name, node) for node in self.node.value]

    def plain(self) -> Any:
        """It as YAML means it: numbers, texts, lists and mappings."""
        import yaml

        try:
            return yaml.safe_load(yaml.serialize(self.node))
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise self.fault(f"{self.name} cannot be read ({str(error).splitlines()[0]}); mend it") from None

    def keys(self, known: Iterable[str], what: str) -> Keys:
        """It as a mapping with no other keys than the known ones; hyphens in them count as underscores."""
        if self.kind != "mapping":
            raise self.fault(f"a {self.kind} stands where {what} should; write its keys below it")
        found: dict[str, Value] = {}
        words = list(known)
        for key, node in self.node.value:
            line = int(key.start_mark.line) + 1
            name = str(key.value).replace("-", "_") if isinstance(key.value, str) else ""
            if name not in words:
                raise LineFault(
                    line,
                    f"unknown key {name or '?'!r} in {what}; the nearest known one is "
                    f"{nearest(name, words)!r} (known: {', '.join(words)})",
                )
            if name in found:
                raise LineFault(line, f"{name} is given twice, first on line {found[name].line}; keep one")
            found[name] = Value(name, node)
        return Keys(self.line, found)

    def entries(self, what: str) -> list[tuple[str, Value]]:
        """It as a mapping of names of the user's own."""
        if self.kind != "mapping":
            raise self.fault(f"a {self.kind} stands where {what} should; write `name:` and its keys below it")
        found: dict[str, Value] = {}
        for key, node in self.node.value:
            name = str(key.value)
            if name in found:
                raise LineFault(int(key.start_mark.line) + 1, f"{name} is given twice; keep one")
            found[name] = Value(name, node)
        return list(found.items())


@dataclass(frozen=True)
class Keys:
    """A mapping of the file: values by key."""

    line: int
    values: Mapping[str, Value]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def get(self, name: str) -> Value | None:
        """The value under a key; None where it is left out."""
        return self.values.get(name)

    def line_of(self, *names: str) -> int:
        """Line of the first of these keys that is there; of the mapping where none is."""
        return next((self.values[name].line for name in names if name in self), self.line)

    def text(self, name: str, default: str = "") -> str:
        """The text under a key."""
        value = self.get(name)
        return default if value is None else value.text()

    def whole(self, name: str, default: int, least: int = 0) -> int:
        """The whole number under a key."""
        value = self.get(name)
        return default if value is None else value.whole(least)

    def maybe_whole(self, name: str, least: int = 1) -> int | None:
        """The whole number under a key; None where it is left out."""
        value = self.get(name)
        return None if value is None else value.whole(least)

    def maybe_number(self, name: str) -> float | None:
        """The number under a key; None where it is left out."""
        value = self.get(name)
        return None if value is None else value.number()

    def number(self, name: str, default: float) -> float:
        """The number under a key."""
        value = self.maybe_number(name)
        return default if value is None else value

    def switch(self, name: str, default: bool) -> bool:
        """The switch under a key."""
        value = self.get(name)
        return default if value is None else value.switch()

    def texts(self, name: str) -> list[str]:
        """The texts under a key; none where it is left out."""
        value = self.get(name)
        return [] if value is None else [item.text() for item in value.several()]
