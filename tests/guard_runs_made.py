"""Folders of guard studies for tests: synthetic agents, each guard with the responses it makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import report_runs
from spinodal._files import write_table
from spinodal.guard_runs import GuardStudy, read_guards
from spinodal.runs import OBSERVATIONS, write_meta

TRUTHS = ((2.6, 0.10), (2.2, 0.20), (1.9, 0.05), (1.4, 0.15), (3.0, 0.00), (0.8, 0.20), (2.4, -0.05))
"""(beta, h) of each pair without a guard."""

GUARDS = {"own-prior": (-0.6, 0.25), "text:file=rules.txt": (0.0, 0.02), "neutral": (0.0, 0.0)}
"""What each guard adds to beta and h of every pair."""

PLACE = {
    "placement": "trailing-system",
    "verified": True,
    "how": "the words stand in the prompt that the chat template renders",
}
TOKENS = 170
"""Of a prompt without a guard."""
MORE = 30
"""Tokens that any guard adds."""


def pairs(truths: Sequence[tuple[float, float]] = TRUTHS) -> list[dict[str, Any]]:
    """A declared pair for each response."""
    return [
        {
            "id": f"pair-{place}",
            "category": "safety",
            "option_a": f"accept {place}",
            "option_b": f"resist {place}",
            "aligned": True,
            "truth": {"beta": beta, "h": h, "noise": 0.3},
        }
        for place, (beta, h) in enumerate(truths)
    ]


def write(
    folder: Path,
    guards: Mapping[str, tuple[float, float]] = GUARDS,
    *,
    asked: Sequence[Mapping[str, Any]] = (),
    repeats: int = 4,
    unmeasured: Sequence[str] = (),
    lost: Mapping[str, str] | None = None,
    decided: Mapping[str, float] | None = None,
    places: Mapping[str, Mapping[str, Any] | None] | None = None,
    tokens: bool = True,
    fault: str = "the provider answered 500 three times; try again later",
    **request: Any,
) -> GuardStudy:
    """A study's folder, as `run_guards` leaves it, and the study read from it.

    Args:
        folder: where it goes.
        guards: what each adds to (beta, h).
        asked: the pairs; by default those of `pairs`.
        repeats: prompts at each magnetization.
        unmeasured: guards whose assessment has not begun.
        lost: the pair that failed, by guard.
        decided: mass on the two options, by guard; 0.97 where not named.
        places: where the words of each guard stand, by guard; `PLACE` where not named.
        tokens: whether the provider counts them.
        fault: what a failed pair failed of.
        **request: changes of the request.
    """
    plain = [dict(pair) for pair in asked or pairs()]
    meta = report_runs.meta(plain, failures=[])
    told = [{key: value for key, value in pair.items() if key != "truth"} for pair in plain]
    meta["request"] |= {"pairs": told, "agents": 21} | request
    folders = {"none": "none"} | {name: f"guard-{place}" for place, name in enumerate(guards)}
    digests = [
        {"guard": name, "guard_digest": f"{place:02d}" * 32, "profile_digest": None}
        for place, name in enumerate(guards)
    ]
    study = {**meta, "guard_study": folders}
    study["request"] = meta["request"] | {"guards": digests}
    for key in ("totals", "seconds", "pairs", "stop_reasons", "readout_choice", "example_prompt"):
        study.pop(key, None)
    write_meta(folder, study)
    for name, within in folders.items():
        if name in unmeasured:
            continue
        beta, h = (0.0, 0.0) if name == "none" else guards[name]
        missing = (lost or {}).get(name)
        moved = [{**pair, "truth": _moved(pair["truth"], beta, h)} for pair in plain if pair["id"] != missing]
        table = report_runs.observations(moved, repeats=repeats)
        table["decided_mass"] = (decided or {}).get(name, 0.97)
        table["input_tokens"] = 0 if not tokens else TOKENS + MORE * (name != "none")
        placed = (places or {}).get(name, PLACE) if name != "none" else None
        failures = [{"pair": missing, "message": fault}] if missing else []
        write_table(folder / within / OBSERVATIONS, table)
        write_meta(folder / within, {**meta, "failures": failures, "placement": placed})
    return read_guards(folder)


def _moved(truth: Mapping[str, float], beta: float, h: float) -> dict[str, float]:
    return {**truth, "beta": truth["beta"] + beta, "h": truth["h"] + h}
