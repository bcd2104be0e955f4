"""What the attention of many conversations comes to: by turn, over the course, and what a guard changes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np

from spinodal.attention._conversations import NONE
from spinodal.attention._segments import SEGMENTS
from spinodal.attention._shares import left_out, relative
from spinodal.effects import Effect, matched_effects

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from spinodal.response import FloatArray

Measure = Literal[
    "share",
    "relative",
    "share_without_first",
    "relative_without_first",
    "share_without_sinks",
    "relative_without_sinks",
]
MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
"""share: of all attention. relative: the same over the segment's share of the tokens seen, 1 where attention
falls on all of them alike. The others leave the first token out, or all sinks (`sinks`), of attention and of
tokens."""

INSTRUCTIONS: Final = "system+guard"
"""The system prompt and a guard's words together."""

_GAME: Final = ["game", "opponents", "repetition"]
_WHO: Final = ["conversation", *_GAME, "guard", "stripped"]
_TURN: Final = ["turn", "kind"]
_ALL: Final = (*SEGMENTS, INSTRUCTIONS)
_COMPARED: Final = ("system", "guard", INSTRUCTIONS)


@dataclass(frozen=True)
class Level:
    """Attention at one turn, averaged over conversations."""

    guard: str
    stripped: bool
    """The guard's words taken out of what the model reads."""
    turn: int
    kind: str
    segment: str
    conversations: int
    tokens: float
    """Of the prompt, on average."""
    values: Mapping[Measure, tuple[float, tuple[float, float]]]
    """Estimate and 95% interval; the interval NaN where a type of game has one conversation. A measure is
    missing where the segment has no tokens."""

    def to_dict(self) -> dict[str, Any]:
        plain: dict[str, Any] = {
            name: {"estimate": estimate, "interval": _finite(interval)}
            for name, (estimate, interval) in self.values.items()
        }
        return {
            "guard": self.guard, "stripped": self.stripped, "turn": self.turn, "kind": self.kind,
            "segment": self.segment, "conversations": self.conversations, "tokens": self.tokens, **plain,
        }  # fmt: skip


Comparison = Literal["course", "words", "played"]


