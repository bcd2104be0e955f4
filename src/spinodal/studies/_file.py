"""A study file, read and judged: YAML to a `Study`, every fault told with its line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Final

from spinodal._errors import RequestError
from spinodal.agents.models import DEFAULT_RETRIES
from spinodal.pairs._entries import LineFault
from spinodal.pairs._yaml import _compose
from spinodal.studies._agents import read_agents, read_providers
from spinodal.studies._conditions import ASKING_KEYS, Common, Condition, read_conditions
from spinodal.studies._games import read_contagion, read_sizes
from spinodal.studies._societies import read_societies
from spinodal.studies._study import Lane, Part, Study, StudyAgent
from spinodal.studies._values import Keys, Value, at_line

PAIRS_PER_PART: Final = 20
"""So that a part takes minutes, where a call takes a second and eight are under way."""

STUDY_KEYS: Final = (
    "name", "agents", *ASKING_KEYS, "population", "seed", "retries", "pairs_per_part", "assess", "conditions",
    "society", "tip", "hysteresis", "critical_size", "contagion", "providers",
)  # fmt: skip


def load_study(source: str | Path) -> Study:
    """Read a study file. No model is called. The format is told in `docs/studies.md`.

    Args:
        source: path of a YAML file in UTF-8. Paths in it are taken from its own folder.

    Raises:
        RequestError: the file cannot be read, or something in it is wrong: names file, line, value and mend.
    """
    path = Path(source)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RequestError(f"{path} is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise RequestError(
            f"cannot read the study file {path} ({error.strerror}); name a .yaml file"
        ) from None
    try:
        return _study(text, path)
    except LineFault as fault:
        raise RequestError(f"{path}:{fault.line}: {fault}") from None


def _study(text: str, path: Path) -> Study:
    root = _compose(text)
    if root is None:
        raise LineFault(1, "the file is empty; give `agents:` and, if you like, `pairs:`")
    top = Value("the study", root).keys(STUDY_KEYS, "a study")
    given = top.get("agents")
    if given is None:
        raise LineFault(top.line, "no agents; give `agents:` with one or more models")
    common = Common(
        seed=top.whole("seed", 0),
        retries=top.whole("retries", DEFAULT_RETRIES),
        population=top.maybe_whole("population", least=2),
        folder=path.parent,
    )
    temperature = top.get("temperature")
    warmth = 1.0 if temperature is None else temperature.several()[0].number()
    agents, lanes = read_agents(given, common.folder, warmth, read_providers(top.get("providers")))
    conditions = _conditions(top, common, agents)
    assessed = list(_assessments(top, conditions, agents, common))
    others = [
        *(
            part
            for experiment in ("society", "tip", "hysteresis")
            for part in read_societies(experiment, top.get(experiment), agents, common, assessed)
        ),
        *read_sizes(top.get("critical_size"), agents, common),
        *read_contagion(top.get("contagion"), agents, common),
    ]
    parts = _unlike([*(part for part, _ in assessed), *others], top)
    if not parts:
        raise LineFault(top.line, "nothing to do: assess is false, and there is no other part")
    return Study(
        name=top.text("name") or path.stem,
        source=path.name if path.is_absolute() else str(path),
        agents=agents,
        parts=tuple(_in_turn(parts)),
        lanes={name: lanes.get(name, Lane(name)) for part in parts for name in part.lanes},
        template_digest=conditions[0].template.digest,
        conditions=tuple(condition.name for condition in conditions),
    )


def _conditions(top: Keys, common: Common, agents: Sequence[StudyAgent]) -> list[Condition]:
    return read_conditions(top, top.get("conditions"), common, [agent.label for agent in agents])


def _assessments(
    top: Keys, conditions: Sequence[Condition], agents: Sequence[StudyAgent], common: Common
) -> Iterator[tuple[Part, Condition]]:
    """Assessments: a part an agent, a condition and a chunk of its pairs.

    Chunk by chunk, so that what is done early spans all agents.
    """
    if not top.switch("assess", True):
        return
    size = top.whole("pairs_per_part", PAIRS_PER_PART, least=1)
    first: dict[tuple[str, str], str] = {}
    for condition in conditions:
        for begin in range(0, len(condition.pairs), size):
            for agent in agents:
                if agent.label not in condition.only:
                    continue
                with at_line(condition.effort_line):
                    request = condition.request(agent, condition.pairs[begin : begin + size], common)
                chunks = [f"{begin // size + 1:02d}"] if len(condition.pairs) > size else []
                named = [condition.name] if len(conditions) > 1 else []
                id = "-".join(["assess", agent.slug, *named, *chunks])
                key = (agent.label, condition.name)
                reads_like = first.setdefault(key, id)
                settled = request.plan.readout != "auto" and request.plan.prefill != "auto"
                yield (
                    Part(
                        id,
                        "assess",
                        agent.label,
                        condition.name,
                        request,
                        (agent.lane,),
                        "" if reads_like == id or settled else reads_like,
                    ),
                    condition,
                )


def _unlike(parts: Sequence[Part], top: Keys) -> list[Part]:
    seen: set[str] = set()
    for part in parts:
        if part.id in seen:
            raise LineFault(
                top.line_of(part.kind.replace("-", "_")),
                f"two parts would be called {part.id}; give their sections a `name` each",
            )
        seen.add(part.id)
    return list(parts)


def _in_turn(parts: Sequence[Part]) -> Iterator[Part]:
    """The parts with providers taking turns, each in the order of the file."""
    by_lane: dict[str, list[Part]] = {}
    for part in parts:
        by_lane.setdefault(part.lanes[0], []).append(part)
    return (part for part in chain.from_iterable(zip_longest(*by_lane.values())) if part is not None)
