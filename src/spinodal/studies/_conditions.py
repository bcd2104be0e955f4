"""Conditions of a study file: how agents are asked; each is measured in parts of its own."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from spinodal._errors import RequestError
from spinodal._nearest import nearest
from spinodal.agents import AgentSpec
from spinodal.assessment import AssessmentRequest
from spinodal.measure.prompts import DEFAULT_TEMPLATE, PromptTemplate, load_template, template_names
from spinodal.measure.reading import PrefillAsked, ReadoutAsked
from spinodal.measure.task import DEFAULT_DESIGN, DEFAULT_PAIRS, DEFAULT_PEERS, MeasurementPlan, find_pairs
from spinodal.pairs import BANK_SETS, OptionPair, bank_pairs
from spinodal.studies._agents import PREFILLS, READOUTS, path_in
from spinodal.studies._study import StudyAgent
from spinodal.studies._values import Keys, Value, at_line

DESIGNS: Final = ("adaptive", "grid", "even")
_FILES: Final = (".yaml", ".yml", ".csv")
ASKING_KEYS: Final = (
    "pairs", "template", "peers", "listed", "temperature", "readout", "prefill", "design", "budget", "width",
)  # fmt: skip
"""What a condition may set, and the study itself for all of them."""
CONDITION_KEYS: Final = ("name", "only", *ASKING_KEYS)
MAIN: Final = "main"


@dataclass(frozen=True)
class Condition:
    """One way of asking."""

    name: str
    line: int
    effort_line: int
    """Where it says how much is asked."""
    pairs: tuple[OptionPair, ...]
    pairs_source: str
    template: PromptTemplate
    template_source: str
    n_peers: int
    listed: bool
    temperature: float | None
    """None leaves it to the agent."""
    readout: str
    """ "" leaves it to the agent, and then to what the provider offers."""
    prefill: str
    design: str
    budget: int | None
    width: float | None
    only: tuple[str, ...]
    """Labels of the agents it is for."""

    @property
    def asked(self) -> tuple[Any, ...]:
        """What tells it from another condition in the tables."""
        return (self.template.digest, self.n_peers, self.listed, self.temperature)

    def spec(self, agent: StudyAgent) -> AgentSpec:
        """The agent as it is asked here."""
        return agent.spec if self.temperature is None else replace(agent.spec, temperature=self.temperature)

    def request(self, agent: StudyAgent, pairs: Sequence[OptionPair], common: Common) -> AssessmentRequest:
        """The assessment of an agent on some of its pairs."""
        plan = MeasurementPlan(
            agent=self.spec(agent),
            pairs=tuple(pairs),
            template=self.template,
            n_peers=self.n_peers,
            listed=self.listed,
            design=self.design,
            budget=self.budget,
            width=self.width,
            seed=common.seed,
            readout=readout_of(self.readout, agent),
            prefill=prefill_of(self.prefill, agent),
            prices=agent.prices,
        )
        return AssessmentRequest(
            plan=plan,
            agents=common.population or self.n_peers + 1,
            pairs_source=self.pairs_source,
            template_source=self.template_source,
            retries=common.retries,
        )


@dataclass(frozen=True)
class Common:
    """What all parts of a study share."""

    seed: int
    retries: int
    population: int | None
    folder: Path
    """Of the study file: its paths are taken from there."""


def readout_of(asked: str, agent: StudyAgent) -> ReadoutAsked:
    """The condition's readout, else the agent's, else what the provider offers."""
    found = asked or agent.readout or "auto"
    return "logprob" if found == "logprob" else "sample" if found == "sample" else "auto"


def prefill_of(asked: str, agent: StudyAgent) -> PrefillAsked:
    """The condition's prefill, else the agent's, else what is found to do better."""
    found = asked or agent.prefill or "auto"
    return "on" if found == "on" else "off" if found == "off" else "auto"


def read_conditions(top: Keys, value: Value | None, common: Common, labels: Sequence[str]) -> list[Condition]:
    """The study's own settings first, as `main`, then what `conditions` changes of them.

    Lists of templates, temperatures or numbers of peers stand for a condition each.
    """
    own = Keys(top.line, {name: given for name, given in top.values.items() if name in ASKING_KEYS})
    if len(_items(own, "temperature")) == 1:  # then it is the agents', who may have one of their own
        own = Keys(own.line, {name: given for name, given in own.values.items() if name != "temperature"})
    found = list(_expanded(own, own, common, labels, MAIN))
    for item in [] if value is None else value.several():
        changes = item.keys(CONDITION_KEYS, "a condition")
        if not set(changes.values) & set(ASKING_KEYS):
            raise item.fault(
                f"a condition that changes nothing; give it one or more of {', '.join(ASKING_KEYS)}"
            )
        found += _expanded(changes, Keys(item.line, {**own.values, **changes.values}), common, labels, "")
    for at, one in enumerate(found):
        for other in found[:at]:
            both = set(one.only) & set(other.only) and {p.id for p in one.pairs} & {p.id for p in other.pairs}
            if one.asked == other.asked and both:
                raise _fault(one.line, f"this condition asks what {other.name!r} asks already; leave it out")
            if one.name == other.name:
                raise _fault(one.line, f"two conditions are called {one.name!r}; give one a name of its own")
    return found


def _fault(line: int, message: str) -> Exception:
    from spinodal.pairs._entries import LineFault

    return LineFault(line, message)


def _expanded(
    changes: Keys, keys: Keys, common: Common, labels: Sequence[str], name: str
) -> Iterator[Condition]:
    """A condition for each template, number of peers and temperature that are named."""
    varied = [_items(keys, key) for key in ("template", "peers", "temperature")]
    for at, (template, peers, temperature) in enumerate(itertools.product(*varied)):
        given = dict(keys.values)
        words = []
        for key, item in (("template", template), ("peers", peers), ("temperature", temperature)):
            if item is not None:
                given[key] = item
                several = len(_items(keys, key)) > 1
                if several or (name != MAIN and key in changes):
                    text = item.text()
                    words.append(Path(text).stem if key == "template" else f"{key[0]}{text}")
        if name != MAIN:
            words += [
                f"{key}-{changes.values[key].node.value}"
                for key in ("listed", "design", "budget", "readout", "prefill", "width")
                if key in changes
            ]
        base = changes.text("name") if "name" in changes else ""
        called = (
            name
            if name and at == 0
            else "-".join([base, *words] if base and at else [base or "-".join(words)])
        )
        yield _condition(Keys(keys.line, given), common, labels, slug(called) or "condition")


def _items(keys: Keys, name: str) -> list[Value | None]:
    value = keys.get(name)
    return [None] if value is None else list(value.several())


def slug(text: str) -> str:
    """A text, fit for a folder's name."""
    # Of a number its point stays: t0.2.
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")[:40]


