"""`spinodal models`: which agents can be assessed, and how one would be read."""

from __future__ import annotations

from typing import Annotated

import typer

_PROVIDERS = (
    ("openai/NAME", "OPENAI_API_KEY"),
    ("anthropic/NAME", "ANTHROPIC_API_KEY"),
    ("google/NAME", "GOOGLE_API_KEY"),
    ("mistral/NAME", "MISTRAL_API_KEY"),
    ("together/NAME", "TOGETHER_API_KEY"),
    ("openrouter/NAME", "OPENROUTER_API_KEY"),
)
"""A few of Inspect's providers and the variable that holds the key of each."""


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(models)


def models(
    check: Annotated[
        str | None,
        typer.Option("--check", metavar="MODEL", help="Ask this model a few prompts and say how it is read."),
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of its server.")] = None,
) -> None:
    """Show which models can be assessed, and the prompt templates; or check one model."""
    if check is None:
        _list()
    else:
        _check(check, base_url)


def _list() -> None:
    import os

    from rich.console import Console

    from spinodal._errors import RequestError
    from spinodal.agents._engine import SMOLLM2, model_file
    from spinodal.measure.prompts import DEFAULT_TEMPLATE, template_names

    console = Console(highlight=False, soft_wrap=True)
    try:
        state = f"installed, {model_file(SMOLLM2).stat().st_size / 1e6:.0f} MB"
    except RequestError as error:
        state = str(error)
    console.print("Embedded, in this process, no key:")
    console.print(f"  embedded/{SMOLLM2}  ({state})")
    console.print("  embedded/PATH.gguf  (any model file of yours)")
    console.print("Synthetic, of known response, to try a study without spending a call:")
    console.print("  synthetic/beta=2/h=0.3/noise=1/lapse=0.02/refusal=0.01/logprobs=no", markup=False)
    console.print("Synthetic players for `spinodal contagion`, whose traits change by a known law:")
    console.print("  synthetic-player/shift=-0.02/cancel=0.5/transcript=-0.05/scatter=0.03", markup=False)
    console.print("Any OpenAI-compatible server (vLLM, llama.cpp, ...):")
    console.print("  openai-api/SERVICE/MODEL  (with SERVICE_BASE_URL and SERVICE_API_KEY set)")
    console.print("Any model of Inspect, for instance:")
    for model, variable in _PROVIDERS:
        held = "set" if os.environ.get(variable) else "not set"
        console.print(f"  {model:17} ({variable} is {held})")
    names = (f"{name} (default)" if name == DEFAULT_TEMPLATE else name for name in template_names())
    console.print(f"Prompt templates: {', '.join(names)}, or the path of your own .yaml file")


def _check(model: str, base_url: str | None) -> None:
    import asyncio

    from rich.console import Console

    from spinodal.agents import AgentSpec
    from spinodal.agents.faults import explain
    from spinodal.agents.models import open_model
    from spinodal.measure.asking import Asker
    from spinodal.measure.prompts import DEFAULT_TEMPLATE, load_template
    from spinodal.measure.task import DEFAULT_PAIRS, MeasurementPlan, choose_readout, find_pairs

    plan = MeasurementPlan(
        agent=AgentSpec(model=model, base_url=base_url),
        pairs=find_pairs(DEFAULT_PAIRS),
        template=load_template(DEFAULT_TEMPLATE),
    )
    asker = Asker(open_model(plan.agent, plan.pairs, retries=1), plan.agent)
    try:
        choice = asyncio.run(choose_readout(plan, asker))
    except Exception as error:
        raise explain(error, model, base_url) from error
    prefill = "with" if choice.prefill else "without"
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{plan.agent.model}: readout {choice.readout}, {prefill} prefill ({choice.calls} calls)",
        markup=False,
    )
    console.print(choice.why, markup=False)
