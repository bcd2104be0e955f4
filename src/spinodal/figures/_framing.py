"""Conformity, bias and the share inside, under different wordings of the same question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinodal.figures._dependence import draw_dependence, series_over
from spinodal.figures._entry import figure
from spinodal.figures._look import finish
from spinodal.figures._needs import TEMPLATES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spinodal.results import Results


@figure(
    "framing",
    title="Dependence on the framing",
    caption="Conformity β, size of bias |h| and the share of pairs inside the spinodal under different "
    "prompt templates.",
    needs=(TEMPLATES,),
)
def framing(
    results: Results,
    *,
    agent: str | None = None,
    pair: str | None = None,
    temperature: float | None = None,
    peers: int | None = None,
) -> Figure:
    """Beta, |h| and the share inside by template, over the pairs that every template was used for."""
    fixed = {"temperature": temperature, "n_peers": peers}
    found = series_over(results, "template", agent=agent, pair=pair, fixed=fixed)
    drawn, _, told = draw_dependence(found, xlabel="prompt template", place=None, words=str)
    return finish(drawn, f"Dependence on the wording of the prompt. {told}")