def _condition(keys: Keys, common: Common, labels: Sequence[str], name: str) -> Condition:
    pairs, source = read_pairs(keys.get("pairs"), common)
    template, template_source = read_template(keys.get("template"), common)
    readout, prefill, design = keys.get("readout"), keys.get("prefill"), keys.get("design")
    return Condition(
        name=name,
        line=keys.line,
        effort_line=keys.line_of("budget", "width"),
        pairs=pairs,
        pairs_source=source,
        template=template,
        template_source=template_source,
        n_peers=keys.whole("peers", DEFAULT_PEERS, least=2),
        listed=keys.switch("listed", True),
        temperature=keys.maybe_number("temperature"),
        readout="" if readout is None else readout.one_of(READOUTS),
        prefill="" if prefill is None else prefill.one_of(PREFILLS),
        design=DEFAULT_DESIGN if design is None else design.one_of(DESIGNS),
        budget=keys.maybe_whole("budget"),
        width=keys.maybe_number("width"),
        only=read_only(keys.get("only"), labels),
    )


def read_only(value: Value | None, labels: Sequence[str]) -> tuple[str, ...]:
    """Labels of the agents that something is for: all unless it names some."""
    if value is None:
        return tuple(labels)
    return tuple(dict.fromkeys(item.one_of(labels) for item in value.several()))


def read_pairs(value: Value | None, common: Common) -> tuple[tuple[OptionPair, ...], str]:
    """The pairs that a list names: sets of the bank, files, ids; and how they were named."""
    if value is None:
        return find_pairs(DEFAULT_PAIRS), ",".join(DEFAULT_PAIRS)
    found: dict[str, OptionPair] = {}
    sources = []
    for item in value.several():
        for name in filter(None, (part.strip() for part in item.text().split(","))):
            with at_line(item.line):
                for pair in find_pairs([pairs_name(name, common)]):
                    if pair.id in found:
                        raise RequestError(f"pair {pair.id!r} is named twice; name it once")
                    found[pair.id] = pair
            sources.append(name)
    return tuple(found.values()), ",".join(sources)


def pairs_name(name: str, common: Common) -> str:
    """What `find_pairs` understands of a name in the file; `RequestError` for one that nothing bears."""
    if name.endswith(_FILES):
        return str(path_in(common.folder, name))
    known = [*BANK_SETS, *(pair.id for pair in bank_pairs("all"))]
    if name not in known:
        raise RequestError(
            f"no pair or set of pairs {name!r} in the bank; the nearest is {nearest(name, known)!r} "
            "(`spinodal pairs list` shows them; files end in .yaml or .csv)"
        )
    return name


def read_template(value: Value | None, common: Common) -> tuple[PromptTemplate, str]:
    """The template that a text names, and how it was named."""
    name = DEFAULT_TEMPLATE if value is None else value.text()
    if value is None:
        return load_template(name), ""
    with at_line(value.line):
        if name in template_names():
            return load_template(name), name
        if not name.endswith((".yaml", ".yml")):
            raise RequestError(
                f"unknown template {name!r}; the nearest is {nearest(name, template_names())!r} "
                f"(known: {', '.join(template_names())}, or a .yaml file)"
            )
        return load_template(str(path_in(common.folder, name))), name
