"""`spinodal attention`: how much of a model's attention is on its system prompt, with a guard and without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinodal.cli._bundles import refuse

if TYPE_CHECKING:
    import pandas as pd

    from spinodal.attention import AttentionSummary, Conversation
    from spinodal.guards import Guard

_TABLE_SUFFIX = ".parquet"
_OF_RUNS = ("opponents", "games", "strip")
_OF_TRANSCRIPTS = ("profile", "keep_reminders")


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(attention)


def attention(
    context: typer.Context,
    run: Annotated[
        Path | None,
        typer.Argument(help="Run folder of contagion; or a table that this verb wrote, to sum it up again."),
    ] = None,
    transcript: Annotated[
        list[Path] | None,
        typer.Option(
            help="A conversation instead: a JSON list of messages with role, content, and the speaker of a "
            "peer's. Repeat it for several."
        ),
    ] = None,
    guard: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND[:NAME=VALUE,...]",
            help="Guards to look at: of a run, those it was played with (default: all); of transcripts, what "
            "is put over them. Repeat it for several.",
        ),
    ] = None,
    opponents: Annotated[
        list[str] | None,
        typer.Option(help="Opponents of the games. Default: all that every guard was played with."),
    ] = None,
    games: Annotated[int | None, typer.Option(min=1, help="Most games of a cell. Default: all.")] = None,
    strip: Annotated[
        bool,
        typer.Option(
            help="Read each game that had a guard a second time, the guard's words taken out of the same "
            "conversation."
        ),
    ] = True,
    profile: Annotated[
        Path | None,
        typer.Option(help="The agent's profile, for guards that speak of the agent (`spinodal profile`)."),
    ] = None,
    keep_reminders: Annotated[
        bool,
        typer.Option(help="Over transcripts: the model goes on seeing each reminder where it once stood."),
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(
            help="Whose attention: embedded/smollm2-135m, embedded/PATH.gguf, or the folder of a "
            "transformers model. Default: the run's model."
        ),
    ] = None,
    chat_template: Annotated[
        Path | None, typer.Option(help="A file with the chat template (Jinja), instead of the model's own.")
    ] = None,
    at: Annotated[
        str,
        typer.Option(
            metavar="reply|start",
            help="Which positions look: all from which the reply's tokens are predicted, or the prompt's "
            "last token alone.",
        ),
    ] = "reply",
    out: Annotated[
        Path | None,
        typer.Option(
            help="File for the table. Default: attention.parquet in the run folder; beside the transcript."
        ),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it: a .png, .svg or .pdf file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Where a model looks, turn by turn: on the system prompt, the guard's reminders, its peers, itself.

    Attention is computed anew, from weights on this machine, over conversations held before. Shares are
    averaged over heads, positions and layers; the table keeps each layer. Needs spinodal[attention].
    """
    from spinodal._errors import RequestError
    from spinodal.attention import read_attention, summarise
    from spinodal.plots import require_picture

    if plot is not None:
        require_picture(plot)
    if (run is None) == (not transcript):
        raise RequestError("give a run folder of `spinodal contagion`, or conversations by --transcript FILE")
    if run is not None and run.suffix == _TABLE_SUFFIX:
        measuring = ("guard", "model", "chat_template", "at", "out", *_OF_RUNS, *_OF_TRANSCRIPTS)
        refuse(context, measuring, f"is for measuring, and {run} is measured; leave it out")
        table, written = read_attention(run), run
    else:
        if out is not None and (out.suffix != _TABLE_SUFFIX or not out.parent.is_dir()):
            raise RequestError(
                f"cannot write the table to {out}; give a name that ends in {_TABLE_SUFFIX}, in a folder "
                "there is"
            )
        if run is not None:
            refuse(context, _OF_TRANSCRIPTS, "is for transcripts; leave it out")
            found, of_run, template = _of_run(run, guard or [], opponents or [], games, strip)
            written = out or run / "attention.parquet"
        else:
            files = transcript or []
            refuse(context, _OF_RUNS, "is for a run folder; leave it out")
            found, of_run, template = _of_transcripts(files, guard or [], profile, keep_reminders), None, None
            written = out or files[0].with_name(f"{files[0].stem}-attention{_TABLE_SUFFIX}")
        table = _measure(found, model or of_run, chat_template or template, at, written, quiet=as_json)
    summary = summarise(table)
    if plot is not None:
        from spinodal.plots import attention_panels, save

        save(attention_panels(summary), plot)
    files_told = {"table": str(written)} | ({} if plot is None else {"plot": str(plot)})
    if as_json:
        typer.echo(json.dumps(summary.to_dict() | files_told, allow_nan=False, ensure_ascii=False))
        return
    _print(summary)
    for told in files_told.values():
        typer.echo(told)


