"""The report of an agent measured in groups of several sizes: a pure function of the run folder."""

from __future__ import annotations

import shlex
from pathlib import Path

from spinodal._files import write_whole
from spinodal.critical_size import CriticalSizeRun
from spinodal.report._measured import provenance, texts
from spinodal.report._page import render_page
from spinodal.report._words import count, duration, money
from spinodal.report.figures._critical_size import critical_size_figure
from spinodal.runs import REPORT


def write_critical_size(run: CriticalSizeRun) -> Path:
    """Write `report.html` into the run folder, whole or not at all; return its path."""
    path = run.path / REPORT
    write_whole(path, render_critical_size(run).encode())
    return path


def render_critical_size(run: CriticalSizeRun) -> str:
    """The report as one self-contained HTML page. The same run gives the same page."""
    figure = critical_size_figure(run) if run.fits else None
    meta = run.meta
    totals = meta.get("totals", {})
    return render_page(
        "critical_size.html.j2",
        [figure] if figure else [],
        agent=run.agent,
        pair=run.pair,
        headline=run.sentences[0],
        sentences=run.sentences[1:],
        failures=run.failures,
        figure=figure,
        facts=[
            ("Group sizes", count(len(run.fits))),
            ("Model calls", count(totals.get("calls"))),
            ("Time", duration(meta.get("seconds"))),
            ("Cost", money(totals.get("cost"))),
        ],
        folders=[(size, one.path.name) for size, one in run.runs.items()],
        provenance=provenance(meta),
        texts=texts(meta),
        command=shlex.join(meta.get("command", [])),
        version=meta.get("spinodal_version", ""),
        finished=meta.get("finished", ""),
    )
