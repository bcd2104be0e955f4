"""Co-operation round by round, the agent's and its opponents'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from spinodal._errors import RequestError
from spinodal._nearest import nearest
from spinodal.contagion_runs import TRANSCRIPT
from spinodal.figures._entry import figure
from spinodal.figures._look import (
    counted,
    finish,
    grid_of,
    hide,
    panels,
    scatter_offsets,
    short_names,
    style,
    title,
)
from spinodal.figures._needs import CONTAGION
from spinodal.figures._spread import bars
from spinodal.figures._studies import contagion_study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spinodal.results import Results

_WHO: Final = {"agent": "the agent", "opponents": "opponents toward it"}


@figure(
    "cooperation",
    title="Co-operation by round",
    caption="Share of moves that co-operate, round by round, of the agent and of its opponents toward it, by "
    "game and "
    "company; 95% intervals over games.",
    needs=(CONTAGION,),
)
def cooperation(results: Results, *, study: str | None = None, guard: str = "none") -> Figure:
    """A panel a game; `guard` is the guard the games were played with ("none": without).

    Intervals are Wilson's with one game as one observation: decisions within a game hang together.
    """
    name, run, verdict = contagion_study(results, study)
    if guard not in run.guards:
        raise RequestError(
            f"the study {name} has no guard {guard!r}; the nearest is {nearest(guard, run.guards)!r}"
        )
    table = verdict.cooperation
    table = table[(table["opponents"] != TRANSCRIPT) & (table["guard"] == guard)]
    games = [game for game in run.game_names if (table["game"] == game).any()]
    if not games:
        raise RequestError(f"cannot draw cooperation from {results.path}: no game of {name} came to its end")
    order = [run.treatment, run.control, *run.others]
    companies = [one for one in order if (table["opponents"] == one).any()]
    rows, columns = grid_of(len(games))
    drawn, axes = panels(
        rows, columns, width=7.1 if columns > 1 else 4.2, height=0.85 + 1.9 * rows, sharey=True
    )
    offsets = scatter_offsets(2 * len(companies), 0.24)
    told = []
    for place, (ax, game) in enumerate(zip(axes, games, strict=False)):
        for number, company in enumerate(companies):
            color, marker = style(order.index(company))
            for second, who in enumerate(_WHO):
                cell = table[
                    (table["game"] == game) & (table["opponents"] == company) & (table["who"] == who)
                ]
                cell = cell.sort_values("round")
                share, n = cell["share"].to_numpy(float), cell["games"].to_numpy(int)
                reach = np.hstack(
                    [
                        np.zeros((2, 0)),
                        *(bars(s, _over_games(s, games_of)) for s, games_of in zip(share, n, strict=True)),
                    ]
                )
                ax.errorbar(
                    cell["round"] + offsets[2 * number + second], share, yerr=reach, color=color,
                    marker=marker,
                    markersize=4.5 if who == "agent" else 3.5, linewidth=1.5 if who == "agent" else 0.9,
                    linestyle="-" if who == "agent" else (0, (4, 2)), elinewidth=0.8,
                    markerfacecolor=color if who == "agent" else "white", label=f"{_WHO[who]}, {company}",
                )  # fmt: skip
                if who == "agent" and share.size:
                    told.append(f"{run.titles[game]}, {company}: {share[0]:.0%} to {share[-1]:.0%}")
        ax.set(xlim=(0.6, run.rounds + 0.4), ylim=(-0.04, 1.04), yticks=(0, 0.25, 0.5, 0.75, 1))
        ax.set_yticks((0, 0.5, 1), ("0%", "50%", "100%"))
        ax.set_xticks(range(1, run.rounds + 1, max(1, -(-run.rounds // 8))))
        title(ax, run.titles[game])
        if place + columns >= len(games):
            ax.set_xlabel("round")
        if place % columns == 0:
            ax.set_ylabel("co-operative moves")
    hide(axes[len(games) :])
    handles, labels = axes[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    number_of_games = int(table["games"].max())
    return finish(
        drawn,
        f"{short_names([name])[name]}, {'without a guard' if guard == 'none' else f'with {guard}'}: share of "
        "moves that "
        f"co-operate, up to {counted(number_of_games, 'game')} a cell. Agent's, first round to last: "
        f"{'; '.join(told)}. "
        "Bars: 95% intervals, a game counted as one observation.",
    )


def _over_games(share: float, games: int) -> tuple[float, float]:
    """Wilson's interval where the share of so many games need be no whole number of them."""
    z2 = 1.959964**2
    centre = (share + z2 / (2 * games)) / (1 + z2 / games)
    reach = np.sqrt(z2 * share * (1 - share) / games + z2 * z2 / (4 * games**2)) / (1 + z2 / games)
    return float(centre - reach), float(centre + reach)
