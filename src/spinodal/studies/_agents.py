"""Agents and providers of a study file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from spinodal._errors import RequestError
from spinodal._nearest import nearest
from spinodal._recording import folder_name
from spinodal.agents import AgentSpec, guarding_of
from spinodal.agents.models import open_model
from spinodal.agents.pacing import Limits
from spinodal.measure.reading import Prices
from spinodal.studies._study import Lane, StudyAgent
from spinodal.studies._values import Keys, Value, at_line

_LIMITS: Final = ("max_connections", "requests_per_minute", "tokens_per_minute")
AGENT_KEYS: Final = (
    "model", "label", "family", "system_prompt", "system_prompt_file", "temperature", "max_tokens",
    "base_url", "model_args", "guard", "profile", "price", "readout", "prefill", "provider", *_LIMITS,
)  # fmt: skip
PROVIDER_KEYS: Final = (*_LIMITS, "workers", "price")
READOUTS: Final = ("auto", "logprob", "sample")
PREFILLS: Final = ("auto", "on", "off")
FREE: Final = ("embedded/", "synthetic/", "synthetic-player/")
"""Models that cost nothing, whatever the file says."""


@dataclass(frozen=True)
class Provider:
    """A provider as the file limits it."""

    lane: Lane
    prices: Prices | None
    line: int


def path_in(folder: Path, text: str) -> Path:
    """A path of the file: from the file's own folder, unless it is absolute."""
    return folder / Path(text).expanduser()


def read_providers(value: Value | None) -> dict[str, Provider]:
    """The providers that the file names, by name."""
    found: dict[str, Provider] = {}
    for name, given in [] if value is None else value.entries("providers"):
        keys = given.keys(PROVIDER_KEYS, f"provider {name}")
        lane = Lane(name, _limits(keys), keys.whole("workers", 1, least=1))
        found[name] = Provider(lane, prices_in(keys), given.line)
    return found


def read_agents(
    value: Value, folder: Path, temperature: float, providers: Mapping[str, Provider]
) -> tuple[tuple[StudyAgent, ...], dict[str, Lane]]:
    """The agents, and the lanes they ask in; every provider has to be some agent's."""
    agents: list[StudyAgent] = []
    lanes: dict[str, Lane] = {}
    for item in value.several():
        agent, lane = _agent(item, folder, temperature, providers, {one.slug for one in agents})
        for other in agents:
            if other.label == agent.label:
                raise item.fault(f"two agents are called {agent.label!r}; give one a label of its own")
        agents.append(agent)
        lanes.setdefault(lane.name, lane)
    for name, provider in providers.items():
        if name not in lanes:
            from spinodal.pairs._entries import LineFault

            raise LineFault(
                provider.line,
                f"no agent is of the provider {name!r}; the nearest of the agents' is "
                f"{nearest(name, lanes)!r}, or name it in an agent with `provider: {name}`",
            )
    return tuple(agents), lanes


def _agent(
    item: Value, folder: Path, temperature: float, providers: Mapping[str, Provider], slugs: set[str]
) -> tuple[StudyAgent, Lane]:
    plain = item.kind == "text"
    keys = Keys(item.line, {"model": item}) if plain else item.keys(AGENT_KEYS, "an agent")
    named = keys.get("model")
    if named is None:
        raise item.fault("an agent has no model; give `model: provider/name`")
    model = _in_folder(named.text(), folder)
    with at_line(named.line):
        require_model(model)
    with at_line(
        keys.line_of("guard", "profile", "model_args", "system_prompt_file", "base_url", "max_tokens")
    ):
        profile = keys.text("profile")
        spec = AgentSpec(
            model=model,
            system_prompt=_persona(keys, folder),
            temperature=keys.number("temperature", temperature),
            max_tokens=keys.maybe_whole("max_tokens"),
            label=keys.text("label"),
            base_url=keys.text("base_url") or None,
            model_args=_model_args(keys),
            guard=guarding_of(keys.text("guard") or None, str(path_in(folder, profile)) if profile else None),
        )
    if model.startswith(("synthetic/", "synthetic-player/")):
        with at_line(named.line):
            open_model(spec)  # its law is in its name
    lane = _lane(keys, spec, providers)
    provider = providers.get(lane.name)
    prices = prices_in(keys) or (provider.prices if provider else None)
    readout, prefill = keys.get("readout"), keys.get("prefill")
    slug = folder_name(spec)
    while slug in slugs:
        slug += "-2"
    agent = StudyAgent(
        spec=spec,
        slug=slug,
        lane=lane.name,
        family=keys.text("family"),
        prices=Prices(0.0, 0.0) if prices is None and model.startswith(FREE) else prices,
        readout="" if readout is None else readout.one_of(READOUTS),
        prefill="" if prefill is None else prefill.one_of(PREFILLS),
    )
    return agent, lane


