"""Options that say which agent is asked, how, and with what effort: what every verb that asks one shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from spinodal.cli._bundles import AGENTS, EFFORT, QUESTION

if TYPE_CHECKING:
    from spinodal.agents import AgentSpec, Guarding
    from spinodal.measure.prompts import PromptTemplate
    from spinodal.measure.reading import Prices
    from spinodal.traits import Questionnaire


@dataclass(frozen=True)
class AgentOptions:
    """Who is asked."""

    model: Annotated[
        str | None,
        typer.Option(
            help="Inspect model string, as in openai/gpt-4o-mini, openai-api/NAME/MODEL or "
            "embedded/PATH.gguf. Keys are read from the environment. Default: embedded/smollm2-135m.",
            rich_help_panel=AGENTS,
        ),
    ] = None
    base_url: Annotated[
        str | None,
        typer.Option(help="Address of the model's server, if not the usual one.", rich_help_panel=AGENTS),
    ] = None
    system_prompt: Annotated[
        str | None, typer.Option(help="Persona: the agent's system prompt.", rich_help_panel=AGENTS)
    ] = None
    system_prompt_file: Annotated[
        Path | None, typer.Option(help="The same, read from a file.", rich_help_panel=AGENTS)
    ] = None
    temperature: Annotated[
        float, typer.Option(help="Sampling temperature the response refers to.", rich_help_panel=AGENTS)
    ] = 1.0
    max_tokens: Annotated[
        int | None, typer.Option(help="Longest reply, in tokens.", rich_help_panel=AGENTS)
    ] = None
    model_arg: Annotated[
        list[str] | None,
        typer.Option("-M", "--model-arg", help="NAME=VALUE for the provider.", rich_help_panel=AGENTS),
    ] = None

    def spec(self, label: str = "", guard: Guarding | None = None) -> AgentSpec:
        """The agent that they stand for."""
        from spinodal.agents import AgentSpec
        from spinodal.agents._spec import EMBEDDED_MODEL

        return AgentSpec(
            model=self.model or EMBEDDED_MODEL,
            system_prompt=self._persona(),
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            label=label,
            base_url=self.base_url,
            model_args=_model_args(self.model_arg or []),
            guard=guard,
        )

    def _persona(self) -> str | None:
        from spinodal._errors import RequestError

        if self.system_prompt_file is None:
            return self.system_prompt
        if self.system_prompt is not None:
            raise RequestError("both --system-prompt and --system-prompt-file are given; give one")
        return read_persona(self.system_prompt_file)


@dataclass(frozen=True)
class ReadoutOptions:
    """How its replies are read."""

    readout: Annotated[
        Literal["auto", "logprob", "sample"],
        typer.Option(help="Read log-probabilities, or sample and count.", rich_help_panel=QUESTION),
    ] = "auto"
    prefill: Annotated[
        Literal["auto", "on", "off"],
        typer.Option(help="Put the reply's opening bracket into its mouth.", rich_help_panel=QUESTION),
    ] = "auto"


@dataclass(frozen=True)
class TraitOptions:
    """What it is asked about its traits."""

    inventory: Annotated[
        str,
        typer.Option(
            help="Traits and their statements: spinodal-12, a YAML file, a folder of persona files, or mwe.",
            rich_help_panel=QUESTION,
        ),
    ] = "spinodal-12"
    trait: Annotated[
        list[str] | None,
        typer.Option(help="Only these traits of the inventory; repeat it.", rich_help_panel=QUESTION),
    ] = None
    statements: Annotated[
        int,
        typer.Option(help="Statements asked of each trait, half of either keying.", rich_help_panel=QUESTION),
    ] = 8
    reminders: Annotated[
        int,
        typer.Option(
            help="Statements of each trait and keying held out of the questions, for guards.",
            rich_help_panel=QUESTION,
        ),
    ] = 4
    orders: Annotated[
        Literal["both", "alternate"],
        typer.Option(
            help="Ask each statement with Yes first and with No first, or half of them in either order.",
            rich_help_panel=QUESTION,
        ),
    ] = "both"

    def questions(self, seed: int) -> Questionnaire:
        """The questionnaire that they stand for."""
        from spinodal.traits import load_inventory

        traits = load_inventory(self.inventory)
        chosen = traits.choose(self.trait) if self.trait else traits
        return chosen.split(self.statements, self.reminders, seed)


@dataclass(frozen=True)
class AskingOptions(ReadoutOptions):
    """How it is asked."""

    template: Annotated[
        str | None,
        typer.Option(help="Prompt template, or path of one (`spinodal models`).", rich_help_panel=QUESTION),
    ] = None
    listed: Annotated[
        bool,
        typer.Option(help="List both options, or leave them to the peers.", rich_help_panel=QUESTION),
    ] = True

    @property
    def prompts(self) -> PromptTemplate:
        """The template that they name."""
        from spinodal.measure.prompts import DEFAULT_TEMPLATE, load_template

        return load_template(self.template or DEFAULT_TEMPLATE)


@dataclass(frozen=True)
class EffortOptions:
    """With what effort."""

    seed: Annotated[int, typer.Option(help="Seed of everything drawn.", rich_help_panel=EFFORT)] = 0
    retries: Annotated[
        int | None, typer.Option(help="Tries after a failed call. Default: 5.", rich_help_panel=EFFORT)
    ] = None
    max_connections: Annotated[
        int | None, typer.Option(help="Calls under way at once.", rich_help_panel=EFFORT)
    ] = None
    price: Annotated[
        tuple[float, float] | None,
        typer.Option(
            help="US dollars a million tokens read and written, to count the cost.", rich_help_panel=EFFORT
        ),
    ] = None

    @property
    def tries(self) -> int:
        """After a failed call."""
        from spinodal.agents.models import DEFAULT_RETRIES

        return DEFAULT_RETRIES if self.retries is None else self.retries

    def prices(self, agents: Iterable[AgentSpec]) -> Prices | None:
        """What calls of these agents cost; None where that is unknown."""
        from spinodal.measure.reading import Prices

        if self.price:
            return Prices(*self.price)
        free = all(
            agent.model.startswith(("embedded/", "synthetic/", "synthetic-player/")) for agent in agents
        )
        return Prices(0.0, 0.0) if free else None


def read_persona(file: Path) -> str:
    """A system prompt from its file."""
    from spinodal._errors import RequestError

    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"cannot read the persona in {file}: {error}") from error


def _model_args(arguments: Sequence[str]) -> dict[str, Any]:
    import json

    import yaml

    from spinodal._errors import RequestError

    values = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or not name:
            raise RequestError(f"model argument {argument!r} is no NAME=VALUE")
        try:
            values[name] = yaml.safe_load(value)
            json.dumps(values[name])
        except (yaml.YAMLError, TypeError):  # no number, switch or list: a text
            values[name] = value
    return values
