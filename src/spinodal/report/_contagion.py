"""The page of a contagion study: what company did to an agent's traits, and what guards did about it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spinodal._files import write_whole
from spinodal.contagion_runs import ContagionRun
from spinodal.guards import GUARD_KINDS, GuardSpec
from spinodal.report import _contagion_words as words
from spinodal.report import _measured
from spinodal.report._contagion_transcripts import transcripts
from spinodal.report._page import render_page
from spinodal.report._table import Cell, Column, Table, text
from spinodal.report._words import ABSENT, count, duration, money, percent
from spinodal.report.figures import (
    cooperation_figure,
    cooperation_table,
    guards_by_trait,
    guards_figure,
    others_figure,
    profile_figure,
    traits_figure,
)
from spinodal.report.figures._contagion_companies import INTERVAL, company_styles, effect_cells
from spinodal.report.figures._contagion_cooperation import TRANSCRIPT
from spinodal.report.figures._contagion_guards import LAYERS
from spinodal.report.figures._contagion_traits import long_figure
from spinodal.report.figures._figure import Figure
from spinodal.runs import LOGS, REPORT

if TYPE_CHECKING:
    from spinodal.contagion_verdict import ContagionVerdict

_FAILURES: Final = 10
"""Lost games that the page tells of one by one."""

_FORMS: Final = {
    "logprob": "the moves' probabilities",
    "schema": "a reply held to the form of a decision",
    "text": "whatever the reply says",
}
_READOUTS: Final = {"logprob": "log-probability", "sample": "sampling"}


def write_contagion(run: ContagionRun, verdict: ContagionVerdict | None = None) -> Path:
    """Write `report.html` into the study's run folder, whole or not at all; return its path.

    `verdict` is judged anew where it is not given.
    """
    path = run.path / REPORT
    write_whole(path, render_contagion(run, verdict).encode())
    return path


def render_contagion(run: ContagionRun, verdict: ContagionVerdict | None = None) -> str:
    """The study's page as one self-contained HTML file. The same run gives the same page.

    `verdict` is judged anew where it is not given.
    """
    part, figures = contagion_part(run, verdict)
    return render_page(
        "contagion.html.j2",
        figures,
        contagion=part,
        version=run.meta.get("spinodal_version", ""),
        finished=run.meta.get("finished") or "",
    )


def contagion_part(
    run: ContagionRun, verdict: ContagionVerdict | None = None
) -> tuple[dict[str, Any], list[Figure]]:
    """What `contagion_sections.html.j2` shows, and its figures: a page of its own, or a part of another."""
    if verdict is None:
        from spinodal.contagion_verdict import judge_contagion

        verdict = judge_contagion(run)
    drawn: dict[str, Any] = {
        "traits": traits_figure(run, verdict),
        "guards": guards_figure(run, verdict),
        "cooperation": [
            cooperation_figure(place, game, run, verdict) for place, game in enumerate(run.game_names)
        ],
        "others": others_figure(run, verdict),
        "profile": profile_figure(run),
    }
    shown = transcripts(run)
    figures = [drawn["traits"], drawn["guards"], *drawn["cooperation"], drawn["others"], drawn["profile"]]
    part = drawn | {
        "name": run.name,
        "look": words.LOOKS[verdict.outcome],
        "headline": words.headline(run, verdict),
        "sentence": words.sentence(run, verdict),
        "reasons": [words.typeset(reason) for reason in verdict.reasons],
        "done": words.what_was_done(run),
        "facts": _facts(run, verdict),
        "failures": _failures(run),
        "more_failures": max(len(run.failures) - _FAILURES, 0),
        "cautions": words.cautions(run, verdict),
        "treatment": run.treatment,
        "control": run.control,
        "styles": {
            name: replace(style, color=style.color.partition("/")[0])
            for name, style in company_styles(run).items()
        },
        "layers": LAYERS,
        "by_game": _by_game(run, verdict),
        "guard_words": _guard_words(run),
        "by_trait": guards_by_trait(run, verdict),
        "game_titles": [run.titles[name] for name in run.game_names],
        "cooperation_table": cooperation_table(run, verdict),
        "scripted": TRANSCRIPT in (run.treatment, run.control, *run.others),
        "transcript_words": words.transcript_words(run, verdict),
        "long": long_figure(run),
        "transcripts": shown,
        "transcript_games": [
            (title, [one for one in shown if one.game == title])
            for title in dict.fromkeys(one.game for one in shown)
        ],
        "conversations": int(run.messages["game_id"].nunique()),
        "read": _how_read(run),
        "decided": _decisions_table(run),
        "placed": _placements_table(run),
        "provenance": _provenance(run.meta),
        "personas": _personas(run),
        "command": shlex.join(str(word) for word in run.meta.get("command") or []),
        "log_folder": shlex.quote(str(run.path / LOGS)),
        "method": words.method(run),
    }
    part["nav"] = _nav(part)
    return part, [figure for figure in figures if figure is not None]


def _nav(part: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(id, words) of the sections that are there."""
    sections = (
        ("contagion", "Verdict", True),
        ("contagion-traits", "Traits", True),
        ("contagion-guards", "Guards", part["guards"]),
        ("contagion-play", "Co-operation", True),
        ("contagion-others", "Other opponents", part["others"]),
        ("contagion-before", "Before play", True),
        ("contagion-transcripts", "Transcripts", part["transcripts"]),
        ("contagion-provenance", "Provenance", True),
        ("contagion-method", "Method", True),
    )
    return [(name, label) for name, label, there in sections if there]