def require_model(model: str) -> None:
    """`RequestError` for a model string of no known provider; the nearest is named."""
    from inspect_ai._util.registry import registry_find, registry_unqualified_name

    from spinodal import _inspect  # noqa: F401 - registers our own providers

    name, slash, rest = model.partition("/")
    known = sorted(
        registry_unqualified_name(each) for each in registry_find(lambda info: info.type == "modelapi")
    )
    if not slash or not rest:
        raise RequestError(
            f"unknown model {model!r}; give provider/name, as in openai/gpt-4o-mini or embedded/smollm2-135m"
        )
    if name not in known:
        raise RequestError(
            f"unknown model {model!r}: there is no provider {name!r}; the nearest known one is "
            f"{nearest(name, known)!r}"
        )
    if name == "openai-api" and "/" not in rest:
        raise RequestError(f"unknown model {model!r}; give openai-api/SERVICE/MODEL")
    if name == "embedded":
        from spinodal.agents._engine import model_file

        model_file(rest)


def require_keys(agents: Sequence[StudyAgent]) -> None:
    """`RequestError` where a key is missing from the environment: told before anything is asked."""
    for agent in agents:
        if not agent.spec.model.startswith(FREE):
            open_model(agent.spec)


def prices_in(keys: Keys) -> Prices | None:
    """US dollars a million tokens read and written; None where the file says none."""
    value = keys.get("price")
    if value is None:
        return None
    numbers = [item.number() for item in value.several()]
    if len(numbers) != 2:
        raise value.fault(
            "price is not two numbers; write [0.15, 0.60]: US dollars a million tokens in and out"
        )
    with at_line(value.line):
        return Prices(*numbers)


def _lane(keys: Keys, spec: AgentSpec, providers: Mapping[str, Provider]) -> Lane:
    """The provider that an agent asks, with its limits."""
    named = keys.get("provider")
    own = [name for name in _LIMITS if name in keys]
    if named is not None:
        if own:
            raise keys.values[own[0]].fault(
                f"{own[0]} of an agent that names a provider; give the provider's under `providers:`"
            )
        if not providers:
            raise named.fault(f"no provider {named.text()!r}; name its limits under `providers:`")
        return providers[named.one_of(providers)].lane
    if own:
        return Lane(spec.label, _limits(keys))
    service = service_of(spec)
    if service in providers:
        return providers[service].lane
    where = urlsplit(spec.base_url or "").netloc
    return Lane(f"{service} at {where}" if where else service)


def service_of(spec: AgentSpec) -> str:
    """What an agent's model string says of its provider; a synthetic agent is nobody's but its own."""
    name, _, rest = spec.model.partition("/")
    if name.startswith("synthetic"):
        return spec.label
    return rest.partition("/")[0] if name == "openai-api" else name


def _limits(keys: Keys) -> Limits:
    with at_line(keys.line_of(*_LIMITS)):
        return Limits(
            max_connections=keys.maybe_whole("max_connections"),
            requests_per_minute=keys.maybe_number("requests_per_minute"),
            tokens_per_minute=keys.maybe_number("tokens_per_minute"),
        )


def _persona(keys: Keys, folder: Path) -> str | None:
    file, text = keys.get("system_prompt_file"), keys.get("system_prompt")
    if file is None:
        return None if text is None else text.text()
    if text is not None:
        raise file.fault("both system_prompt and system_prompt_file are given; give one")
    path = path_in(folder, file.text())
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise file.fault(f"cannot read the persona in {path}: {error}") from None


def _model_args(keys: Keys) -> Mapping[str, Any]:
    value = keys.get("model_args")
    if value is None:
        return {}
    if value.kind != "mapping":
        raise value.fault(f"model_args is a {value.kind}; write `name: value` below it")
    plain = value.plain()
    return {str(name): setting for name, setting in plain.items()}


def _in_folder(model: str, folder: Path) -> str:
    """A model string with the path of a GGUF file taken from the file's own folder."""
    if re.fullmatch(r"embedded/.+\.gguf", model):
        return f"embedded/{path_in(folder, model.removeprefix('embedded/'))}"
    return model
