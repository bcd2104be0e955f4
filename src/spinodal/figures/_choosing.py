"""Rows of a table that one picture is of: one agent and pair, named or those with most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinodal.figures._curves import known_agent, known_pair

if TYPE_CHECKING:
    import pandas as pd

    from spinodal.results import Results


def chosen(
    results: Results, table: pd.DataFrame, agent: str | None, pair: str | None
) -> tuple[str, str, pd.DataFrame]:
    """The agent and pair with most trajectories among those named, and their rows of one population size.

    Raises `RequestError` for a name the table lacks.
    """
    rows = named(results, table, agent, pair)
    sizes = rows.groupby(["agent", "pair", "agents", "temperature"], sort=False, dropna=False)[
        "trajectory"
    ].nunique()
    label, found, number, warmth = sizes.index[int(sizes.to_numpy().argmax())]
    same = rows["temperature"].isna() if warmth != warmth else rows["temperature"] == warmth
    rows = rows[(rows["agent"] == label) & (rows["pair"] == found) & (rows["agents"] == number) & same]
    return str(label), str(found), rows


def named(results: Results, table: pd.DataFrame, agent: str | None, pair: str | None) -> pd.DataFrame:
    """The rows of the agent and the pair named; all where they are not."""
    if agent is not None:
        table = table[table["agent"] == known_agent(agent, table["agent"], results)]
    if pair is not None:
        table = table[table["pair"] == known_pair(pair, table["pair"], results)]
    return table