def _facts(run: ContagionRun, verdict: ContagionVerdict) -> list[tuple[str, str]]:
    totals = run.meta.get("totals") or {}
    facts = [
        ("Games played", words.games_words(run)),
        ("Matched games", count(verdict.matched)),
        ("Model calls", count(totals.get("calls"))),
        ("Tokens read", count(totals.get("input_tokens"))),
        ("… read before (cached)", count(totals.get("cached_tokens"))),
        ("New tokens a question", _question_tokens(run)),
        ("Tokens written", count(totals.get("output_tokens"))),
        ("Unreadable decisions", percent(verdict.unreadable, 1)),
        ("Time", duration(run.meta.get("seconds"))),
        ("Cost", money(totals.get("cost"))),
    ]
    return [(label, value) for label, value in facts if value != ABSENT]


def _question_tokens(run: ContagionRun) -> str:
    read, new = run.question_tokens
    return f"{count(new)} of {count(read)}" if read == read else ABSENT


def _failures(run: ContagionRun) -> list[dict[str, str]]:
    return [
        {"game": str(one.get("game", "?")), "message": str(one.get("message", ""))}
        for one in run.failures[:_FAILURES]
    ]


def _by_game(run: ContagionRun, verdict: ContagionVerdict) -> Table | None:
    """Contagion of pro-sociality in each game; None where there is one."""
    if not verdict.contagion.by_game:
        return None
    columns = (
        Column("game", numeric=False),
        Column("contagion", hint=verdict.contagion.what),
        INTERVAL,
        Column("matched games"),
    )
    rows = [
        [text(run.titles[game]), *effect_cells(effect), Cell(count(effect.games), effect.games)]
        for game, effect in verdict.contagion.by_game.items()
    ]
    return Table("Contagion of pro-sociality, game by game", columns, rows)


def _guard_words(run: ContagionRun) -> list[tuple[str, str]]:
    """(guard, what it shows the model)."""
    kinds = [(guard, GUARD_KINDS[GuardSpec.parse(guard).kind]) for guard in run.guards[1:]]
    return [(guard, f"{words_[:1].upper()}{words_[1:]}.") for guard, words_ in kinds]


def _how_read(run: ContagionRun) -> str:
    """How answers about traits were read."""
    choice = run.meta["preparation"]["readout"]
    name = _READOUTS.get(choice["readout"], choice["readout"])
    return f"By {name}" + (f": {choice['why']}." if choice.get("why") else ".")


def _decisions_table(run: ContagionRun) -> Table:
    prepared = run.meta["preparation"]
    columns = [Column(name, numeric=False) for name in ("game", "read as", "because")]
    rows = [
        [
            text(run.titles.get(game, game)),
            text(_FORMS.get(form, form)),
            text(prepared["decisions_why"].get(game) or ABSENT),
        ]
        for game, form in prepared["decisions"].items()
    ]
    return Table("How decisions were read, by game", columns, rows)


def _placements_table(run: ContagionRun) -> Table | None:
    placements = run.meta["preparation"]["placements"]
    columns = [Column(name, numeric=False) for name in ("guard", "where it speaks", "verified", "how")]
    rows = [
        [text(guard), text(one["placement"]), text("yes" if one["verified"] else "no"), text(one["how"])]
        for guard, one in placements.items()
    ]
    return (
        Table("Where guards speak, and whether their words reach the model", columns, rows) if rows else None
    )


def _provenance(meta: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Inputs in short; personas and rules stand below as texts."""
    request = dict(meta["request"])
    named = {name: request[name] for name in ("games", "others")}
    request |= {name: ", ".join(str(one["name"]) for one in of) for name, of in named.items()}
    request |= {name: request[name]["name"] for name in ("treatment", "control")}
    request["opponent"] = request["opponent"].get("label") or request["opponent"]["model"]
    request["guards"] = ", ".join(request["guards"])
    request["traits"] = ", ".join(f"{name} ({valence})" for name, valence in request["traits"].items())
    rows = _measured.provenance({**meta, "request": request})
    return [(label, value) for label, value in rows if value != ABSENT]


def _personas(run: ContagionRun) -> list[tuple[str, str]]:
    """Longer texts: the agent's persona, the others', the rules of each game."""
    request = run.meta["request"]
    found = _measured.texts(run.meta)
    for company in (request["treatment"], request["control"], *request["others"]):
        if company.get("system_prompt"):
            found.append((f"The system prompt of {company['name']} opponents", company["system_prompt"]))
    found += [(f"The rules of {game['title']}", _rules(game)) for game in request["games"]]
    return found


def _rules(game: Mapping[str, Any]) -> str:
    payoffs = "\n".join(
        f"{own} against {theirs}: {gain:g}"
        for own, row in zip(game["moves"], game["payoffs"], strict=True)
        for theirs, gain in zip(game["moves"], row, strict=True)
    )
    return f"{game['rules']}\n\nCo-operative: {game['cooperative']}\n\n{payoffs}"
