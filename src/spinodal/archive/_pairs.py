"""Option pairs as the archive names them, and the ids they get."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from spinodal.archive._source import SourceFile
from spinodal.archive._tables import Columns
from spinodal.archive._text import likeness
from spinodal.pairs import OPTION_LIMIT, OptionPair, bank_pairs

UNKNOWN: Final = "Unknown"
"""What the archive calls an option B that no list names."""

MAIN_LIST: Final = "opinion_pairs.csv"
"""The list of the study's hundred pairs."""

_CATEGORY: Final = "published"
_CUT: Final = "…"


class PairBook:
    """What the lists and the other files say about pairs."""

    def __init__(self) -> None:
        self._partner: dict[str, tuple[str, str]] = {}
        self._main: set[str] = set()
        self._aligned: set[tuple[str, str]] = set()

    def read(self, file: SourceFile) -> bool:
        """Take in a list of pairs; False where the file is none, but only named like one.

        Raises:
            Fault: a line that is not what it should be.
        """
        if not (file.text.startswith("Opinion_A,") or file.path.name == MAIN_LIST):
            return False
        table = Columns(file, ("Opinion_A", "Opinion_B"))
        first, second = table.texts("Opinion_A"), table.texts("Opinion_B")
        for a, b in zip(first, second, strict=True):
            self.add(a, b)
            if file.path.name == MAIN_LIST:
                self._main |= {likeness(a), likeness(b)}
        if table.has("compliant_side"):
            told = zip(first, second, table.texts("compliant_side"), strict=True)
            self._aligned |= {(a, b) for a, b, side in told if side == "A"}
        return True

    def add(self, option_a: str, option_b: str) -> None:
        """A pair that a file names in full; the first to name an option is believed."""
        self._partner.setdefault(likeness(option_a), (option_a, option_b))

    def is_main(self, option_a: str) -> bool:
        """Whether it is an option of one of the hundred pairs; without the list, of any that is known."""
        return likeness(option_a) in self._main if self._main else self.texts(option_a)[1] != UNKNOWN

    def texts(self, option_a: str, option_b: str = "") -> tuple[str, str]:
        """Both options as a list spells them, `UNKNOWN` where nothing tells B."""
        if option_b == UNKNOWN:
            option_b = ""
        a, b = self._partner.get(likeness(option_a), (option_a, option_b or UNKNOWN))
        if option_b and likeness(b) != likeness(option_b):
            return option_a, option_b
        if not option_b and b == UNKNOWN:
            # Some curves are named by what the list has as option B.
            for first, second in self._partner.values():
                if likeness(second) == likeness(option_a):
                    return second, first
        return a, b

    def pairs(self, texts: Iterable[tuple[str, str]]) -> dict[tuple[str, str], OptionPair]:
        """An option pair for each two texts: the bank's where it has one, else with an id of its own.

        The id is option A in kebab-case, with option B where that is taken. Texts longer than a pair's may be
        are cut, and square brackets in them become round ones.
        """
        bank = {(likeness(pair.option_a), likeness(pair.option_b)): pair for pair in bank_pairs()}
        taken = {pair.id for pair in bank_pairs()}
        found: dict[tuple[str, str], OptionPair] = {}
        for a, b in sorted(set(texts)):
            pair = bank.get((likeness(a), likeness(b)))
            if pair is None:
                identity = next(name for name in _ids(a, b) if name not in taken)
                taken.add(identity)
                pair = OptionPair(identity, _CATEGORY, _shown(a), _shown(b), (a, b) in self._aligned)
            found[a, b] = pair
        return found


def _ids(option_a: str, option_b: str) -> Iterable[str]:
    first, second = (re.sub(r" +", "-", likeness(text)) or "pair" for text in (option_a, option_b))
    yield first
    yield f"{first}-or-{second}"
    number = 2
    while True:
        yield f"{first}-or-{second}-{number}"
        number += 1


def _shown(text: str) -> str:
    told = " ".join(text.replace("[", "(").replace("]", ")").split())
    return told if len(told) <= OPTION_LIMIT else told[: OPTION_LIMIT - len(_CUT)].rstrip() + _CUT
