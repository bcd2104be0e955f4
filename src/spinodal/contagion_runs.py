"""The run folder of a contagion study: what it leaves behind, and how it is read back.

meta.json          every input, version, seed and digest; what was settled before the first game
games.parquet      a row a game (`tables.GAME_COLUMNS`)
decisions.parquet  a row a decision toward one opponent (`tables.DECISION_COLUMNS`)
answers.parquet    a row a question about traits, before and after play (`tables.ANSWER_COLUMNS`)
messages.parquet   a row a message, as the agent under study was shown it (`tables.MESSAGE_COLUMNS`)
before/            the assessment before play: its log, and finished calls while it is not done
logs/*.eval        Inspect logs: every prompt and reply
report.html        the page
cache/             finished model calls, while the run is not done
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spinodal._errors import RequestError
from spinodal.runs import META, read_meta
from spinodal.traits import SIGN

if TYPE_CHECKING:
    import pandas as pd

GAMES: Final = "games.parquet"
DECISIONS: Final = "decisions.parquet"
ANSWERS: Final = "answers.parquet"
MESSAGES: Final = "messages.parquet"
BEFORE: Final = "before"

TRANSCRIPT: Final = "transcript"
"""The opponents of a game that nobody plays: its transcript alone is put before the agent."""


@dataclass(frozen=True)
class ContagionRun:
    """A study's run folder, read. Whatever is computed from it is computed anew, never read back."""

    path: Path
    meta: Mapping[str, Any]
    games: pd.DataFrame
    decisions: pd.DataFrame
    answers: pd.DataFrame
    messages: pd.DataFrame

    @property
    def name(self) -> str:
        """What pages call the run: its agent's label."""
        return str(self.meta["request"]["agent"]["label"])

    @property
    def treatment(self) -> str:
        """The opponents whose effect is asked for."""
        return str(self.meta["request"]["treatment"]["name"])

    @property
    def control(self) -> str:
        """The opponents they are compared with."""
        return str(self.meta["request"]["control"]["name"])

    @property
    def others(self) -> list[str]:
        """Further opponents."""
        return [str(one["name"]) for one in self.meta["request"]["others"]]

    @property
    def model_companies(self) -> list[str]:
        """Opponents that are model agents."""
        request = self.meta["request"]
        companies = [request["treatment"], request["control"], *request["others"]]
        return [str(one["name"]) for one in companies if "system_prompt" in one]

    @property
    def guards(self) -> list[str]:
        """Guards, "none" first."""
        return [str(guard) for guard in self.meta["request"]["guards"]]

    @property
    def game_names(self) -> list[str]:
        """Games that are played, in order."""
        return [str(game["name"]) for game in self.meta["request"]["games"]]

    @property
    def titles(self) -> Mapping[str, str]:
        """Title of each game, by its name."""
        return {str(game["name"]): str(game["title"]) for game in self.meta["request"]["games"]}

    @property
    def rounds(self) -> int:
        """Rounds of a game."""
        return int(self.meta["request"]["rounds"])

    @cached_property
    def valence(self) -> Mapping[str, str]:
        """ "pro", "anti" or "neutral", by trait, in the order of the inventory."""
        return {str(name): str(valence) for name, valence in self.meta["request"]["traits"].items()}

    @property
    def signs(self) -> Mapping[str, int]:
        """Direction of each trait in pro-sociality: 1, -1 or 0."""
        return {name: SIGN[valence] for name, valence in self.valence.items()}

    @property
    def profile(self) -> Mapping[str, float]:
        """The agent's traits before play; NaN where no answer told."""
        return {
            name: float("nan") if score is None else float(score)
            for name, score in self.meta["profile"].items()
        }

    @property
    def core_traits(self) -> Mapping[str, list[str]]:
        """Traits that each guard by implicit traits reinforces, strongest first; only of such guards."""
        return dict(self.meta["core_traits"])

    @property
    def failures(self) -> list[dict[str, str]]:
        """Games that were lost: `{"game": id, "message": why}`."""
        return list(self.meta.get("failures", []))

    @property
    def skipped(self) -> Mapping[str, str]:
        """Guards that had nothing to say to this agent, and why; their games were not played."""
        rows = self.games[self.games["end"] == "skipped"]
        return dict(zip(rows["guard"], rows["why"], strict=True))

    @property
    def played(self) -> pd.DataFrame:
        """Games that came to their end, their traits asked."""
        return self.games[self.games["end"] == "played"]

    @property
    def question_tokens(self) -> tuple[float, float]:
        """Tokens of a question after play: read, on average; and new to the provider, at the median."""
        rows = self.answers[self.answers["game_id"] != ""]
        read = rows["input_tokens"]
        return float(read.mean()), float((read - rows["cached_tokens"]).median())

    @cached_property
    def after(self) -> pd.DataFrame:
        """Scores after play: a row a played game (index: its id), a column a trait; NaN if nothing told."""
        import pandas as pd

        from spinodal.traits import Profile, Statement

        rows = self.answers[self.answers["game_id"] != ""]
        scores = {}
        for game, answers in rows.groupby("game_id", sort=False):
            told = zip(answers["statement"], answers["trait"], answers["key"], answers["p_yes"], strict=True)
            scores[game] = Profile.of((Statement(text, trait, key), p) for text, trait, key, p in told).scores
        table = pd.DataFrame.from_dict(scores, orient="index", columns=list(self.valence))
        return table.reindex(self.played["game_id"]).astype(float)


def is_contagion(folder: Path) -> bool:
    """Whether a run folder is that of a contagion study."""
    return (folder / META).is_file() and "treatment" in read_meta(folder)["request"]


def read_contagion(path: str | Path) -> ContagionRun:
    """Read the run folder of a contagion study.

    Raises:
        RequestError: no such folder, another kind of run, or no game finished yet.
    """
    import pandas as pd

    folder = Path(path)
    if not folder.is_dir():
        raise RequestError(f"no run folder at {folder}; `spinodal contagion --run {folder}` would make it")
    if not is_contagion(folder):
        raise RequestError(
            f"{folder} holds no contagion study; name a folder that `spinodal contagion` wrote"
        )
    if not (folder / GAMES).is_file():
        raise RequestError(f"the study in {folder} has not come to its end yet; run its command again")
    try:
        tables = [pd.read_parquet(folder / name) for name in (GAMES, DECISIONS, ANSWERS, MESSAGES)]
    except (OSError, ValueError) as error:
        raise RequestError(f"cannot read the tables in {folder}: {error}; run the command again") from error
    return ContagionRun(folder, read_meta(folder), *tables)