@dataclass(frozen=True)
class Contrast:
    """A difference within conversations that are matched."""

    what: Comparison
    """course: the last turn of its kind less the first. words: the guard's words there, less the same
    conversation without them, over the turns at which they stand. played: the games under the guard less the
    games of the same number without one, over the same turns."""
    guard: str
    kind: str
    segment: str
    measure: Measure
    effect: Effect
    """Read its interval: its p-values test symmetry about 0, and a guard's words never have less than 0."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "what": self.what, "guard": self.guard, "kind": self.kind, "segment": self.segment,
            "measure": self.measure, "estimate": self.effect.estimate,
            "interval": _finite(self.effect.interval), "games": self.effect.games,
        }  # fmt: skip


@dataclass(frozen=True)
class AttentionSummary:
    """A table of `ATTENTION_COLUMNS`, summed up.

    Attention is averaged over heads and query positions, then over layers, each of equal weight; segments are
    normalised after that. A conversation's numbers are averaged over opponents within a game type and number,
    as those share their seed; what is left are matched games, whose mean and interval
    `effects.matched_effects` gives, game types of equal weight.
    """

    table: pd.DataFrame

    @property
    def model(self) -> str:
        """Whose attention."""
        return str(self.table["model"].iloc[0])

    @property
    def queries(self) -> str:
        """Which positions look."""
        return str(self.table["queries"].iloc[0])

    @property
    def layers(self) -> int:
        """Layers averaged over."""
        return int(self.table["layer"].nunique())

    @property
    def guards(self) -> list[str]:
        """Guards, "none" first."""
        return sorted(set(self.table["guard"]), key=lambda name: (name != NONE, name))

    @property
    def kinds(self) -> list[str]:
        """Kinds of turns, in the order of their first."""
        return list(dict.fromkeys(self.values.sort_values("turn")["kind"]))

    @property
    def conversations(self) -> int:
        """Conversations, those with a guard's words taken out not counted."""
        return int((~self.values["stripped"] & (self.values["turn"] == 1)).sum())

    @cached_property
    def values(self) -> pd.DataFrame:
        """Every measure of every segment, a row a conversation and turn, columns `measure/segment`."""
        return _measured(self.table, [*_WHO, *_TURN, "tokens"])

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """Every segment at every turn."""
        return tuple(self._levels())

    @cached_property
    def contrasts(self) -> tuple[Contrast, ...]:
        """The course over a conversation, and what each guard changes."""
        return (*self._courses(), *self._guarded("words"), *self._guarded("played"))

    def turns(self, kind: str, guard: str = NONE) -> list[int]:
        """Numbers of the turns of a kind."""
        rows = self.values[(self.values["kind"] == kind) & (self.values["guard"] == guard)]
        return sorted({int(turn) for turn in rows["turn"]})

    def level(self, segment: str, turn: int, guard: str = NONE, *, stripped: bool = False) -> Level | None:
        """One of the levels; None where there is no such turn."""
        wanted = (segment, turn, guard, stripped)
        found = (one for one in self.levels if (one.segment, one.turn, one.guard, one.stripped) == wanted)
        return next(found, None)

    def contrast(
        self, what: Comparison, segment: str, measure: Measure, kind: str, guard: str = NONE
    ) -> Contrast | None:
        """One of the contrasts; None where the conversations tell none."""
        wanted = (what, guard, kind, segment, measure)
        found = (
            one
            for one in self.contrasts
            if (one.what, one.guard, one.kind, one.segment, one.measure) == wanted
        )
        return next(found, None)

    def by_layer(self, measure: Measure, segment: str, turn: int, guard: str = NONE) -> FloatArray:
        """A measure in each layer, averaged over conversations, shape (layers,)."""
        rows = self.table[
            (self.table["turn"] == turn) & (self.table["guard"] == guard) & ~self.table["stripped"]
        ]
        return np.asarray(_measured(rows, ["layer"])[f"{measure}/{segment}"], dtype=np.float64)

    def beside_sinks(self, segment: str, turn: int, guard: str = NONE) -> float:
        """Of all attention, the share that is on a segment and on none of its sinks."""
        rows = self.table[
            (self.table["turn"] == turn) & (self.table["guard"] == guard) & ~self.table["stripped"]
        ]
        means = rows[rows["segment"] == segment].groupby("game")[["share", "sink_share"]].mean().mean()
        return float(means["share"] - means["sink_share"])

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, in words."""
        from spinodal.attention._words import sentences

        return sentences(self)

    def to_dict(self) -> dict[str, Any]:
        """What `spinodal attention --json` prints."""
        return {
            "model": self.model,
            "queries": self.queries,
            "layers": self.layers,
            "guards": self.guards,
            "conversations": self.conversations,
            "sentences": list(self.sentences),
            "levels": [level.to_dict() for level in self.levels],
            "contrasts": [contrast.to_dict() for contrast in self.contrasts],
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """By turn, how much of the attention is on the system prompt, for its length."""
        from spinodal.plots import attention_by_turn

        return attention_by_turn(self, ax)

    def _levels(self) -> Iterator[Level]:
        for keys, rows in self.values.groupby(["guard", "stripped", *_TURN], sort=True):
            guard, stripped, turn, kind = keys
            effects = {effect.name: effect for effect in _effects(rows, _ALL)}
            for segment in _ALL:
                told: dict[Measure, tuple[float, tuple[float, float]]] = {
                    measure: (effect.estimate, (max(effect.interval[0], 0.0), effect.interval[1]))
                    for measure in MEASURES
                    if (effect := effects.get(f"{measure}/{segment}")) is not None
                }
                yield Level(
                    str(guard), bool(stripped), int(str(turn)), str(kind), segment, len(rows),
                    float(rows["tokens"].mean()), told,
                )  # fmt: skip

    def _courses(self) -> Iterator[Contrast]:
        shown = self.values[~self.values["stripped"]]
        for (guard, kind), rows in _groups(shown, "guard", "kind"):
            first, last = (rows[rows["turn"] == turn] for turn in (rows["turn"].min(), rows["turn"].max()))
            if len(rows) > len(first):
                yield from _contrasts("course", guard, kind, _minus(last, first, _WHO))

    def _guarded(self, what: Comparison) -> Iterator[Contrast]:
        shown, without = self.values[~self.values["stripped"]], self.values[self.values["stripped"]]
        unguarded = shown[shown["guard"] == NONE]
        for guard in self.guards:
            spoken = shown[(shown["guard"] == guard) & (shown["share/guard"] > 0.0)]
            others = without[without["guard"] == guard] if what == "words" else unguarded
            for (kind,), rows in _groups(spoken, "kind"):
                difference = _minus(rows, others, [*_GAME, *_TURN])
                if len(difference):
                    yield from _contrasts(what, guard, kind, difference)


def summarise(table: pd.DataFrame) -> AttentionSummary:
    """Sum up a table of `ATTENTION_COLUMNS`, of one model and one choice of positions."""
    return AttentionSummary(table)


def _groups(table: pd.DataFrame, *columns: str) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """Rows that agree in columns of text."""
    for keys, rows in table.groupby(list(columns), sort=True):
        yield tuple(map(str, keys)), rows


def _measured(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Shares and lengths averaged over the rows of equal keys; then every measure, a row of each."""
    import pandas as pd

    names = ["share", "sink_share", "length", "sink_length"]
    means = table.groupby([*keys, "segment"], sort=False)[names].mean()
    spread = [means[name].unstack("segment")[list(SEGMENTS)] for name in names]
    share, sink_share, length, sink_length = (part.to_numpy(float) for part in spread)
    first = np.array(SEGMENTS) == "first"
    found: dict[str, FloatArray] = {}
    for suffix, of_share, of_length in (
        ("", 0.0 * share, 0.0 * length),
        ("_without_first", share * first, length * first),
        ("_without_sinks", sink_share, sink_length),
    ):
        left = [_with_instructions(left_out(*pair)) for pair in ((share, of_share), (length, of_length))]
        found[f"share{suffix}"], found[f"relative{suffix}"] = left[0], relative(left[0], left[1])
    columns = pd.DataFrame(
        np.concatenate([found[measure] for measure in MEASURES], axis=1),
        index=spread[0].index,
        columns=[f"{measure}/{segment}" for measure in MEASURES for segment in _ALL],
    )
    return columns.reset_index()


