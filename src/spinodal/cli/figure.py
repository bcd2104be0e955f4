"""`spinodal figure`: the papers' figures, drawn from any folder of results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from spinodal.figures import FigureEntry
    from spinodal.results import Results

_LIST, _ALL = "list", "all"
_DRAWN_OF = "Figure options, each where the figure takes it"


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("figure")(figure)


def figure(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|list|all",
            help="The figure; `list` names them all and what they need, `all` draws what the data have.",
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="A folder that a verb of spinodal wrote: a run, a study, an import."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="A .svg, .pdf or .png file (default: NAME.svg); of `all` a folder."),
    ] = None,
    kind: Annotated[str, typer.Option("--format", help="Of `all`: svg, pdf or png.")] = "svg",
    agent: Annotated[
        str | None,
        typer.Option(
            "--agent", help="Label of the agent, or a part that only it has.", rich_help_panel=_DRAWN_OF
        ),
    ] = None,
    pair: Annotated[
        str | None, typer.Option("--pair", help="Id of the option pair.", rich_help_panel=_DRAWN_OF)
    ] = None,
    template: Annotated[
        str | None,
        typer.Option("--template", help="Curves of this prompt template only.", rich_help_panel=_DRAWN_OF),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            "--temperature",
            help="Curves at this temperature; of log-odds, derived where it was not measured.",
            rich_help_panel=_DRAWN_OF,
        ),
    ] = None,
    peers: Annotated[
        int | None,
        typer.Option("--peers", help="Curves with so many peers shown.", rich_help_panel=_DRAWN_OF),
    ] = None,
    study: Annotated[
        str | None,
        typer.Option("--study", help="Name of the contagion or group-size study.", rich_help_panel=_DRAWN_OF),
    ] = None,
    guard: Annotated[
        str | None,
        typer.Option("--guard", help="Of co-operation: games with this guard.", rich_help_panel=_DRAWN_OF),
    ] = None,
    absolute: Annotated[
        bool | None,
        typer.Option("--absolute", help="Of the phase plane: |h| instead of h.", rich_help_panel=_DRAWN_OF),
    ] = None,
    sweeps: Annotated[
        float | None,
        typer.Option("--sweeps", help="Of staying: after so many sweeps.", rich_help_panel=_DRAWN_OF),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Draw a figure of the papers from your own runs, or from published data.

    Without options a figure takes, of each agent, the condition (template, temperature, peers shown) with
    most pairs, and its caption says which.
    """
    given = {
        "agent": agent, "pair": pair, "template": template, "temperature": temperature, "peers": peers,
        "study": study, "guard": guard, "absolute": absolute, "sweeps": sweeps,
    }  # fmt: skip
    options = {option: value for option, value in given.items() if value is not None}
    if name == _LIST:
        _list(data, as_json)
    elif name == _ALL:
        _draw_all(_required(data), out or Path("figures"), kind, options, as_json)
    else:
        _draw_one(name, data, out, options, as_json)


def _draw_one(name: str, data: Path | None, out: Path | None, options: dict[str, Any], as_json: bool) -> None:
    from spinodal._errors import RequestError
    from spinodal.cli._progress import progress_bar
    from spinodal.figures import caption_of, find_figure, telling
    from spinodal.plots import require_picture, save
    from spinodal.results import read_results

    entry = find_figure(name)
    unknown = [option for option in options if option not in entry.options]
    if unknown:
        taken = ", ".join(f"--{option}" for option in entry.options) or "none"
        raise RequestError(f"{name} takes no --{unknown[0]}; it takes {taken}")
    path = require_picture(out or Path(f"{name}.svg"))
    results = read_results(_required(data))
    with progress_bar(f"drawing {name}", quiet=as_json) as progress, telling(progress):
        drawn = entry.draw(results, **options)
        save(drawn, path, title=entry.title)
    caption = caption_of(drawn)
    if as_json:
        _print_json({"figure": name, "title": entry.title, "out": str(path), "caption": caption})
    else:
        typer.echo(caption)
        typer.echo(path)


def _draw_all(data: Path, out: Path, kind: str, options: dict[str, Any], as_json: bool) -> None:
    from spinodal._errors import RequestError
    from spinodal.cli._progress import progress_bar
    from spinodal.figures import FIGURES, caption_of, telling
    from spinodal.plots import save
    from spinodal.results import read_results
    from spinodal.theory._progress import part_of

    if kind not in ("svg", "pdf", "png"):
        raise RequestError(f"--format {kind} is no kind of picture; give svg, pdf or png")
    if out.suffix or out.is_file():
        raise RequestError(f"--out {out} is no folder; `figure all` draws many files, so name a folder")
    useless = [option for option in options if not any(option in one.options for one in FIGURES.values())]
    if useless:
        raise RequestError(f"no figure takes --{useless[0]}")
    results = read_results(data)
    drawn: list[dict[str, str]] = []
    left_out: dict[str, str] = {}
    with progress_bar("drawing the figures", quiet=as_json) as progress:
        for number, entry in enumerate(FIGURES.values()):
            share = part_of(progress, number / len(FIGURES), 1.0 / len(FIGURES))
            taken = {option: value for option, value in options.items() if option in entry.options}
            if lacking := entry.lacking(results):
                left_out[entry.name] = lacking
                continue
            try:
                with telling(share or progress):
                    picture = entry.draw(results, **taken)
            except RequestError as error:  # the data are there, and do not suffice
                left_out[entry.name] = str(error)
                continue
            out.mkdir(parents=True, exist_ok=True)
            path = save(picture, out / f"{entry.name}.{kind}", title=entry.title)
            drawn.append({"figure": entry.name, "out": str(path), "caption": caption_of(picture)})
            progress((number + 1) / len(FIGURES))
    if as_json:
        _print_json({"data": str(data), "drawn": drawn, "left_out": left_out})
    else:
        for one in drawn:
            typer.echo(one["out"])
        for name, why in left_out.items():
            typer.echo(f"not drawn: {name}: {why}")
    if not drawn:
        raise RequestError(f"{data} has the data of no figure; `spinodal figure list` says what each needs")


def _list(data: Path | None, as_json: bool) -> None:
    from spinodal.figures import FIGURES
    from spinodal.results import read_results

    results = None if data is None else read_results(data)
    rows = [_told(entry, results) for entry in FIGURES.values()]
    if as_json:
        _print_json(rows)
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not console.is_terminal:  # a pipe has no width to keep to
        console.width = 200
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("figure", no_wrap=True)
    table.add_column("shows", overflow="fold")
    table.add_column("needs" if results is None else f"from {data}", overflow="fold")
    for row in rows:
        if results is None:
            last = "; ".join(f"{need['what']} ({need['command']})" for need in row["needs"])
        else:
            last = "can be drawn" if row["drawable"] else str(row["lacking"])
        table.add_row(row["figure"], row["caption"], last)
    console.print(table)


def _told(entry: FigureEntry, results: Results | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "figure": entry.name,
        "title": entry.title,
        "caption": entry.caption,
        "needs": [{"what": need.what, "command": need.command} for need in entry.needs],
        "options": list(entry.options),
    }
    if results is not None:
        lacking = entry.lacking(results)
        told |= {"drawable": not lacking, "lacking": lacking}
    return told


def _required(data: Path | None) -> Path:
    from spinodal._errors import RequestError

    if data is None:
        raise RequestError(
            "no --data; name a folder that a verb of spinodal wrote, such as a run or an import"
        )
    return data


def _print_json(value: Any) -> None:
    import json

    # plain print: a terminal's width must not break the JSON
    print(json.dumps(value, allow_nan=False, ensure_ascii=False))
