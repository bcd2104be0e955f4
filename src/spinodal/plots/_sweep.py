"""A sweep: a plane of two parameters, or curves over one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal._errors import RequestError
from spinodal.plots._style import COLOR, FAINT, INK, NOTE_SIZE, REGION, legend, new_axes, note, series
from spinodal.tables import NO_LIMIT
from spinodal.theory import spinodal_h
from spinodal.theory._tanh import SIGN

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from spinodal.simulate.sweeps import SweepTable

_NAMES: Final = {
    "beta": "conformity β",
    "h": "bias h",
    "agents": "regular agents",
    "zealots": "zealots",
    "hold": "sweeps the zealots stay",
    "m0": "magnetization m at the start",
    "sweeps": "sweeps",
    "shown": "peers shown",
}
"""Parameters in words; the others are words already."""

_VALUES: Final = {
    "final_m": "magnetization m at the end, mean of the runs",
    "mean_m": "magnetization m in the second half, mean of the runs",
    "crossed": "share of runs whose majority changed",
}

_MOST_CURVES = 6
"""More are better seen as a plane."""
_DECADES = 100.0
"""A range this wide, or more, is drawn in logarithms."""
_SPREAD = 1.96
"""Standard errors on either side of a mean that hold it with 95%."""


def sweep(
    found: SweepTable,
    ax: Axes | None = None,
    *,
    value: str = "final_m",
    over: Sequence[str] | None = None,
    where: Mapping[str, Any] | None = None,
) -> Axes:
    """`value` over one or two of the swept parameters: see `SweepTable.plot`."""
    if value not in _VALUES:
        raise RequestError(f"no value {value!r} to draw; give one of {', '.join(_VALUES)}")
    axes = _axes(found, over)
    cells, held = _slice(found, axes, where or {})
    ax = new_axes(ax)
    if not axes:
        _histogram(ax, found)
    elif len(axes) == 2 and _is_plane(cells, axes):
        _plane(ax, cells, value, axes)
    else:
        _curves(ax, cells, value, axes)
    if held:
        ax.set_title(", ".join(f"{_NAMES.get(name, name)} = {_plain(at)}" for name, at in held.items()))
    return ax


def _axes(found: SweepTable, over: Sequence[str] | None) -> tuple[str, ...]:
    """Names on the axes: none, one, or two, the horizontal one first."""
    swept = found.swept
    if over is not None:
        unknown = [name for name in over if name not in swept]
        if unknown or not 1 <= len(over) <= 2:
            raise RequestError(
                f"cannot draw over {', '.join(over) or 'nothing'}; name one or two of {', '.join(swept)}"
            )
        return tuple(over)
    if {"beta", "h"} <= set(found.swept):
        return "beta", "h"
    numeric = [name for name in found.swept if _is_numeric(found.table[name])]
    most = sorted(numeric, key=lambda name: found.table[name].nunique(), reverse=True)
    others = [name for name in found.swept if name not in most]
    return tuple((most + others)[:2])


def _slice(
    found: SweepTable, axes: Sequence[str], where: Mapping[str, Any]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The cells drawn, and what the parameters that are not on the axes are held at."""
    unknown = [name for name in where if name not in found.swept or name in axes]
    if unknown:
        raise RequestError(f"cannot fix {unknown[0]!r}; fix swept parameters that are not on the axes")
    cells, held = found.summary, {}
    for name in found.swept:
        if name in axes:
            continue
        at = where.get(name, cells[name].iloc[0])
        held[name] = _or_all(at)
        cells = cells[cells[name].isna() if held[name] == NO_LIMIT else cells[name] == at]
        if len(cells) == 0:
            raise RequestError(f"no cell has {name} = {held[name]}; the table has other values of it")
    return cells, held


def _is_plane(cells: pd.DataFrame, axes: Sequence[str]) -> bool:
    if tuple(axes) == ("beta", "h"):
        return True
    return all(_is_numeric(cells[name]) and cells[name].nunique() > _MOST_CURVES for name in axes)


def _plane(ax: Axes, cells: pd.DataFrame, value: str, axes: Sequence[str]) -> None:
    """Tiles where the cells fill a grid, else a disc a cell."""
    from matplotlib.colors import LinearSegmentedColormap

    x, y = axes
    toward = (COLOR["B"], "white", COLOR["A"]) if value != "crossed" else ("white", REGION)
    style: dict[str, Any] = {
        "cmap": LinearSegmentedColormap.from_list("sweep", toward),
        "vmin": 0.0 if value == "crossed" else -1.0,
        "vmax": 1.0,
    }
    grid = cells.pivot_table(index=y, columns=x, values=value, aggfunc="mean")
    if grid.shape[0] > 1 and grid.shape[1] > 1 and not grid.isna().to_numpy().any():
        drawn: Any = ax.pcolormesh(
            grid.columns.to_numpy(float), grid.index.to_numpy(float), grid.to_numpy(float), **style
        )
    else:
        values = cells[value].to_numpy(float, na_value=np.nan)
        drawn = ax.scatter(cells[x], cells[y], c=values, s=36, edgecolors=INK, linewidths=0.5, **style)
    bar = ax.figure.colorbar(drawn, ax=ax)
    bar.set_label(_VALUES[value], fontsize=NOTE_SIZE)
    bar.ax.tick_params(labelsize=NOTE_SIZE)
    _scale(ax, cells, axes)
    ax.set(xlabel=_NAMES.get(x, x), ylabel=_NAMES.get(y, y))
    if (x, y) == ("beta", "h"):
        stay = bool(cells["hold"].isna().all())
        _spinodal(ax, cells.iloc[0], zealots=int(cells["zealots"].iloc[0]) if stay else 0)


