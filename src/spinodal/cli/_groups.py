"""Groups of a mixed society, as typed: AGENTS:PERSONA-FILE, and what else sets a group apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spinodal.cli._agents import read_persona

if TYPE_CHECKING:
    from spinodal.agents import AgentSpec
    from spinodal.society.group import Group

DEFAULT_AGENTS: Final = 20
"""Agents of a society where nothing says how many."""

_SETTINGS: Final = ("persona", "model", "base-url", "temperature", "guard", "name")


def groups_of(
    texts: Sequence[str], common: AgentSpec, agents: int | None, profile: Path | None = None
) -> tuple[Group, ...]:
    """The groups that "10:calm.txt", "50%:bold.txt,model=openai/gpt-4o-mini" and the like stand for.

    Args:
        texts: one a group. Before the colon its agents, or its share of `agents` with a percent sign; behind
            it the file of its persona and any of `model=`, `base-url=`, `temperature=`, `guard=`, `name=`,
            with commas.
        common: what a group does not set.
        agents: of all groups together, where that was said.
        profile: file of the profile that a group's own guard is built from.

    Raises:
        RequestError: a text that is no group; numbers that do not add up.
    """
    from spinodal.society.group import Group

    typed = [_Typed.parse(text) for text in texts]
    numbers = _numbers(typed, agents)
    return tuple(
        Group(one.agent(common, profile), number) for one, number in zip(typed, numbers, strict=True)
    )


@dataclass(frozen=True)
class _Typed:
    """One group, taken apart."""

    text: str
    size: float
    """Agents, or a share in [0, 1]."""
    is_share: bool
    settings: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> _Typed:
        from spinodal._errors import RequestError

        size, _, rest = text.partition(":")
        is_share = size.endswith("%")
        try:
            number = float(size.removesuffix("%")) / 100.0 if is_share else float(int(size))
        except ValueError:
            raise RequestError(
                f"--group {text} is not AGENTS:PERSONA-FILE; 10:calm.txt or 50%:calm.txt, say"
            ) from None
        settings: dict[str, str] = {}
        for part in filter(None, rest.split(",")):
            name, equals, value = part.partition("=")
            if not equals:
                name, value = "persona", part
            if name not in _SETTINGS or name in settings:
                raise RequestError(
                    f"--group {text}: {part!r} is no setting of its own; give a persona's file and any of "
                    f"{', '.join(f'{known}=' for known in _SETTINGS)}, each once"
                )
            settings[name] = value
        return cls(text, number, is_share, settings)

    def agent(self, common: AgentSpec, profile: Path | None) -> AgentSpec:
        """Its agent: what all groups have in common, with the settings of its own."""
        from spinodal._errors import RequestError
        from spinodal.agents import guarding_of

        given = self.settings
        guard = guarding_of(given["guard"], profile) if "guard" in given else common.guard
        persona = Path(given["persona"]) if "persona" in given else None
        label = persona.stem if persona else ""
        if label and guard and "guard" in given:
            label = f"{label}, guard {guard.name}"
        agent = replace(
            common,
            model=given.get("model", common.model),
            base_url=given.get("base-url", common.base_url),
            system_prompt=read_persona(persona) if persona else common.system_prompt,
            guard=guard,
            label=given.get("name") or label,
        )
        if "temperature" not in given:
            return agent
        try:
            return replace(agent, temperature=float(given["temperature"]))
        except ValueError:
            raise RequestError(
                f"--group {self.text}: a temperature of {given['temperature']!r}; give a number"
            ) from None


def _numbers(typed: Sequence[_Typed], agents: int | None) -> list[int]:
    """Agents of each group; shares are rounded so that they add up, the largest remainders first."""
    from spinodal._errors import RequestError

    sizes = [one.size for one in typed]
    if not any(one.is_share for one in typed):
        total = int(sum(sizes))
        if agents not in (None, total):
            raise RequestError(f"--agents {agents}, but the groups have {total} together; leave --agents out")
        return [int(size) for size in sizes]
    if not all(one.is_share for one in typed):
        raise RequestError("some groups are numbers and some are shares; give all as 10: or all as 50%:")
    if not math.isclose(sum(sizes), 1.0, abs_tol=1e-3):
        raise RequestError(f"the groups' shares add up to {100.0 * sum(sizes):g}%; make it 100%")
    wanted = [size * (DEFAULT_AGENTS if agents is None else agents) for size in sizes]
    whole = [math.floor(number + 1e-9) for number in wanted]
    missing = round(sum(wanted)) - sum(whole)
    by_remainder = sorted(range(len(wanted)), key=lambda group: whole[group] - wanted[group])
    for group in by_remainder[:missing]:
        whole[group] += 1
    return whole
