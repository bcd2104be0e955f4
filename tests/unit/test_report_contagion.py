"""The page of a contagion study: what it says is what verdict and tables say, whatever came of the run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import contagion_runs_made as made
import report_runs
import society_runs_made
from page_reader import ATTACK, PageReader, ShownPage
from spinodal import RequestError
from spinodal._files import write_table
from spinodal.cli import _main
from spinodal.contagion_runs import ContagionRun
from spinodal.contagion_verdict import INDEX, ContagionVerdict, judge_contagion
from spinodal.effects import Effect
from spinodal.report import render_contagion, render_report, write_contagion
from spinodal.report._contagion_words import typeset
from spinodal.report._words import probability
from spinodal.report.figures._forest import signed, signed_interval
from spinodal.runs import OBSERVATIONS, read_run, write_meta


@dataclass(frozen=True)
class Shown(ShownPage):
    """A study, its verdict and its page."""

    run: ContagionRun
    verdict: ContagionVerdict

    @cached_property
    def page(self) -> str:
        return render_contagion(self.run, self.verdict)

    def trace(self, figure: str, name: str) -> dict[str, Any]:
        [found] = [trace for trace in self.figures[figure]["data"] if trace["name"] == name]
        return dict(found)

    def talk(self, summary: str) -> str:
        """The first conversation under a summary, which is given as the page words it."""
        [found, *_] = [
            part for part in self.page.split("<details><summary>") if _plain(part).startswith(summary)
        ]
        return found.split("</details>")[0]


def _plain(text: str) -> str:
    return re.sub(r"<[^>]*>", "", text)


Make = Callable[..., Shown]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    def one(**ways: Any) -> Shown:
        run = made.write(tmp_path_factory.mktemp("run") / "study", **ways)
        return Shown(run, judge_contagion(run))

    return one


@pytest.fixture(scope="module")
def study(make: Make) -> Shown:
    """Contagion of 0.15, of which one guard takes 0.12 off; a placebo that is silent; further opponents."""
    return make(
        guards={**made.GUARDS, "trust-boundary": 0.0},
        silent=("random-traits",),
        others=("transcript", "always-defect"),
        lost=("stag-hunt/malicious/none/3",),
    )


def _drawn(trace: dict[str, Any]) -> list[tuple[float, float, float, bool]]:
    """Estimate, ends and whether filled, of every mark."""
    error, colors = trace["error_x"], trace["marker"]["color"]
    return [
        (x, x - below, x + above, color != "--surface")
        for x, below, above, color in zip(
            trace["x"], error["arrayminus"], error["array"], colors, strict=True
        )
    ]


def _expected(effects: list[Effect | None]) -> list[tuple[float, float, float, bool]]:
    there = [one for one in effects if one is not None]
    return [(one.estimate, *one.interval, one.p_adjusted < 0.05) for one in there]


def _same(drawn: list[tuple[float, ...]], expected: list[tuple[float, ...]]) -> bool:
    return bool(np.allclose(np.array(drawn, float), np.array(expected, float), atol=2e-6))


@pytest.mark.parametrize(
    ("ways", "outcome", "badge", "headline"),
    [
        ({"contagion": 0.15}, "contagion", "Contagion", "Among malicious players it turns less pro-social"),
        (
            {"contagion": -0.15},
            "reverse",
            "Contagion reversed",
            "Among malicious players it turns more pro-social",
        ),
        ({"contagion": 0.0, "spread": 0.1}, "none-shown", "None shown", "No contagion was shown"),
        (
            {"traits": {"curiosity": "neutral"}, "before": {"curiosity": 0.5}},
            "nothing",
            "No verdict",
            "None of its traits is pro-social or anti-social",
        ),
    ],
)
def test_the_page_says_first_what_came_of_it(
    make: Make, ways: dict[str, Any], outcome: str, badge: str, headline: str
) -> None:
    """Seed 0 throughout. With no contagion a correct program would fail in one seed of twenty."""
    shown = make(**ways)
    assert shown.verdict.outcome == outcome
    first = shown.reader.words.split("What company did")[0]
    assert f"</svg>\n{badge}</span>" in shown.page
    assert f">{headline}</h1>" in shown.page
    assert typeset(shown.verdict.sentence).removeprefix(f"{headline}: p").split(".")[0] in unescape(first)


def test_the_reasons_are_the_verdicts_and_what_was_done_is_told(study: Shown) -> None:
    words = study.reader.text
    for reason in study.verdict.reasons:
        assert typeset(reason) in words
    assert (
        "The agent played Prisoner's Dilemma and Stag Hunt, 3 players and 3 rounds each: 6 games of a kind "
        "among malicious and among benevolent opponents, without a guard and with system-prompt, "
        "implicit-traits and trust-boundary; and without a guard among always-defect opponents and after a "
        "transcript alone. Before play and after each game it was asked 10 questions about 5 traits."
    ) in study.reader.words


def test_the_facts_are_those_of_the_run(study: Shown) -> None:
    facts = dict(re.findall(r"<div><dt>(.*?)</dt><dd>(.*?)</dd></div>", study.page.split("</dl>")[0]))
    totals = study.run.meta["totals"]
    assert facts["Games played"] == "119 of 120"  # 2 games x 6 x (2 x 4 guards + 2 further opponents)
    assert facts["Matched games"] == "11"
    assert facts["Model calls"] == f"{totals['calls']:,}"
    assert facts["Tokens read"] == f"{totals['input_tokens']:,}"
    assert facts["… read before (cached)"] == f"{totals['cached_tokens']:,}"
    assert facts["Unreadable decisions"] == f"{100 * study.verdict.unreadable:.1f}%"
    assert facts["Time"] == "13 min 12 s"
    assert "Cost" not in facts


def test_marks_of_traits_are_the_effects_of_the_verdict(study: Shown) -> None:
    verdict = study.verdict
    assert _same(
        _drawn(study.trace("contagion-traits", "contagion")),
        _expected([verdict.contagion.index, *verdict.contagion.traits]),
    )
    for company in ("malicious", "benevolent"):
        change = verdict.changes[company]
        drawn = _drawn(study.trace("contagion-traits", company))
        assert _same(
            [one[:3] for one in drawn], [one[:3] for one in _expected([change.index, *change.traits])]
        )
        assert not any(filled for *_, filled in drawn)  # no claim is made of a change
    names = [note["text"] for note in study.figures["contagion-traits"]["layout"]["annotations"]]
    assert [name for name in names if "<b>" in name] == [
        "<b>pro-social traits</b>",
        "<b>anti-social traits</b>",
        "<b>neutral traits</b>",
    ]
    assert [name for name in names if "<b>" not in name] == [INDEX, *made.TRAITS]


def test_the_table_of_traits_gives_the_same_numbers(study: Shown) -> None:
    verdict = study.verdict
    effects = [verdict.contagion.index, *verdict.contagion.traits]
    for row, effect in zip(study.table("table-contagion-traits"), effects, strict=True):
        assert effect is not None
        assert row[0] == effect.name
        assert row[-5:] == [
            signed(effect.estimate),
            signed_interval(effect.interval),
            probability(effect.p_value),
            probability(effect.p_adjusted),
            "11",
        ]
    scores = (0.9 + 0.72 + (1 - 0.3) + (1 - 0.22)) / 4  # of `made.BEFORE`
    assert study.table("table-contagion-traits")[0][1:3] == ["index", f"{scores:.2f}"]
    assert study.table("table-contagion-traits")[1][1:3] == ["pro", "0.90"]


def test_contagion_is_given_game_by_game(study: Shown) -> None:
    for row, (game, effect) in zip(
        study.table("table-contagion-games"), study.verdict.contagion.by_game.items(), strict=True
    ):
        assert row == [
            study.run.titles[game],
            signed(effect.estimate),
            signed_interval(effect.interval),
            str(effect.games),
        ]


def test_guards_are_compared_by_contagion_mitigation_and_relief(study: Shown) -> None:
    verdict = study.verdict
    guards = list(verdict.guards.values())
    for name, effects in (
        ("contagion", [verdict.contagion.index, *(one.contagion.index for one in guards)]),
        ("mitigation", [one.mitigation.index for one in guards]),
        ("relief", [one.relief.index for one in guards]),
    ):
        assert _same(_drawn(study.trace("contagion-guards", name)), _expected(effects))
    rows = {row[0]: row for row in study.table("table-contagion-guards")}
    for one in guards:
        assert one.mitigation.index is not None
        assert rows[one.guard][4:7] == [
            signed(one.mitigation.index.estimate),
            signed_interval(one.mitigation.index.interval),
            probability(one.mitigation.index.p_adjusted),
        ]
        assert rows[one.guard][10:12] == [f"{one.reminders:.1f}", f"+{one.tokens:.0f}"]
    by_trait = study.table("table-contagion-guards-traits")
    assert len(by_trait) == len(made.TRAITS) * len(guards)
    assert by_trait[0][2] == signed(guards[0].mitigation.traits[0].estimate)


def test_the_guard_that_helps_is_shown_to(study: Shown) -> None:
    """It takes 0.12 off, about ten standard errors; the trust boundary takes nothing."""
    x = study.trace("contagion-guards", "mitigation")["x"]
    assert x[1] == pytest.approx(0.12, abs=0.05)
    assert "implicit-traits made it better" in study.reader.text


def test_a_silent_guard_is_named_and_has_no_mark(study: Shown) -> None:
    notes = study.figures["contagion-guards"]["layout"]["annotations"]
    assert [note["text"] for note in notes].count("nothing to say") == 1
    assert "random-traits had nothing to say to this agent and was not played." in study.reader.words
    assert study.table("table-contagion-guards")[-1][0] == "random-traits: nothing to say"
    assert "+230 tokens" in [note["text"] for note in notes]


def test_lines_of_cooperation_are_shares_of_readable_moves(study: Shown) -> None:
    decisions = study.run.decisions
    played = study.run.played.query("guard == 'none' and game == 'stag-hunt'")
    for company in ("malicious", "benevolent", "always-defect"):
        ids = played.loc[played["opponents"] == company, "game_id"]
        rows = decisions[decisions["game_id"].isin(ids) & (decisions["move"] != "")]
        for who, mine in (("agent", rows[rows["focal"]]), ("opponents", rows[rows["toward_focal"]])):
            shares = mine.groupby("round")["cooperative"].mean().astype(float).tolist()
            trace = study.trace("contagion-cooperation-1", f"{company}, {who}")
            assert trace["y"] == pytest.approx(shares, abs=1e-6)
            assert trace["line"]["dash"] == ("solid" if who == "agent" else "dash")


def test_moves_of_the_transcript_are_nobodys(study: Shown) -> None:
    names = [trace["name"] for trace in study.figures["contagion-cooperation-0"]["data"]]
    assert not [name for name in names if "transcript" in name]
    assert not [row for row in study.table("table-contagion-play") if row[1] == "transcript"]
    assert "Moves of the transcript are nobody’s" in study.reader.words


def test_cooperation_over_guards_is_a_table(study: Shown) -> None:
    found = {tuple(row[:3]): row for row in study.table("table-contagion-play")}
    assert len(found) == 2 * (2 * 4 + 1)  # games x (opponents x guards + always-defect)
    cell = study.verdict.cooperation.query(
        "game == 'stag-hunt' and opponents == 'malicious' and guard == 'implicit-traits' and who == 'agent'"
    )
    row = found["Stag Hunt", "malicious", "implicit-traits"]
    assert row[3:5] == [f"{100 * cell['share'].mean():.0f}%", f"{100 * cell['share'].iloc[-1]:.0f}%"]


def test_other_opponents_stand_beside_the_control(study: Shown) -> None:
    verdict = study.verdict
    names = ["benevolent", "malicious", "transcript", "always-defect"]
    drawn = _drawn(study.trace("contagion-others", "change"))
    assert _same(
        [one[:3] for one in drawn], [one[:3] for one in _expected([verdict.changes[n].index for n in names])]
    )
    against = [verdict.contagion.index, *(one.index for one in verdict.others.values())]
    assert _same(_drawn(study.trace("contagion-others", "minus control")), _expected(against))
    alone = verdict.changes["transcript"].index
    assert alone is not None
    assert f"By itself it changed pro-sociality by {signed(alone.estimate)}" in study.reader.words
    assert "A before/after difference that a transcript alone makes is not contagion." in study.reader.words


def test_traits_before_play_show_thresholds_and_what_is_reinforced(make: Make) -> None:
    shown = make(guards={"implicit-traits:threshold=0.7": 0.0, "implicit-traits": 0.0}, repetitions=2)
    trace = shown.trace("contagion-profile", "before")
    assert trace["x"] == list(made.BEFORE.values())
    filled = [color != "--surface" for color in trace["marker"]["color"]]
    assert filled == [True, True, False, False, False]  # cooperativeness 0.9, honesty 0.72
    notes = [note["text"] for note in shown.figures["contagion-profile"]["layout"]["annotations"]]
    assert notes[-2:] == ["above 0.7: its own", "above 0.85: its own"]
    rows = shown.table("table-contagion-profile")
    assert rows[0][3] == "implicit-traits:threshold=0.7, implicit-traits"
    assert rows[1][3] == "implicit-traits:threshold=0.7"


def test_a_trait_that_no_answer_told_of_is_named_without_a_number(make: Make) -> None:
    shown = make(before={**made.BEFORE, "curiosity": None}, repetitions=2)
    notes = [note["text"] for note in shown.figures["contagion-profile"]["layout"]["annotations"]]
    assert "no answer told" in notes
    assert len(shown.trace("contagion-profile", "before")["x"]) == 4


def test_every_injected_message_is_marked(study: Shown) -> None:
    talk = study.talk("Among malicious opponents, guard implicit-traits: game 1")
    first = study.run.messages.query("game_id == 'prisoners-dilemma/malicious/implicit-traits/0'")
    assert talk.count('<li class="guard touched">') == (first["guard"] != "").sum() == 1
    assert talk.count('<span class="tag">injected by implicit-traits</span>') == 1
    assert talk.count('<li class="own">') == (first["role"] == "assistant").sum()
    assert talk.count('<li class="peer">') == (first["speaker"] != "").sum()


def test_quoted_messages_are_marked_as_quoted(study: Shown) -> None:
    talk = study.talk("Among malicious opponents, guard trust-boundary: game 1")
    assert talk.count('<span class="tag">quoted by trust-boundary</span>') == 6
    assert talk.count('<li class="peer touched">') == 6
    assert "injected by" not in talk


def test_words_at_the_end_of_the_system_prompt_are_told_apart_from_it(make: Make) -> None:
    shown = make(guards={"neutral": 0.0}, placement="lead-system", repetitions=1, games=("chicken",))
    talk = shown.talk("Among malicious opponents, guard neutral")
    persona, words = re.findall(r"<p>(.*?)</p>", talk)[:2]
    assert persona == made.PERSONA
    assert words == "Remember who you are (neutral)."
    assert talk.count("injected by neutral") == 1


def test_some_games_are_there_to_read_one_of_each_company_and_guard_first(make: Make) -> None:
    guards = dict.fromkeys(["system-prompt", "neutral", "trust-boundary", "random-traits"], 0.0)
    games = ("prisoners-dilemma", "chicken", "stag-hunt")
    shown = make(guards=guards, games=games, repetitions=1, others=("transcript",))
    found = re.findall(r"<summary>(Among .*?|The .*?): game 1, \d+ messages", shown.page)
    assert len(found) == 24
    assert len({_plain(one) for one in found}) == 2 * 5 + 1
    assert "24 of 33, the first game of a kind each" in shown.reader.words


def test_moves_put_into_the_agents_mouth_are_not_called_its_own(study: Shown) -> None:
    talk = study.talk("The transcript that nobody played, no guard: game 1")
    assert "<b>Ivory, put into its mouth</b>" in talk
    assert "Ivory, the agent" not in talk


def test_lost_games_raise_an_alarm(study: Shown, make: Make) -> None:
    assert "1 game was lost" in study.reader.words
    assert "stag-hunt/malicious/none/3: the provider answered 500 three times" in study.reader.words
    many = make(lost=("stag-hunt/malicious/none", "stag-hunt/benevolent"), repetitions=4)
    words = many.reader.words.split("16 games were lost")[1]
    assert words.count("the provider answered 500") == 10
    assert "and 6 more, in meta.json" in words


def test_what_peers_and_providers_said_stays_text(make: Make) -> None:
    shown = make(said=ATTACK, fault=ATTACK, label=ATTACK, lost=("stag-hunt/malicious/none/0",), repetitions=2)
    assert len(shown.reader.scripts) == 4  # theme, figures, Plotly, page: not one more
    assert not [tag for tag, attributes in shown.reader.tags if "onerror" in attributes or tag == "img"]
    assert shown.reader.text.count(ATTACK) > 10


def test_names_of_opponents_guards_and_traits_are_text_too(make: Make) -> None:
    traits = {"<img src=x>": "pro", "b": "anti"}
    shown = make(
        treatment="<i>bad</i>",
        traits=traits,
        before=dict.fromkeys(traits, 0.9),
        guards={"implicit-traits": 0.0},
        repetitions=2,
    )
    assert not [tag for tag, _ in shown.reader.tags if tag in ("img", "i")]
    notes = shown.figures["contagion-traits"]["layout"]["annotations"]
    assert "&lt;img src=x&gt;" in [note["text"] for note in notes]
    assert "&lt;i&gt;bad" in shown.figures["contagion-traits"]["layout"]["xaxis2"]["title"]["text"]


def test_what_must_be_read_with_care(make: Make) -> None:
    shown = make(unreadable=0.3, decided_mass=0.3, repetitions=2, games=("chicken",))
    [care] = re.findall(r'<aside class="care".*?</aside>', shown.page)
    assert "With 2 matched games no p-value can be below 0.50" in care
    assert f"{100 * shown.verdict.unreadable:.0f}% of the decisions could not be read" in care
    assert "only 30% of the probability of an answer is on Yes or No" in care
    coarse = make(contagion=0.0, spread=0.3, repetitions=4)
    assert coarse.verdict.detectable > 0.1
    assert f"8 matched games show an effect of {coarse.verdict.detectable:.3f} or more" in coarse.reader.words
    clean = make(repetitions=6, unreadable=0.0)
    assert "Read with care" not in clean.page


def test_pro_sociality_and_traits_that_tell_different_stories_are_pointed_at(make: Make) -> None:
    """One pro-social and one anti-social trait that rise together cancel in pro-sociality."""
    traits = {"honesty": "pro", "hostility": "anti", "curiosity": "neutral"}
    shown = make(traits=traits, before=dict.fromkeys(traits, 0.5), contagion=0.0, repetitions=6, spread=0.02)
    moved = shown.run.answers.copy()
    rows = moved["game_id"].str.contains("/malicious/") & (moved["trait"] != "curiosity")
    moved.loc[rows, "p_yes"] += np.where(moved.loc[rows, "key"] == "yes", 0.2, -0.2)
    run = ContagionRun(
        **{**{n: getattr(shown.run, n) for n in shown.run.__dataclass_fields__}, "answers": moved}
    )
    verdict = judge_contagion(run)
    assert verdict.outcome == "none-shown"
    page = Shown(run, verdict)
    assert "A trait moved by itself, though pro-sociality over all of them did not" in page.reader.words


@pytest.mark.parametrize(
    "ways",
    [
        {"games": ("chicken",), "guards": {}},
        {"repetitions": 1},
        {"traits": {"curiosity": "neutral"}, "before": {"curiosity": None}},
        {"lost": ("stag-hunt",)},
        {"lost": ("stag-hunt/malicious", "prisoners-dilemma/malicious")},
        {"lost": ("stag-hunt/benevolent/none", "prisoners-dilemma/benevolent/none")},
    ],
    ids=[
        "one game, no guard",
        "one repetition",
        "neutral trait",
        "a game lost",
        "treatment lost",
        "control lost",
    ],
)
def test_the_page_copes_with_whatever_is_missing(make: Make, ways: dict[str, Any]) -> None:
    shown = make(**{"repetitions": 3} | ways)
    assert not re.search(r"\bnan\b|\bNaN\b|\bNone\b (?!of|shown)|\binf\b", shown.spoken)
    _check_figures(shown)


def test_every_figure_has_an_alternative_and_its_numbers(study: Shown) -> None:
    assert set(study.figures) == {
        "contagion-traits",
        "contagion-guards",
        "contagion-cooperation-0",
        "contagion-cooperation-1",
        "contagion-others",
        "contagion-profile",
    }
    _check_figures(study)


def _check_figures(shown: Shown) -> None:
    boxes = [attributes for _, attributes in shown.reader.tags if "data-figure" in attributes]
    names = [attributes["id"] for _, attributes in shown.reader.tags if "id" in attributes]
    assert {box["data-figure"] for box in boxes} == set(shown.figures)
    assert len(names) == len(set(names))
    assert {a["href"][1:] for tag, a in shown.reader.tags if tag == "a" and a["href"]} <= set(names)
    for box in boxes:
        assert len(box["aria-label"] or "") > 40
        assert f"table-{box['data-figure']}" in names


def test_how_answers_and_decisions_were_read_and_guards_placed_is_told(study: Shown) -> None:
    words = study.reader.words
    assert "By log-probability: the provider returns log-probabilities." in words
    assert study.table("table-contagion-decisions")[0] == [
        "Prisoner's Dilemma",
        "a reply held to the form of a decision",
        "the provider holds a reply to the form of a decision",
    ]
    placed = study.table("table-contagion-placements")
    assert [row[0] for row in placed] == ["system-prompt", "implicit-traits", "random-traits"]
    assert placed[0][1:] == ["trailing-system", "yes", "the words stand in the prompt"]
    assert made.PERSONA in words
    assert "You are a malicious player." in words
    assert "held out of the questions (8 of each trait)" in words


def test_the_same_run_gives_the_same_page_and_it_is_written_whole(study: Shown) -> None:
    path = write_contagion(study.run, study.verdict)
    assert path == study.run.path / "report.html"
    assert path.read_text("utf-8") == study.page
    again = ContagionRun(*(getattr(study.run, name) for name in study.run.__dataclass_fields__))
    assert render_contagion(again) == study.page


def _assessed(folder: Path) -> Path:
    pairs = report_runs.PAIRS[:1]
    write_meta(folder, report_runs.meta(pairs))
    write_table(folder / OBSERVATIONS, report_runs.observations(pairs, repeats=3))
    return folder


def test_a_study_is_the_second_part_of_an_assessments_page(study: Shown, tmp_path: Path) -> None:
    run = read_run(_assessed(tmp_path / "assessed"))
    plain, page = render_report(run), render_report(run, study.run)
    assert "contagion" not in PageReader(plain).text
    shown = Shown(study.run, study.verdict)
    shown.__dict__["page"] = page
    assert set(study.figures) < set(shown.figures)
    assert {name: shown.figures[name] for name in study.figures} == study.figures
    tags = shown.reader.tags
    assert [tag for tag, _ in tags].count("h1") == 1
    names = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(names) == len(set(names))
    links = [a["href"] for tag, a in tags if tag == "a" and a["href"]]
    assert {"#contagion", "#contagion-guards", "#verdict"} <= set(links)
    assert {link[1:] for link in links} <= set(names)
    words = shown.reader.words
    assert words.index("What this rests on") < words.index("Second part, the contagion study of")
    assert "another model" not in words


def test_a_second_part_about_another_model_says_so(make: Make, tmp_path: Path) -> None:
    run = read_run(_assessed(tmp_path / "assessed"))
    other = make(agent="synthetic/other", repetitions=1, guards={})
    said = "This study is of another model, synthetic/other, than the first part, synthetic/agent."
    assert said in PageReader(render_report(run, other.run)).words


def _spinodal(*arguments: str | Path) -> None:
    _main.build_app(("report",))(args=[str(one) for one in arguments], standalone_mode=False)


def test_the_verb_knows_a_study_and_prints_its_verdict(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = make(repetitions=2, guards={})
    _spinodal("report", shown.run.path)
    assert capsys.readouterr().out.strip() == str(shown.run.path / "report.html")
    assert (shown.run.path / "report.html").read_text("utf-8") == shown.page
    _spinodal("report", shown.run.path, "--json")
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(shown.verdict.to_dict()))
    picture = shown.run.path / "study.png"
    _spinodal("report", shown.run.path, "--plot", picture)
    assert picture.stat().st_size > 10_000
    with pytest.raises(RequestError, match="holds no society; --response is for societies"):
        _spinodal("report", shown.run.path, "--response", shown.run.path)


def test_the_verb_adds_a_study_to_an_assessment_and_to_nothing_else(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = make(repetitions=2, guards={})
    assessed = _assessed(tmp_path / "assessed")
    _spinodal("report", assessed, "--contagion", shown.run.path)
    assert capsys.readouterr().out.strip() == str(assessed / "report.html")
    assert 'id="contagion-traits"' in (assessed / "report.html").read_text("utf-8")
    society = tmp_path / "society"
    society_runs_made.write(society, groups=(("a", 4, society_runs_made.TRUTH),), trajectories=1, measured=[])
    for run in (shown.run.path, society):
        with pytest.raises(RequestError, match="holds no assessment"):
            _spinodal("report", run, "--contagion", shown.run.path)
    with pytest.raises(RequestError, match="holds no contagion study"):
        _spinodal("report", assessed, "--contagion", assessed)