def _spinodal(ax: Axes, cell: pd.Series[Any], zealots: int) -> None:
    """The mean field's spinodal among so many zealots, those that stay to the end.

    Zealots act as beta' = beta/(1+z), h' = (1+z) h + s z; the spinodal is where |h'| = h_s(beta').
    """
    z = zealots / cell["agents"]
    limits = ax.axis()
    beta = np.linspace(max(1.0 + z, limits[0]), max(1.0 + z, limits[1]), 400)
    edge = spinodal_h(beta / (1.0 + z))
    for sign in (1.0, -1.0):
        h = (sign * edge - SIGN[cell["toward"]] * z) / (1.0 + z)
        ax.plot(beta, h, color=INK, linewidth=1.4, linestyle=(0, (5, 2)))
        shown = (h > limits[2]) & (h < limits[3])
        if sign > 0.0 and shown.any():
            at = np.flatnonzero(shown)[int(0.6 * shown.sum())]
            offset = {"xytext": (-4, 6), "textcoords": "offset points", "ha": "right", "color": INK}
            note(ax, "spinodal, mean field", float(beta[at]), float(h[at]), **offset)
    ax.axis(limits)


def _curves(ax: Axes, cells: pd.DataFrame, value: str, axes: Sequence[str]) -> None:
    """A curve for each value of the second parameter, in a band that holds the mean with 95%."""
    x, *second = axes
    numeric = _is_numeric(cells[x])
    words = cells[x].astype(object).where(cells[x].notna(), NO_LIMIT)
    places = {at: n for n, at in enumerate(words.unique())}
    groups = list(cells.groupby(second[0], sort=False, dropna=False)) if second else [(None, cells)]
    for n, (at, group) in enumerate(groups):
        color, marker = series(n)
        rows = group.sort_values(x) if numeric else group
        where = rows[x].to_numpy(float) if numeric else words[rows.index].map(places).to_numpy(float)
        mean = rows[value].to_numpy(float, na_value=np.nan)
        wide = _SPREAD * rows[f"{value}_error"].to_numpy(float, na_value=np.nan)
        name = f"{_NAMES.get(second[0], second[0])} = {_plain(at)}" if second else None
        ax.plot(where, mean, marker=marker, color=color, markersize=4.0, linewidth=1.6, label=name)
        low, high = np.clip([mean - wide, mean + wide], 0.0 if value == "crossed" else -1.0, 1.0)
        ax.fill_between(where, low, high, color=color, alpha=0.18, linewidth=0)
    if numeric:
        _scale(ax, cells, [x])
    else:
        ax.set_xticks(list(places.values()), [_plain(at) for at in places])
    if value != "crossed":
        ax.axhline(0.0, color=FAINT, linewidth=0.8, zorder=0)
    ax.set(
        xlabel=_NAMES.get(x, x),
        ylabel=_VALUES[value],
        ylim=(-0.03, 1.03) if value == "crossed" else (-1.05, 1.05),
    )
    legend(ax)


def _histogram(ax: Axes, found: SweepTable) -> None:
    ax.hist(found.table["final_m"], bins=np.linspace(-1.0, 1.0, 42).tolist(), color=COLOR["A"], alpha=0.8)
    ax.set(xlabel="magnetization m at the end", ylabel="runs", xlim=(-1.0, 1.0))


def _scale(ax: Axes, cells: pd.DataFrame, axes: Sequence[str]) -> None:
    for name, set_scale in zip(axes, (ax.set_xscale, ax.set_yscale), strict=False):
        if cells[name].min() > 0 and cells[name].max() / cells[name].min() >= _DECADES:
            set_scale("log")


def _is_numeric(column: pd.Series[Any]) -> bool:
    return column.dtype.kind in "iuf" and not column.isna().any()


def _or_all(value: Any) -> Any:
    """The value of a parameter; what is missing is a limit that is not there."""
    import pandas as pd

    return NO_LIMIT if pd.isna(value) else value


def _plain(value: Any) -> str:
    at = _or_all(value)
    return f"{at:g}" if isinstance(at, float) else str(at)
