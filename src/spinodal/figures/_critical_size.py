"""Conformity over the group's size, with the sizes at which a society changes its nature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinodal._errors import RequestError
from spinodal._nearest import nearest
from spinodal.figures._dependence import Series, series_over
from spinodal.figures._entry import figure
from spinodal.figures._look import finish, panels, plain, short_names, title
from spinodal.figures._needs import CRITICAL_SIZES
from spinodal.figures._spread import bars
from spinodal.fitting import Interval
from spinodal.plots import critical_sizes as draw_sizes
from spinodal.plots._style import INK, SOFT, note
from spinodal.theory import CriticalSizes, GroupSizeTable
from spinodal.theory import critical_sizes as find_sizes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spinodal.results import Results

Row = tuple[int, float, float, Interval, bool]
"""Agents, beta, h, interval of beta, whether the data determine them."""


@figure(
    "critical-size",
    title="Conformity over the group's size",
    caption="β(N) with 95% intervals, the sizes with two stable majorities (β > 1, |h| inside), and ½ ln N, "
    "above which "
    "agents without a bias all agree.",
    needs=(CRITICAL_SIZES,),
)
def critical_size(
    results: Results, *, agent: str | None = None, pair: str | None = None, study: str | None = None
) -> Figure:
    """beta(N) of one agent and pair: of a measurement over the group's size, else of curves with several
    numbers of peers.

    `study` names one of `results.critical_sizes`. Between sizes beta and h are linear in ln N.
    """
    from matplotlib.ticker import NullFormatter, NullLocator

    label, named, rows = _measured(results, agent, pair, study)
    known = [row for row in rows if row[4]]
    if len(known) < 2:
        raise RequestError(
            f"cannot draw critical-size from {results.path}: the data determine beta at {len(known)} of "
            f"{len(rows)} "
            "sizes, and two are needed; measure more"
        )
    columns = {
        "agents": [row[0] for row in known],
        "beta": [row[1] for row in known],
        "h": [row[2] for row in known],
    }
    critical: CriticalSizes = find_sizes(GroupSizeTable.from_columns(columns))
    drawn, [ax] = panels(1, 1, width=4.6, height=3.5)
    draw_sizes(critical, ax)
    top = 1.15 * max(max(min(row[3][1], 1.6 * row[1]) for row in known), 1.0)
    for agents, beta, _, interval, _ in known:
        ax.errorbar(
            [agents],
            [beta],
            yerr=np.nan_to_num(bars(beta, interval), posinf=1e6),
            color=INK,
            elinewidth=1.1,
            fmt="none",
        )
    for row in rows:
        if not row[4]:
            ax.plot(
                [row[0]], [min(max(row[1], 0.03 * top), 0.97 * top)], "o", color=SOFT, fillstyle="none",
                markersize=5,
                alpha=0.6, clip_on=False, label="not determined by the data",
            )  # fmt: skip
    ax.set_ylim(0.0, top)
    note(ax, "β = 1", 0.01, 1.0, xycoords=ax.get_yaxis_transform(), va="bottom")
    sizes = sorted({row[0] for row in rows})
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlim(0.93 * sizes[0], 1.07 * sizes[-1])
    handles, labels = ax.get_legend_handles_labels()
    kept = dict(zip(labels, handles, strict=True))
    old = ax.get_legend()
    if old is not None:
        old.remove()
    drawn.legend(
        list(kept.values()), list(kept), loc="outside lower center", ncols=2, frameon=False, fontsize=9
    )
    title(ax, f"{short_names([label])[label]}: {named}")
    two, full = critical.two_majorities, critical.full_consensus
    values = ", ".join(
        f"{row[0]}: {plain(row[1])} ({plain(row[3][0])} to {plain(row[3][1])})" for row in known
    )
    undetermined = len(rows) - len(known)
    left = (
        f" At {undetermined} of {len(rows)} sizes the data do not determine β (hollow)."
        if undetermined
        else ""
    )
    return finish(
        drawn,
        f"{label}, {named}: conformity β by the number of agents N, 95% intervals ({values}). By the best "
        "estimates two "
        f"majorities can last {two.in_words}; agents without a bias would all agree (β > ½ ln N) "
        f"{full.in_words}.{left}",
    )


def _measured(
    results: Results, agent: str | None, pair: str | None, study: str | None
) -> tuple[str, str, list[Row]]:
    studies = results.critical_sizes
    if study is not None and study not in studies:
        if not studies:
            raise RequestError(
                f"{results.path} has no measurement over the group's size called {study!r}; it has none"
            )
        raise RequestError(
            f"{results.path} has no measurement over the group's size called {study!r}; the nearest is "
            f"{nearest(study, studies)!r}"
        )
    for name, run in studies.items():
        mine = (study in (None, name)) and (agent is None or agent.lower() in run.agent.lower())
        if mine and (pair is None or pair == run.pair.id):
            rows: list[Row] = [
                (size, fit.beta, fit.h, fit.beta_ci, fit.identifiable)
                for size, fit in sorted(run.fits.items())
            ]
            return run.agent, run.pair.id, rows
    found = series_over(results, "n_peers", agent=agent, pair=pair, fixed={})
    series = max(found, key=lambda one: len(one.by_level))
    named = _most_determined(series)
    curves = {int(float(peers)) + 1: pairs[named] for peers, pairs in series.by_level.items()}
    rows = [
        (size, curve.beta, curve.h, curve.estimate.beta_ci, curve.identifiable)
        for size, curve in sorted(curves.items())
    ]
    return series.agent, named, rows


def _most_determined(series: Series) -> str:
    """The pair whose data determine (beta, h) at most sizes, the first of such."""
    return max(
        series.pairs, key=lambda pair: sum(curves[pair].identifiable for curves in series.by_level.values())
    )
