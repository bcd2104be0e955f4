"""`spinodal society`, and `tip` and `hysteresis` on real agents: what their options ask for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spinodal import RequestError
from spinodal.agents import AgentSpec
from spinodal.cli._groups import groups_of
from spinodal.cli._main import run
from spinodal.response import TanhResponse
from spinodal.society_runs import SocietyRun, read_society
from spinodal.theory import hysteresis, zealots_swept

MODEL = ("--model", "synthetic/beta=2/h=0.1", "--pair", "season")
SHORT = ("--agents", "6", "--sweeps", "2", "--trajectories", "1", "--no-predict")


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    return run(arguments), *capsys.readouterr()


def _lived(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> SocietyRun:
    code, _, err = _said(capsys, *arguments, "--run", str(folder))
    assert code == 0, err
    return read_society(folder)


@pytest.fixture
def personas(tmp_path: Path) -> list[str]:
    """Two files with a persona each: calm.txt and bold.txt."""
    for name in ("calm", "bold"):
        (tmp_path / f"{name}.txt").write_text(f"Be {name}.\n")
    return [str(tmp_path / f"{name}.txt") for name in ("calm", "bold")]


def test_groups_take_a_persona_and_settings_of_their_own(personas: Sequence[str]) -> None:
    calm, bold = personas
    common = AgentSpec(model="synthetic/beta=2", system_prompt="Be.", temperature=0.5)
    texts = [
        f"7:{calm}",
        f"2:persona={bold},model=synthetic/beta=3/h=0.1,temperature=1.5,name=loud",
        "3:name=rest",
    ]
    first, second, third = groups_of(texts, common, None)
    assert (first.agents, second.agents, third.agents) == (7, 2, 3)
    assert first.agent == replace(common, system_prompt="Be calm.", label="calm")
    assert second.agent == AgentSpec(
        model="synthetic/beta=3/h=0.1", system_prompt="Be bold.", temperature=1.5, label="loud"
    )
    assert third.agent == replace(common, label="rest")


@pytest.mark.parametrize(
    ("shares", "agents", "expected"),
    [
        (("50%", "50%"), 20, [10, 10]),
        (("50%", "50%"), None, [10, 10]),
        (("70%", "30%"), 10, [7, 3]),
        (("33.3%", "66.7%"), 10, [3, 7]),
        (("25%", "75%"), 9, [2, 7]),
    ],
)
def test_shares_of_a_society_add_up_to_it(
    personas: Sequence[str], shares: Sequence[str], agents: int | None, expected: list[int]
) -> None:
    texts = [f"{share}:{file}" for share, file in zip(shares, personas, strict=True)]
    assert [group.agents for group in groups_of(texts, AgentSpec(), agents)] == expected


@pytest.mark.parametrize(
    ("texts", "agents", "said"),
    [
        (["5:nosuch.txt"], None, "cannot read the persona in nosuch.txt"),
        (["five:CALM"], None, "is not AGENTS:PERSONA-FILE"),
        (["CALM"], None, "is not AGENTS:PERSONA-FILE"),
        (["5:CALM,colour=red"], None, "'colour=red' is no setting"),
        (["5:CALM,BOLD"], None, "is no setting of its own"),
        (["5:CALM,temperature=hot"], None, "a temperature of 'hot'"),
        (["0:CALM", "5:BOLD"], None, "0 agents in a group"),
        (["5:CALM", "50%:BOLD"], None, "some are shares"),
        (["30%:CALM", "50%:BOLD"], None, "add up to 80%"),
        (["nan%:CALM", "50%:BOLD"], None, "add up to nan%"),
        (["5:CALM", "5:BOLD"], 12, "the groups have 10 together"),
    ],
)
def test_groups_that_are_none_are_refused(
    personas: Sequence[str], texts: Sequence[str], agents: int | None, said: str
) -> None:
    calm, bold = personas
    typed = [text.replace("CALM", calm).replace("BOLD", bold) for text in texts]
    with pytest.raises(RequestError, match=said):
        groups_of(typed, AgentSpec(), agents)


def test_a_society_lives_and_prints_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    asked = ("society", *MODEL, "--agents", "6", "--sweeps", "2", "--trajectories", "2", "--m0=-1,0.5")
    code, out, err = _said(capsys, *asked, "--run", str(folder), "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    society = read_society(folder)
    assert found["run"] == str(folder)
    assert found["failures"] == []
    assert found["totals"]["calls"] == society.meta["totals"]["calls"] > 0
    assert found["sentence"]
    assert (folder / "report.html").is_file()
    words = ["spinodal", *asked[:-1], "--m0", "-1,0.5", "--run", str(folder)]
    assert sorted(society.meta["command"]) == sorted(words)
    # all B at the start is at rest: no model is asked
    assert society.trajectories.set_index("m0")["updates"].groupby("m0").sum()[-1.0] == 0

    before = (folder / "meta.json").read_bytes()
    code, out, err = _said(capsys, *society.meta["command"][1:])
    assert code == 0
    assert (folder / "meta.json").read_bytes() == before  # the command as recorded finds the run finished
    assert "4 societies of 6 agents on season, 2 sweeps each: at most 48 updates, 48 calls" in err
    assert found["sentence"] in out
    assert f"Report: {folder / 'report.html'}" in out


def test_elsewhere_than_on_a_terminal_a_trajectory_is_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = _said(capsys, "society", *MODEL, *SHORT, "--m0", "0,1", "--run", str(tmp_path / "run"))
    assert code == 0
    lines = [line for line in err.splitlines() if line.startswith("  trajectory")]
    assert sorted(lines)[1].startswith("  trajectory 1 from m0 = +1.00: all agree after 0 updates")
    assert sorted(lines)[0].startswith("  trajectory 0 from m0 = +0.00: ")
    assert len(lines) == 2


def test_every_option_reaches_the_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], personas: Sequence[str]
) -> None:
    wording = tmp_path / "words.yaml"
    wording.write_text(
        'own: "You hold [{opinion}]."\nremark: "says {argument}"\nask: "Why?"\npersuader: "[{opinion}]!"\n'
    )
    asked = (
        *("society", "--model", "synthetic/beta=2/h=0.1", "--pair", "season", "--template", "study"),
        *("--group", f"4:{personas[0]}", "--group", f"8:{personas[1]},temperature=0.7"),
        *("--graph", "ring-of-cliques:cliques=3", "--zealots-on", "degree", "--shown", "2"),
        *("--stage", "1:0:0", "--stage", "1:0:3", "--toward", "B", "--adversaries", "persuaders"),
        *("--memory", "exchanges:2", "--arguments", "--wording", str(wording)),
        *("--m0", "0.5", "--trajectories", "1", "--no-stop-at-consensus", "--on-abstention", "go-on"),
        *("--seed", "5", "--no-listed", "--readout", "sample", "--prefill", "off", "--label", "mixed"),
        *("--no-predict", "--at-once", "1", "--retries", "0", "--max-connections", "2"),
    )
    request = _lived(capsys, tmp_path / "run", *asked).meta["request"]
    assert [(g["name"], g["agents"], g["agent"]["temperature"]) for g in request["groups"]] == [
        ("calm", 4, 1.0),
        ("bold", 8, 0.7),
    ]
    assert request["stages"] == [
        {"sweeps": 1.0, "zealots_a": 0, "zealots_b": 0},
        {"sweeps": 1.0, "zealots_a": 0, "zealots_b": 3},
    ]
    assert request["graph"]["nodes"] == 15
    assert request["placement"]["kind"] == "ByDegree"
    expected = {
        "experiment": "society", "toward": "B", "template": "study", "shown": 2, "memory": "exchanges:2",
        "arguments": True, "adversaries": "persuaders", "m0": [0.5], "trajectories": 1,
        "stop_at_consensus": False, "on_abstention": "go-on", "seed": 5, "listed": False,
        "readout": "sample", "prefill": "off", "label": "mixed", "predict": False,
    }  # fmt: skip
    assert {name: request[name] for name in expected} == expected


def test_a_tip_of_real_agents_starts_against_the_zealots_who_join_and_leave(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("tip", *MODEL, "--agents", "10", "--toward", "A", "--zealots", "3", "--trajectories", "1")
    times = ("--before", "1", "--hold", "2", "--after", "1")
    society = _lived(capsys, tmp_path / "run", *asked, *times, "--no-predict")
    assert society.experiment == "tip"
    assert society.toward == "A"
    assert [(s.sweeps, s.zealots_a, s.zealots_b) for s in society.stages] == [(1, 0, 0), (2, 3, 0), (1, 0, 0)]
    assert society.m0.tolist() == [-0.6]
    assert society.counts[0, 0] == 2  # 80% of 10 are for B
    assert not society.stop_at_consensus


def test_a_hysteresis_of_real_agents_takes_the_steps_of_the_theory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("hysteresis", *MODEL, "--agents", "6", "--zealots", "4", "--by", "2", "--trajectories", "1")
    times = ("--sweeps-per-step", "2", "--equilibrate", "1")
    society = _lived(capsys, tmp_path / "run", *asked, *times, "--no-predict")
    assert society.experiment == "hysteresis"
    assert [stage.zealots_a - stage.zealots_b for stage in society.stages] == zealots_swept(4, 2)
    assert [stage.sweeps for stage in society.stages] == [3, *[2] * 9]
    assert society.m0.tolist() == [-1.0]
    loop = hysteresis(TanhResponse(2, 0.1), 6, 4, by=2, settle=1, sample=1)
    assert [*loop.zealots, *loop.zealots[::-1]] == zealots_swept(4, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tip", "--beta", "2", "--h", "0", "--memory", "own-opinion"), "--memory is about real agents"),
        (("tip", "--beta", "2", "--h", "0", "--before", "3"), "--before is about real agents"),
        (("tip", *MODEL, "--zealots", "3", "--beta", "2"), "--beta is the theory's"),
        (("tip", *MODEL, "--zealots", "3", "--plot", "x.png"), "--plot is the theory's"),
        (("tip", *MODEL), "how many zealots join"),
        (("tip", *MODEL, "--zealots", "3", "--hold", "2.5"), "a stage of 2.5 sweeps"),
        (("tip", "--model", "synthetic/beta=2", "--zealots", "3"), "which option pair?"),
        (("hysteresis", *MODEL, "--zealots", "3", "--settle", "4"), "--settle is the theory's"),
        (("hysteresis", *MODEL, "--zealots", "3", "--sweeps-per-step", "1"), "1 sweeps a step"),
        (("hysteresis", *MODEL, "--zealots", "3", "--by", "4"), "a step from 1 to 3"),
        (("hysteresis", *MODEL, "--zealots", "3", "--equilibrate", "-1"), "-1 sweeps to equilibrate"),
        (
            ("hysteresis", "--beta", "2", "--h", "0", "--zealots", "3", "--at-once", "2"),
            "--at-once is about real",
        ),
    ],
)
def test_theory_and_real_agents_are_not_mixed(
    arguments: Sequence[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    toward = ("--toward", "B") if arguments[0] == "tip" else ()
    code, out, err = _said(capsys, *arguments, "--agents", "10", *toward)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "verb",
    [
        ("society", *MODEL),
        ("tip", *MODEL, "--agents", "20", "--toward", "B", "--zealots", "5"),
        ("hysteresis", *MODEL, "--agents", "20", "--zealots", "5"),
    ],
    ids=["society", "tip", "hysteresis"],
)
def test_a_plan_says_what_it_takes_and_writes_nothing(
    verb: Sequence[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = _said(capsys, *verb, "--plan")
    assert (code, err) == (0, "")
    assert "tokens of the longest prompt" in out
    assert "Nothing was spent." in out
    assert list(tmp_path.iterdir()) == []


def test_failed_trajectories_are_one_line_after_the_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import spinodal.societies

    lived = _lived(capsys, tmp_path / "run", "society", *MODEL, *SHORT)

    def with_a_failure(*arguments: Any) -> SocietyRun:
        failures = [{"trajectory": 1, "message": "the server went away"}]
        return replace(lived, meta={**lived.meta, "failures": failures})

    monkeypatch.setattr(spinodal.societies, "run_society", with_a_failure)
    code, out, err = _said(capsys, "society", *MODEL, *SHORT, "--run", str(tmp_path / "run"))
    assert code == 1
    assert "Report: " in out
    assert err.splitlines()[-1] == (
        "spinodal: 1 of 3 trajectories failed: the server went away; the same command tries them again"
    )


def test_a_price_is_known_where_it_is_given_or_nothing_is_paid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("society", "--pair", "season", "--plan")
    assert "$0.00" in _said(capsys, *asked, "--model", "synthetic/beta=2")[1]
    assert "no price known" in _said(capsys, *asked, "--model", "openai/gpt-4o-mini")[1]
    assert "$0.00" not in _said(capsys, *asked, "--model", "openai/gpt-4o-mini", "--price", "1", "2")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--graph", "ring.edges", "--agents", "7"), "--agents 7 on a graph of 4 nodes"),
        (("--graph", "ring.edges", "--group", "5:name=x"), "--agents 5 on a graph of 4 nodes"),
        (("--graph", "ring-of-cliques:cliques=3", "--agents", "10"), "10 nodes make no 3 cliques"),
        (("--graph", "nosuch.edges"), "nosuch.edges"),
        (("--graph", "ring.edges", "--zealots-on", "hubs"), "--zealots-on: "),
        (("--graph", "ring.edges", "--shown", "3"), "has 2 peers at most; give 1 to 2"),
        (("--zealots-on", "degree"), "without a graph to sit on"),
        (("--system-prompt-file", "nosuch.txt"), "cannot read the persona in nosuch.txt"),
        (("--pair", "nosuch"), "no pair has the id 'nosuch'"),
        (("--pair", "safety"), "'safety' names 32 pairs"),
        (("--pair", "nosuch.yaml"), "nosuch.yaml"),
        (("--template", "nosuch"), "unknown template"),
        (("--template", "counts", "--arguments"), "nobody can read an argument"),
        (("--wording", "nosuch.yaml"), "cannot read the wording in nosuch.yaml"),
        (("--memory", "elephant"), "a memory of 'elephant'"),
        (("--memory", "exchanges:0"), "a memory of 0 exchanges"),
        (("--adversaries", "loud"), "zealots of the kind 'loud'"),
        (("--adversaries", "persuaders"), "persuaders, but no zealots"),
        (("--zealots", "3"), "which option do the 3 zealots hold?"),
        (("--zealots", "3", "--toward", "C"), "--toward C is no option"),
        (("--zealots", "-3", "--toward", "B"), "-3 zealots in a stage"),
        (("--stage", "3:0:2", "--sweeps", "4"), "leave --sweeps and --zealots out"),
        (("--stage", "3:0"), "is not SWEEPS:ZEALOTS_A:ZEALOTS_B"),
        (("--shown", "30"), "an agent has 19 peers at most; give 1 to 19"),
        (("--shown", "0"), "agents shown 0 peers"),
        (("--m0", "1.5"), "a starting magnetization of 1.5"),
        (("--m0", "low"), "--m0 low is no list of numbers"),
        (("--m0", "0,0"), "give each once"),
        (("--sweeps", "0"), "the stages last no sweep"),
        (("--trajectories", "0"), "0 trajectories"),
        (("--agents", "1"), "a society of 1 agents"),
        (("--seed", "-1"), "the seed is -1"),
        (("--response", "nosuch"), "no run folder at nosuch"),
        (("--response", "nosuch", "--no-predict"), "give one of them"),
        (("--budget", "1"), "the budget is 1 prompts"),
        (("--at-once", "0"), "trajectories at once are 0"),
        (("--max-connections", "0"), "connections are 0"),
        (("--retries", "-1"), "retries are -1"),
        (("--price", "-1", "1"), "a price is -1"),
        (("--readout", "telepathy"), "'telepathy' is not one of"),
    ],
)
def test_a_society_that_cannot_be_is_one_line_and_leaves_no_folder(
    arguments: Sequence[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ring.edges").write_text("0 1\n1 2\n2 3\n3 0\n")
    code, out, err = _said(capsys, "society", *MODEL, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert said in err
    assert [path.name for path in tmp_path.iterdir()] == ["ring.edges"]
