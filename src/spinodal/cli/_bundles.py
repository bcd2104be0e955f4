"""Options that several verbs share: a dataclass bundles them, and a verb takes it as one parameter."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, Final, get_type_hints

import typer
from typer.models import OptionInfo

AGENTS: Final = "Agents"
QUESTION: Final = "Question"
SOCIETY: Final = "What they see and say"
ADVERSARIES: Final = "Adversaries"
OPPONENTS: Final = "Opponents"
GUARDS: Final = "Guards"
COURSE: Final = "Course"
EFFORT: Final = "Effort"
OUTPUT: Final = "Output"
_PANELS: Final = (None, AGENTS, QUESTION, SOCIETY, ADVERSARIES, OPPONENTS, GUARDS, COURSE, EFFORT, OUTPUT)
"""Panels of the verbs' help, in their order; None is the panel of what has none."""


def unbundled(verb: Callable[..., None]) -> Callable[..., None]:
    """The verb as Typer can read it: each parameter that is a dataclass of options replaced by its fields."""
    hints = get_type_hints(verb, include_extras=True)
    bundles: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = []
    for name, parameter in inspect.signature(verb).parameters.items():
        if name in bundles:
            of_bundle = get_type_hints(bundles[name], include_extras=True)
            parameters += [
                inspect.Parameter(one.name, keyword, default=one.default, annotation=of_bundle[one.name])
                for one in fields(bundles[name])
            ]
        else:
            parameters.append(parameter.replace(kind=keyword, annotation=hints[name]))

    @wraps(verb)
    def called(**given: Any) -> None:
        for name, bundle in bundles.items():
            given[name] = bundle(**{one.name: given.pop(one.name) for one in fields(bundle)})
        verb(**given)

    parameters.sort(key=lambda parameter: _PANELS.index(_panel(parameter)))
    called.__dict__["__signature__"] = inspect.Signature(parameters)
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return called


def _panel(parameter: inspect.Parameter) -> str | None:
    told = getattr(parameter.annotation, "__metadata__", ())
    return next((one.rich_help_panel for one in told if isinstance(one, OptionInfo)), None)


def typed(context: typer.Context) -> dict[str, str]:
    """The options that were typed: their parameters' names, and how each is written."""
    there = {}
    for parameter in context.command.params:
        name = str(parameter.name)
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            there[name] = max(parameter.opts, key=len)
    return there


def refuse(context: typer.Context, names: Iterable[str], why: str) -> None:
    """Raise `RequestError`, "--option why", where one of these parameters was typed."""
    from spinodal._errors import RequestError

    unwanted = set(names)
    for name, option in typed(context).items():
        if name in unwanted:
            raise RequestError(f"{option} {why}")


def command_words(context: typer.Context, *without: str) -> tuple[str, ...]:
    """The command as typed, word by word, without the options of these parameters."""
    words = ["spinodal", str(context.info_name)]
    for name, option in typed(context).items():
        value = context.params[name]
        if name in without:
            continue
        if isinstance(value, bool):
            words.append(option if value else f"--no-{option.removeprefix('--')}")
        elif isinstance(value, list):
            words += [word for one in value for word in (option, str(one))]
        else:
            words += [option, *map(str, value if isinstance(value, tuple) else [value])]
    return tuple(words)