def _with_instructions(values: FloatArray) -> FloatArray:
    together = values[:, [SEGMENTS.index("system"), SEGMENTS.index("guard")]].sum(axis=1, keepdims=True)
    return np.concatenate([values, together], axis=1)


def _minus(rows: pd.DataFrame, others: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Rows less those with equal keys; a row without its match is left out."""
    both = rows.merge(others, on=keys, suffixes=("", " of the other"))
    found = both[[*keys]].copy()
    for name in rows.columns:
        if "/" in name:
            found[name] = both[name] - both[f"{name} of the other"]
    return found


def _effects(rows: pd.DataFrame, segments: Sequence[str]) -> Sequence[Effect]:
    """The mean of each measure over matched games; measures that not every game has are left out."""
    columns = [f"{measure}/{segment}" for measure in MEASURES for segment in segments]
    # Opponents of one game and number share their seed: together they are one game here. Turns likewise.
    games = rows.groupby(["game", "repetition"], sort=True)[columns].mean()
    known = games.loc[:, np.isfinite(games.to_numpy(float)).all(axis=0)]
    if known.empty:
        return ()
    strata = np.unique(games.index.get_level_values("game"), return_inverse=True)[1]
    return matched_effects(known.to_numpy(float), strata, [str(name) for name in known.columns])


def _contrasts(what: Comparison, guard: str, kind: str, rows: pd.DataFrame) -> Iterator[Contrast]:
    for effect in _effects(rows, _COMPARED):
        measure, segment = effect.name.split("/")
        named = next(one for one in MEASURES if one == measure)
        yield Contrast(what, guard, kind, segment, named, effect)


def _finite(interval: tuple[float, float]) -> list[float] | None:
    return None if any(map(math.isnan, interval)) else list(interval)
