"""Prompt templates: how a peer's opinions are put to an agent.

A template is a small YAML file, ours (`templates/`) or a user's own, so wording is data that can be
compared, recorded by digest and varied without touching code.
"""

from __future__ import annotations

import difflib
import hashlib
import itertools
import math
import random
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from spinodal._errors import RequestError
from spinodal.pairs import OptionPair

Listed = Literal["ab", "ba", ""]
"""Which options a prompt lists outright, and in what order: A first, B first, or neither."""

DEFAULT_TEMPLATE = "peers"

_TEXT_FIELDS = frozenset(
    {"options", "peers", "n_peers", "n_agents", "first", "second", "count_first", "count_second"}
)
_PEER_FIELDS = frozenset({"name", "opinion"})
_OPTION_FIELDS = frozenset({"first", "second"})
_KEYS = frozenset({"text", "peer", "options"})


@dataclass(frozen=True)
class Turn:
    """An earlier exchange of a conversation: what the agent was asked, and what it replied."""

    asked: str
    replied: str
    peers: str = ""
    """The part of the question that peers wrote."""


@dataclass(frozen=True)
class Entry:
    """One peer, as a prompt shows it."""

    holds_a: bool
    remark: str = ""
    """What stands behind its opinion, on the same line."""


@dataclass(frozen=True)
class Prompt:
    """One prompt, and what it shows."""

    text: str
    n_a: int
    """Peers that hold A."""
    n_peers: int
    seed: int
    """Seed of the names and of the order of the entries."""
    listed: Listed
    earlier: tuple[Turn, ...] = ()
    """Turns of the same conversation before this one, oldest first."""
    peers: str = ""
    """The part of the text that peers wrote; "" where it shows totals alone."""

    @property
    def m(self) -> float:
        """Magnetization shown, in [-1, 1]; NaN where no peer is."""
        if self.n_peers == 0:
            return math.nan
        return (2 * self.n_a - self.n_peers) / self.n_peers


@dataclass(frozen=True)
class PromptTemplate:
    """A wording.

    Args:
        name: what tables call it.
        text: the prompt, with the fields `{options}`, `{peers}`, `{n_peers}`, `{n_agents}` (peers and the
            agent itself), `{first}`, `{second}`, `{count_first}`, `{count_second}`. It shows the peers by
            `{peers}` or by both counts.
        peer: one entry of `{peers}`, with the fields `{name}` and `{opinion}`.
        options: what `{options}` becomes when the options are listed, with `{first}` and `{second}`;
            unlisted, `{options}` becomes nothing.

    Raises:
        RequestError: an unknown field, or a text that would not show the peers.
    """

    name: str
    text: str
    peer: str = "{name}: {opinion}"
    options: str = ""

    def __post_init__(self) -> None:
        fields = _fields(self.name, "text", self.text, _TEXT_FIELDS)
        peer_fields = _fields(self.name, "peer", self.peer, _PEER_FIELDS)
        _fields(self.name, "options", self.options, _OPTION_FIELDS)
        if "peers" in fields:
            if "opinion" not in peer_fields:
                raise RequestError(f"template {self.name}: `peer` is {self.peer!r}; it must hold {{opinion}}")
        elif not {"count_first", "count_second", "first", "second"} <= fields:
            raise RequestError(
                f"template {self.name}: the text shows no peers; give it {{peers}}, "
                "or {count_first} {first} and {count_second} {second}"
            )

    @property
    def shows_entries(self) -> bool:
        """Whether peers are shown one by one, not by totals alone."""
        return any(field == "peers" for _, field, _, _ in string.Formatter().parse(self.text))

    @property
    def digest(self) -> str:
        """SHA-256 over the wording, in hexadecimal."""
        return hashlib.sha256("\0".join((self.text, self.peer, self.options)).encode()).hexdigest()

    def render(self, pair: OptionPair, n_a: int, n_peers: int, *, seed: int, listed: Listed) -> Prompt:
        """Write the prompt that shows `n_a` of `n_peers` peers holding A, as `show` does."""
        entries = [Entry(holds_a=True)] * n_a + [Entry(holds_a=False)] * (n_peers - n_a)
        return self.show(pair, entries, seed=seed, listed=listed)

    def show(self, pair: OptionPair, entries: Sequence[Entry], *, seed: int, listed: Listed) -> Prompt:
        """Write the prompt that shows these peers, in an order and under names of its own.

        Names are fresh random pairs of letters, and names and order come from `seed` alone, so the
        same arguments give the same prompt on any machine.
        """
        rng = random.Random(seed)
        peers_shown = list(entries)
        rng.shuffle(peers_shown)
        n_peers = len(peers_shown)
        n_a = sum(entry.holds_a for entry in peers_shown)
        b_first = listed == "ba" or (listed == "" and rng.random() < 0.5)
        first, second = (pair.option_b, pair.option_a) if b_first else (pair.option_a, pair.option_b)
        count_first = n_peers - n_a if b_first else n_a
        peers = "\n".join(
            " ".join(
                filter(
                    None, (self.peer.format(name=name, opinion=pair.options[not entry.holds_a]), entry.remark)
                )
            )
            for name, entry in zip(_names(n_peers, rng), peers_shown, strict=True)
        )
        text = self.text.format(
            options=self.options.format(first=first, second=second) if listed else "",
            peers=peers,
            n_peers=n_peers,
            n_agents=n_peers + 1,
            first=first,
            second=second,
            count_first=count_first,
            count_second=n_peers - count_first,
        )
        return Prompt(
            text=text.strip(),
            n_a=n_a,
            n_peers=n_peers,
            seed=seed,
            listed=listed,
            peers=peers if self.shows_entries else "",
        )


