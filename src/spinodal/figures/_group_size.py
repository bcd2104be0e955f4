"""Conformity, bias and the share inside, over the number of agents in the group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinodal.figures._dependence import draw_dependence, series_over
from spinodal.figures._entry import figure
from spinodal.figures._look import finish
from spinodal.figures._needs import GROUP_SIZES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spinodal.results import Results


@figure(
    "group-size",
    title="Dependence on the group's size",
    caption="Conformity β, size of bias |h| and the share of pairs inside the spinodal over the number of "
    "peers shown.",
    needs=(GROUP_SIZES,),
)
def group_size(
    results: Results,
    *,
    agent: str | None = None,
    pair: str | None = None,
    template: str | None = None,
    temperature: float | None = None,
) -> Figure:
    """Beta, |h| and the share inside by the number of peers that the prompt shows."""
    fixed = {"template": template, "temperature": temperature}
    found = series_over(results, "n_peers", agent=agent, pair=pair, fixed=fixed)
    drawn, _, told = draw_dependence(
        found, xlabel="peers shown", place=float, words=lambda level: f"{int(float(level)):,}"
    )
    return finish(drawn, f"Dependence on the number of peers shown. {told}")
