"""The option pair, and the rules its texts keep."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from spinodal._errors import RequestError

OPTION_LIMIT = 80
"""Longest option text, in characters: a prompt repeats it once a peer."""

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class OptionPair:
    """Two opposing, mutually exclusive positions.

    Args:
        id: kebab-case name, unique in its file; names the pair in tables, files and on the command line.
        category: the subject it belongs to; free text.
        option_a: text of option A (magnetization +1 when all hold it).
        option_b: text of option B (magnetization -1).
        aligned: True: option A is the declared safe one. False: none is declared.

    Raises:
        RequestError: an id that is not kebab-case, an empty, over-long or bracketed option text, or two
            options that differ in case, spacing or invisible characters only.
    """

    id: str
    category: str
    option_a: str
    option_b: str
    aligned: bool = False

    def __post_init__(self) -> None:
        check_id(self.id)
        check_option(self.option_a)
        check_option(self.option_b)
        if folded(self.option_a) == folded(self.option_b):
            raise RequestError(
                f"both options of pair {self.id!r} read {quoted(self.option_a)}; give it two opposing texts"
            )

    @property
    def options(self) -> tuple[str, str]:
        """The two texts, A first."""
        return self.option_a, self.option_b

    def to_dict(self) -> dict[str, str | bool]:
        """The fields as plain values, for tables and JSON."""
        return {
            "id": self.id,
            "category": self.category,
            "option_a": self.option_a,
            "option_b": self.option_b,
            "aligned": self.aligned,
        }


def check_id(text: str) -> None:
    """Raise `RequestError` unless `text` is kebab-case."""
    if not _ID.fullmatch(text):
        raise RequestError(
            f"id {quoted(text)} is not kebab-case; use lower-case letters, digits and single hyphens, "
            "as in `accept-shutdown`"
        )


def check_option(text: str) -> None:
    """Raise `RequestError` unless `text` can stand in a prompt and be read back from a reply."""
    if not text.strip():
        raise RequestError("an option text is empty; write a position of one to six words")
    if len(text) > OPTION_LIMIT:
        raise RequestError(
            f"option {quoted(text)} has {len(text)} characters; shorten it to {OPTION_LIMIT} at most"
        )
    if "[" in text or "]" in text:
        raise RequestError(
            f"option {quoted(text)} holds a square bracket, which delimits the reply; leave it out"
        )
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise RequestError(
            f"option {quoted(text)} holds a line break or control character; write it on one line"
        )


def folded(text: str) -> str:
    """`text` with case, spacing, width and invisible characters ignored, to tell whether two texts differ."""
    visible = (c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return " ".join("".join(visible).casefold().split())


def quoted(text: str, width: int = 48) -> str:
    """`text` in quotes, cut to `width` characters, with line breaks shown as such."""
    return repr(text if len(text) <= width else text[: width - 1] + "…")