@cache
def template_names() -> tuple[str, ...]:
    """Names of the templates that come with the package."""
    folder = resources.files("spinodal.measure") / "templates"
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def load_template(source: str) -> PromptTemplate:
    """Load a template by its name, or a user's own by the path of its YAML file.

    Raises:
        RequestError: no such template (the nearest name is given), or a malformed file.
    """
    if source in template_names():
        text = (resources.files("spinodal.measure") / "templates" / f"{source}.yaml").read_text("utf-8")
        return _parse(source, text)
    path = Path(source)
    if path.suffix not in (".yaml", ".yml"):
        near = difflib.get_close_matches(source, template_names(), 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise RequestError(
            f"unknown template {source!r}; {hint}known are {', '.join(template_names())}, "
            "or give the path of a .yaml file"
        )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"cannot read template {path}: {error}") from error
    return _parse(path.stem, text)


def _parse(name: str, text: str) -> PromptTemplate:
    import yaml

    try:
        entries = yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f", line {line + 1}" if line is not None else ""
        raise RequestError(
            f"template {name}{where}: not valid YAML; quote texts that hold a colon"
        ) from error
    if not isinstance(entries, Mapping) or "text" not in entries:
        raise RequestError(f"template {name}: needs the key `text`, and may have `peer` and `options`")
    for key, value in entries.items():
        if key not in _KEYS:
            raise RequestError(f"template {name}: unknown key {key!r}; known are text, peer, options")
        if not isinstance(value, str):
            raise RequestError(f"template {name}: `{key}` is {value!r}; write a text")
    kept: dict[str, Any] = {key: entries[key] for key in _KEYS if key in entries}
    return PromptTemplate(name=name, **kept)


def _fields(name: str, part: str, text: str, known: frozenset[str]) -> set[str]:
    try:
        parts = [part for part in string.Formatter().parse(text) if part[1] is not None]
    except ValueError as error:
        raise RequestError(f"template {name}: `{part}` has an odd brace ({error}); double it") from error
    for _, field, form, conversion in parts:
        if form or conversion:
            raise RequestError(
                f"template {name}: `{part}` formats the field {field!r}; write {{{field}}} alone"
            )
    used = {field for _, field, _, _ in parts if field is not None}
    for field in sorted(used - known):
        near = difflib.get_close_matches(field, known, 1)
        hint = f"did you mean {{{near[0]}}}? " if near else ""
        raise RequestError(
            f"template {name}: `{part}` has the unknown field {{{field}}}; {hint}"
            f"known are {', '.join(sorted(known))}"
        )
    return used


def _names(count: int, rng: random.Random) -> list[str]:
    """Distinct random names of two letters; longer where there are more peers than such names."""
    length = next(n for n in itertools.count(2) if len(string.ascii_lowercase) ** n >= 2 * count)
    names: dict[str, None] = {}
    while len(names) < count:
        names["".join(rng.choices(string.ascii_lowercase, k=length))] = None
    return list(names)
