"""Games from files: the bank's, or a user's own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from spinodal._errors import RequestError
from spinodal._nearest import nearest
from spinodal.games._game import Game

BANK: Final = ("prisoners-dilemma", "chicken", "stag-hunt", "public-goods")

_REQUIRED: Final = {"title", "moves", "cooperative", "payoffs", "rules"}
_KEYS: Final = _REQUIRED | {"decision"}


def load_game(source: str) -> Game:
    """A game of the bank by its name, or one of a YAML file.

    Raises:
        RequestError: no such game or file; a file that is malformed.
    """
    if source in BANK:
        return _of_bank(source)
    path = Path(source).expanduser()
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise RequestError(
            f"no game {source!r}; did you mean {nearest(source, BANK)}? "
            f"There are {', '.join(BANK)}, and YAML files"
        )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"cannot read the game {path}: {error}") from error
    return _read(path.stem, text)


@cache
def _of_bank(name: str) -> Game:
    return _read(name, (resources.files("spinodal.games") / "bank" / f"{name}.yaml").read_text("utf-8"))


def _read(name: str, text: str) -> Game:
    import yaml

    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # such as a date of the 13th month
        raise RequestError(
            f"the game {name} is not valid YAML ({' '.join(str(error).split())}); mend it"
        ) from error
    if not isinstance(found, Mapping) or not _REQUIRED <= set(found) <= _KEYS:
        has = ", ".join(map(repr, found)) if isinstance(found, Mapping) else f"none, but {found!r}"
        raise RequestError(
            f"the game {name} must have the keys {', '.join(sorted(_REQUIRED))} (and may have decision), "
            f"and no others; it has {has}"
        )
    return Game(
        name=name,
        title=_text(name, "the title", found["title"]),
        moves=tuple(_text(name, "a move", move) for move in _list(name, "moves", found["moves"])),
        cooperative=_text(name, "the co-operative move", found["cooperative"]),
        payoffs=tuple(
            tuple(_payoff(name, value) for value in _list(name, "a row of payoffs", row))
            for row in _list(name, "payoffs", found["payoffs"])
        ),
        rules=_text(name, "the rules", found["rules"]).strip(),
        decision=found.get("decision", "per-opponent"),
    )


def _list(name: str, what: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise RequestError(f"game {name}: {what} is {value!r}; give a list")
    return value


def _text(name: str, what: str, value: Any) -> str:
    if not isinstance(value, str):  # YAML reads a bare yes, no, on or off as a truth value
        raise RequestError(f"game {name}: {what} is {value!r}; give a text, in quotation marks")
    return value


def _payoff(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RequestError(f"game {name} has a payoff of {value!r}; give a number")
    try:
        return float(value)
    except OverflowError:
        raise RequestError(
            f"game {name} has a payoff of {value}, which is too large; give a number"
        ) from None