def _of_run(
    folder: Path, guards: list[str], opponents: list[str], games: int | None, strip: bool
) -> tuple[list[Conversation], str, Path | None]:
    """The conversations of a run, its model, and the chat template that it was given, if any."""
    from spinodal.attention import run_conversations
    from spinodal.contagion_runs import read_contagion

    run = read_contagion(folder)
    agent = run.meta["request"]["agent"]
    found = run_conversations(run, guards=guards, opponents=opponents, games=games, strip=strip)
    template = agent.get("model_args", {}).get("chat_template")
    return found, str(agent["model"]), None if template is None else Path(template)


def _of_transcripts(
    files: list[Path], guards: list[str], profile: Path | None, keep_reminders: bool
) -> list[Conversation]:
    from spinodal._errors import RequestError
    from spinodal.attention import transcript_conversations
    from spinodal.guards import make_guard

    if profile is not None and not guards:
        raise RequestError("--profile is for guards; name one with --guard, or leave it out")
    made: dict[str, Guard] = {
        text: make_guard(text, profile, retained=keep_reminders) for text in guards if text != "none"
    }
    return transcript_conversations(files, made)


def _measure(
    conversations: list[Conversation],
    model: str | None,
    template: Path | None,
    at: str,
    written: Path,
    *,
    quiet: bool,
) -> pd.DataFrame:
    """The table, which is written; stopped on the way, what is finished is kept beside it."""
    from spinodal._errors import RequestError
    from spinodal._files import write_table
    from spinodal.agents._spec import EMBEDDED_MODEL
    from spinodal.attention import QUERIES, Journal, measure_attention, open_weights
    from spinodal.cli._progress import progress_bar

    queries = next((one for one in QUERIES if one == at), None)
    if queries is None:
        raise RequestError(f"--at {at} is no place to look from; give {' or '.join(QUERIES)}")
    with progress_bar("Attention", quiet=quiet) as done:
        weights = open_weights(model or EMBEDDED_MODEL, template)
        journal = Journal(written.with_name(f".{written.stem}-unfinished{_TABLE_SUFFIX}"))
        try:
            table = measure_attention(conversations, weights, queries=queries, journal=journal, progress=done)
        except BaseException:
            journal.save()
            raise
    write_table(written, table)
    journal.finish()
    return table


def _print(found: AttentionSummary) -> None:
    from rich.console import Console
    from rich.table import Table

    from spinodal.report._words import interval, number

    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"Attention of {found.model} in {found.conversations} conversations, averaged over {found.layers} "
        "layers and their heads, in percent of all attention; then with sinks left out (95%).",
        markup=False,
    )
    table = Table(
        "guard", "turn", "", "tokens", "system prompt", "without sinks", "times its length", "guard's words"
    )
    for guard in found.guards:
        for one in (one for one in found.levels if one.guard == guard and one.segment == "system"):
            if one.stripped or "share_without_sinks" not in one.values:
                continue
            words = found.level("guard", one.turn, guard)
            share, rest = one.values["share"], one.values["share_without_sinks"]
            times = one.values.get("relative_without_sinks", (float("nan"), (float("nan"), float("nan"))))
            of_words = words.values["share_without_sinks"][0] if words is not None else float("nan")
            ends = interval([100 * end for end in rest[1]], 1)
            table.add_row(
                guard,
                str(one.turn),
                one.kind,
                number(one.tokens, 0),
                number(100 * share[0], 1),
                f"{number(100 * rest[0], 1)} ({ends})",
                number(times[0]),
                number(100 * of_words, 1),
            )
    console.print(table)
    for sentence in found.sentences:
        console.print(sentence, markup=False)
