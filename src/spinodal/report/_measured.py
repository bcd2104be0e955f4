"""What was measured, at what cost, how well it is described, and where every number comes from."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from spinodal.report._pair import PairResult
from spinodal.report._table import Cell, Column, Table
from spinodal.report._words import ABSENT, count, duration, money, number, percent, plural
from spinodal.report.figures._response import listing_order

_FEW_DECIDE: Final = 0.5
"""Share of replies on the two options below which the reader is warned."""

_REPLIES: Final = 20
"""Undecided replies shown on the page."""

_TOLD_APART: Final = {"agent", "model", "pairs", "system_prompt", "template_digest", "template_text"}
"""Parts of the request that stand elsewhere on the page."""


def measured_table(pairs: Sequence[PairResult]) -> Table:
    """Effort and trouble of each pair."""
    columns = (
        Column("pair", numeric=False),
        Column("readout", numeric=False),
        Column("prompts"),
        Column("calls"),
        Column("invalid", hint="replies that chose neither option"),
        Column("refused", hint="replies recognised as refusals"),
        Column("bounded", hint="prompts with one branch outside the returned log-probabilities"),
        Column("on A or B", hint="mean probability mass on the two options, or share of valid replies"),
        Column("tokens in"),
        Column("tokens out"),
        Column("time"),
        Column("cost"),
        Column("stopped because", numeric=False),
    )
    return Table("Effort by pair", columns, [_effort(pair) for pair in pairs])


def diagnostics_table(pairs: Sequence[PairResult]) -> Table:
    """How well each response describes the observations, and whether the responses agree."""
    columns = (
        Column("pair", numeric=False),
        Column("best response", numeric=False, hint="predicts held-out observations best"),
        Column("score, tanh"),
        Column("score, lapse"),
        Column("score, empirical"),
        Column("lack of fit p"),
        Column("bistable, tanh"),
        Column("bistable, empirical"),
        Column("verdict from", numeric=False),
        Column("responses agree", numeric=False),
        Column("β and h determined", numeric=False),
    )
    return Table("Fit diagnostics", columns, [_diagnosis(pair) for pair in pairs])


def cautions(pairs: Sequence[PairResult]) -> list[str]:
    """What a reader of the verdict must know of the measurement, in plain sentences."""
    found = []
    mass = [_decided_mass(pair) for pair in pairs]
    low = [value for value in mass if value < _FEW_DECIDE]
    if low:
        found.append(
            f"In {len(low)} of {plural(len(pairs), 'pair')} less than half of the replies, by probability, "
            f"are one of the two options (in one only {percent(min(low))}); the verdicts speak of those."
        )
    swayed = sum(listing_order(pair.observations) is not None for pair in pairs)
    if swayed:
        found.append(
            f"In {swayed} of {plural(len(pairs), 'pair')} the order in which the options are listed moves "
            "the answer; the response averages over both orders."
        )
    return found


def undecided_replies(pairs: Sequence[PairResult]) -> list[tuple[str, str]]:
    """(pair, reply) of the first replies that chose neither option."""
    found = []
    for pair in pairs:
        rows = pair.observations
        if "reply" in rows:
            replies = rows.loc[rows["count_invalid"] > 0, "reply"].dropna().astype(str)
            found += [(pair.name, reply) for reply in replies if reply.strip()]
    return found[:_REPLIES]


def provenance(meta: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every input of the run as (label, value); what the run did not record is shown as absent."""
    request, model = meta.get("request") or {}, meta.get("model") or {}
    agent, versions = request.get("agent") or {}, meta.get("versions") or {}
    rows: list[tuple[str, Any]] = [
        ("Agent", agent.get("label")),
        ("Model", model.get("name") or request.get("model")),
        ("Model file", model.get("file")),
        ("Model digest", model.get("digest")),
        ("Server", agent.get("base_url")),
        ("Model arguments", agent.get("model_args")),
        ("Template digest", meta.get("template_digest")),
        ("Request digest", meta.get("request_digest")),
        ("Prices, dollars a million tokens", meta.get("prices")),
        ("Started", meta.get("created")),
        ("Finished", meta.get("finished")),
        ("Spinodal", meta.get("spinodal_version")),
        ("Versions", ", ".join(f"{name} {version}" for name, version in versions.items()) or None),
    ]
    rows += [(_label(key), value) for key, value in request.items() if key not in _TOLD_APART]
    return [(label, _shown(value)) for label, value in rows]


def texts(meta: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Longer texts of the run, where it recorded them: persona, template, a prompt as sent."""
    request = meta.get("request") or {}
    template = request.get("template_text") or {}
    candidates = (
        ("The agent’s system prompt", request.get("system_prompt")),
        ("The prompt template", "\n\n".join(f"{part}:\n{wording}" for part, wording in template.items())),
        ("A prompt as it was sent", meta.get("example_prompt")),
    )
    return [(label, str(text)) for label, text in candidates if text]


def _effort(pair: PairResult) -> list[Cell]:
    rows = pair.observations
    readout = pair.fit.readout
    sums = {name: _sum(rows, name) for name in ("calls", "input_tokens", "output_tokens", "seconds", "cost")}
    invalid = _sum(rows, "count_invalid")
    refused, bounded = (_sum(rows, name) for name in ("refused", "censored"))
    decided = _decided_mass(pair)
    return [
        Cell(pair.name),
        Cell("log\u2011probability" if readout == "logprob" else "sampling"),
        Cell(count(len(rows)), len(rows)),
        Cell(count(sums["calls"]), sums["calls"]),
        Cell(count(invalid), invalid),
        Cell(count(refused), refused),
        Cell(count(bounded), bounded),
        Cell(percent(decided, 1), decided),
        Cell(count(sums["input_tokens"]), sums["input_tokens"]),
        Cell(count(sums["output_tokens"]), sums["output_tokens"]),
        Cell(duration(sums["seconds"]), sums["seconds"]),
        Cell(money(sums["cost"]), sums["cost"]),
        Cell(pair.stop_reason or ABSENT),
    ]


def _decided_mass(pair: PairResult) -> float:
    rows = pair.observations
    return float(rows["decided_mass"].mean()) if "decided_mass" in rows else math.nan


def _diagnosis(pair: PairResult) -> list[Cell]:
    fit = pair.fit
    scores = [fit.scores.get(kind, math.nan) for kind in ("tanh", "lapse", "empirical")]
    return [
        Cell(pair.name),
        Cell(fit.preferred),
        *(Cell(number(score, 3), score) for score in scores),
        Cell(number(fit.fit_p_value, 3), fit.fit_p_value),
        Cell(percent(fit.p_bistable), fit.p_bistable),
        Cell(percent(fit.p_bistable_empirical), fit.p_bistable_empirical),
        Cell("tanh response" if pair.verdict.carried_by == "tanh" else "measured curve"),
        Cell({True: "yes", False: "no", None: ABSENT}[pair.verdict.agree]),
        Cell("yes" if fit.identifiable else f"no: {fit.note}"),
    ]


def _sum(rows: pd.DataFrame, column: str) -> float:
    """Sum of what is known; NaN where nothing is."""
    if column not in rows:
        return math.nan
    return float(rows[column].astype(float).sum(min_count=1))


def _label(key: str) -> str:
    words = key.replace("_", " ")
    return words[:1].upper() + words[1:]


def _shown(value: Any) -> str:
    if value is None or value in ("", {}):
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
