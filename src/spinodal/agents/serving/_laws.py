"""What stands behind a served model: a law for each option pair, as the prompt names it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from inspect_ai.model import ChatMessage, GenerateConfig, Logprob

from spinodal._errors import RequestError
from spinodal._files import read_table
from spinodal.agents._law import read_law
from spinodal.agents._sight import Opinion, see
from spinodal.agents._synthetic import SyntheticAPI, SyntheticResponse
from spinodal.pairs import OptionPair

Options = tuple[str, str]
"""Texts of option A and option B, as prompts write them."""

_OTHER: dict[Opinion, Opinion] = {"A": "B", "B": "A", "": ""}


@dataclass(frozen=True)
class Law(SyntheticResponse):
    """A synthetic response that holds at a temperature of choice: the population's response there is exact.

    A study at temperature 0.2 fits the (beta, h) of that temperature. An agent whose log-odds at 1 are `at`
    times those of the law shows just these when it is sampled at `at`.

    Raises:
        RequestError: a value out of range; `at` that is no number above 0.
    """

    at: float = 1.0
    """Temperature at which beta, h and the noise hold."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (math.isfinite(self.at) and self.at > 0):
            raise RequestError(f"synthetic agent: at is {self.at}; give a temperature above 0")

    @classmethod
    def parse(cls, text: str) -> Law:
        """Read `beta=2/h=0.3/at=0.2/...` (commas do as well); an empty text gives the defaults."""
        return cls(**read_law(cls, text, "synthetic agent"))

    def probability(self, m: float, uniform: float, own: Opinion = "", reminded: bool = False) -> float:
        """Probability of A at temperature 1 for a prompt of magnetization `m`; see `SyntheticResponse`."""
        a = super().probability(m, uniform, own, reminded)
        if self.at == 1.0:
            return a
        # The mirrored agent tells 1 - a with all its digits, of which a number next to 1 has none left.
        b = self._mirrored.probability(-m, 1.0 - uniform, _OTHER[own], reminded)
        log_odds = self.at * (math.log(a) - math.log(b))
        return 1 / (1 + math.exp(-max(min(log_odds, 700.0), -700.0)))

    @cached_property
    def _mirrored(self) -> SyntheticResponse:
        """The same agent with A and B exchanged, at its own temperature."""
        values = {one.name: getattr(self, one.name) for one in fields(SyntheticResponse)}
        return SyntheticResponse(**values | {"h": -self.h, "heeds": -self.heeds})


@dataclass(frozen=True)
class ServedModel:
    """A model of a server.

    Args:
        name: as requests give it.
        laws: what it does about a pair, by the texts of its options.
        otherwise: what it does about any other pair of the bank or of `pairs`; None is not to know it, and
            to answer with status 400.
        pairs: pairs beside the bank's that `otherwise` is to know.

    Raises:
        RequestError: a model without any law; options that can be no pair.
    """

    name: str
    laws: Mapping[Options, Law] = field(default_factory=dict)
    otherwise: Law | None = None
    pairs: Sequence[OptionPair] = ()

    def __post_init__(self) -> None:
        if not self.laws and self.otherwise is None:
            raise RequestError(f"model {self.name!r} has no law; give it one, as in beta=2/h=0.3")
        _ = self.known_pairs

    @property
    def known_pairs(self) -> tuple[OptionPair, ...]:
        """The pairs that are its own, those with a law first."""
        with_law = (OptionPair(f"law-{n}", "served", a, b) for n, (a, b) in enumerate(self.laws))
        return (*with_law, *self.pairs)

    def without_logprobs(self) -> ServedModel:
        """The same, never returning log-probabilities."""
        quiet = {options: replace(law, logprobs=False) for options, law in self.laws.items()}
        otherwise = None if self.otherwise is None else replace(self.otherwise, logprobs=False)
        return replace(self, laws=quiet, otherwise=otherwise)


class ServedAPI(SyntheticAPI):
    """The synthetic agent, with a law a pair."""

    def __init__(self, model: ServedModel) -> None:
        super().__init__("", pairs=[pair.to_dict() for pair in model.known_pairs])
        self.model_name = model.name  # noise belongs to model and prompt, so that two models differ in theirs
        self._served = model
        by_options: dict[Options, OptionPair] = {}
        for pair in self._pairs:
            by_options.setdefault(pair.options, pair)
        self._known = tuple(by_options.values())

    def _answer(
        self, conversation: Sequence[ChatMessage], config: GenerateConfig
    ) -> tuple[list[str], list[Logprob]]:
        asked = next((message.text for message in reversed(conversation) if message.role == "user"), "")
        sight = see(asked, self._known)
        self.response = self._law_for(sight.pair if sight else None)
        self._pairs = (sight.pair,) if sight else self._known  # to look once among so many is enough
        return super()._answer(conversation, config)

    def _law_for(self, pair: OptionPair | None) -> SyntheticResponse:
        """Its law for a pair; for a message about none, as a trait's statement, any of them will do."""
        laws, otherwise = self._served.laws, self._served.otherwise
        law = (laws.get(pair.options) if pair else None) or otherwise
        if law is None and pair:
            raise RequestError(f"model {self.model_name!r} has no law for {' or '.join(pair.options)}")
        return law or next(iter(laws.values()))


def read_models(
    path: str | Path, *, at: float = 1.0, otherwise: Law | None = None, pairs: Sequence[OptionPair] = ()
) -> list[ServedModel]:
    """Read models from a table of fits: `model, option_a, option_b, beta, h` and any more of a law's numbers.

    What `spinodal fit` and an assessment's `fits.parquet` write can be served as it is, and so can published
    fits. Columns that name no number of a law are left alone, and so is an empty cell.

    Args:
        path: a CSV or Parquet file.
        at: the temperature at which the fits hold, where neither a column `at` nor `temperature` says it.
        otherwise: what every model does about a pair that the table lacks.
        pairs: pairs beside the bank's that `otherwise` is to know.

    Returns:
        The models in the order of their first rows.

    Raises:
        RequestError: no such file, a column that is missing, a value that is none, a pair that comes twice.
    """
    table = read_table(Path(path))
    if "at" not in table:
        table = table.rename(columns={"temperature": "at"})
    required = ("model", "option_a", "option_b", "beta", "h")
    if missing := [name for name in required if name not in table]:
        raise RequestError(f"{path} lacks the column {missing[0]!r}; a law has {', '.join(required)}")
    numbers = [one.name for one in fields(Law) if one.name in table and not isinstance(one.default, bool)]
    models: dict[str, dict[Options, Law]] = {}
    for number, row in enumerate(table.to_dict("records"), start=1):
        laws = models.setdefault(str(row["model"]), {})
        options = (str(row["option_a"]), str(row["option_b"]))
        if options in laws:
            raise RequestError(f"{path}, row {number}: {row['model']} has {' or '.join(options)} twice")
        laws[options] = _law(row, numbers, at, f"{path}, row {number}")
    return [ServedModel(name, laws, otherwise, pairs) for name, laws in models.items()]


def _law(row: Mapping[Any, Any], numbers: Sequence[str], at: float, where: str) -> Law:
    values: dict[str, Any] = {"at": at}
    for name in numbers:
        try:
            value = float(row[name])
        except (TypeError, ValueError):
            raise RequestError(f"{where}: {name} is {row[name]!r}; give a number") from None
        if not math.isnan(value):
            values[name] = value
        elif name in ("beta", "h"):
            raise RequestError(f"{where}: {name} is empty; give a number")
    try:
        return Law(**values)
    except RequestError as error:
        raise RequestError(f"{where}: {error}") from None
