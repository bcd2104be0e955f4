"""A study's folder for the report's tests: agents of known laws, a society, and parts that failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import report_runs
import society_runs_made
from spinodal._files import write_table
from spinodal.runs import OBSERVATIONS, write_meta

LABELS = ("careful", "bold")


def write(
    folder: Path,
    *,
    agents: Mapping[str, float] = dict(zip(LABELS, (0.0, 0.3), strict=True)),
    pairs: Sequence[dict[str, Any]] = report_runs.PAIRS,
    conditions: Sequence[str] = ("main",),
    society: bool = True,
    failed: Mapping[str, str] = {},
    waiting: Sequence[str] = (),
    **changes: Any,
) -> Path:
    """A study in `folder`: of each agent the pairs' own laws, its h moved by what stands beside its label.

    Args:
        folder: where it goes.
        agents: what is added to every pair's h, by the agent's label.
        pairs: of `report_runs`.
        conditions: names of conditions, each measured alike.
        society: whether the first agent has lived too.
        failed: why parts failed, by id.
        waiting: ids of parts that have not begun.
        changes: of meta.json.
    """
    parts = []
    for condition in conditions:
        for seed, (label, more) in enumerate(agents.items()):
            id = f"assess-{label}-{condition}"
            parts.append(_part(id, "assess", label, condition, curves=len(pairs)))
            if id not in waiting:
                _assessment(folder / "parts" / id, label, more, pairs, seed)
    if society:
        first = next(iter(agents))
        parts.append(_part(f"society-{first}-x", "society", first, "", curves=0))
        run = society_runs_made.write(
            folder / "parts" / f"society-{first}-x", trajectories=2, pair=society_runs_made.PAIR
        )
        (run.path / "report.html").write_text("<!doctype html><title>its page</title>")
    write_meta(
        folder,
        {
            "spinodal_version": "0.1.0",
            "created": "2026-03-01T09:30:00+00:00",
            "finished": None if waiting or failed else "2026-03-01T10:30:00+00:00",
            "request": {"name": "two minds", "template_digest": "9f" * 32},
            "request_digest": "7c" * 32,
            "template_digest": "9f" * 32,
            "study": {
                "name": "two minds",
                "source": "two-minds.yaml",
                "parts": parts,
                "families": dict.fromkeys(agents, "synthetic"),
            },
            "agents": {
                label: {
                    "model": "synthetic/agent",
                    "label": label,
                    "temperature": 1.0,
                    "system_prompt": None,
                    "family": "synthetic",
                    "lane": label,
                }
                for label in agents
            },
            "failures": [{"part": id, "message": message} for id, message in failed.items()],
            "totals": {"calls": 2_440, "input_tokens": 440_000, "output_tokens": 12_000, "cost": None},
            "seconds": 431.0,
            **changes,
        },
    )
    return folder


def _part(id: str, kind: str, agent: str, condition: str, *, curves: int) -> dict[str, Any]:
    return {
        "id": id,
        "kind": kind,
        "agent": agent,
        "folder": f"parts/{id}",
        "condition": condition,
        "curves": curves,
    }


def _assessment(folder: Path, label: str, more: float, pairs: Sequence[dict[str, Any]], seed: int) -> None:
    moved = [{**pair, "truth": {**pair["truth"], "h": pair["truth"]["h"] + more}} for pair in pairs]
    table = report_runs.observations(moved, repeats=3, seed=seed).assign(agent=label)
    meta = report_runs.meta(list(pairs), failures=[])
    meta["request"]["agent"]["label"] = label
    folder.mkdir(parents=True)
    write_table(folder / OBSERVATIONS, table)
    write_meta(folder, meta)
    (folder / "report.html").write_text("<!doctype html><title>its page</title>")
