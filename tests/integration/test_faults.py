"""Whatever a server does wrong: one clear line, nothing lost, nothing secret told.

The server is a double of ours on loopback, reached over real HTTP through Inspect's `openai-api` provider.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from servers import ChatServer, Fault, FaultHook, Status
from spinodal.cli._main import run
from spinodal.runs import read_run

KEY = "sk-0123456789-very-secret"
PAIRS = "season,shutdown"
BUDGET = 12
PROBES = 4
"""Calls that settle the readout where log-probabilities come: two orders, with and without the prefill."""

Assess = Callable[..., tuple[int, str, str]]


@pytest.fixture
def assess(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Assess:
    """Assess a server on two pairs, without retries, in one folder; exit code, output and errors."""

    def call(server: ChatServer, *arguments: str) -> tuple[int, str, str]:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        code = run(
            [
                *("assess", "--model", server.model, "--pairs", PAIRS, "--budget", str(BUDGET)),
                # the client of the provider retries on its own besides
                *("--retries", "0", "-M", "max_retries=0", "--run", str(tmp_path / "run"), *arguments),
            ]
        )
        return code, *capsys.readouterr()

    return call


def _name(value: object) -> str | None:
    return f"HTTP-{value.code}" if isinstance(value, Status) else getattr(value, "name", None)


def _after(first: int, fault: Status | Fault) -> FaultHook:
    return lambda number, body: fault if number >= first else None


def _of_pair(option: str, fault: Status | Fault) -> FaultHook:
    return lambda number, body: fault if option in body["messages"][0]["content"] else None


def _last_line(err: str) -> str:
    """The one line of the error, which nothing but progress precedes."""
    assert "Traceback" not in err
    *before, last = err.splitlines()
    assert last.startswith("spinodal: ")
    assert not any(line.startswith("spinodal: ") for line in before)
    assert "Error(" not in err
    return last


FAULTS = [
    (Status(429), "kept limiting the rate (HTTP 429); run the same command again later"),
    (Status(500), "kept failing (HTTP 500); run the same command again later"),
    (Status(503), "kept failing (HTTP 503)"),
    (Status(400, "no such parameter"), "rejected the request: Error code: 400 - no such parameter"),
    (Status(401), "refused the key (HTTP 401); check the key in the environment"),
    (Status(403), "refused the key (HTTP 403)"),
    (Status(404), "was not found (HTTP 404); check the model's name and the address"),
    (Fault.GARBAGE, "answered with something that is no completion"),
    (Fault.NO_JSON, "answered with something that is no completion"),
    (Fault.NO_CHOICES, "answered with something that is no completion"),
    (Fault.EMPTY_CHOICES, "answered with a completion that holds no choice"),
    (Fault.DROPPED, "cannot reach"),
]


@pytest.mark.parametrize(("fault", "said"), FAULTS, ids=lambda value: _name(value))
def test_a_server_that_fails_from_the_first_call_on_is_one_clear_line(
    fault: Status | Fault, said: str, assess: Assess
) -> None:
    with ChatServer(fault=_after(0, fault)) as server:
        code, out, err = assess(server)
    assert (code, out) == (1, "")
    assert said in _last_line(err)


@pytest.mark.parametrize(
    "fault",
    [Status(429), Status(400), Fault.GARBAGE, Fault.NO_CHOICES, Fault.DROPPED],
    ids=["429", "400", "GARBAGE", "NO_CHOICES", "DROPPED"],
)
def test_a_server_that_fails_later_loses_nothing_that_was_finished(
    fault: Status | Fault, assess: Assess, tmp_path: Path
) -> None:
    """One call at a time: what was answered before the first fault was finished then."""
    with ChatServer(fault=_after(11, fault)) as server:
        code, _, err = assess(server, "--max-connections", "1")
        assert code == 1
        _last_line(err)
        finished = {request.key for request in server.requests[:11]}
        asked = len(server.requests)
        server.fault = lambda number, body: None
        code, _, err = assess(server, "--max-connections", "1")
        assert (code, "Traceback" in err) == (0, False)
        again = {request.key for request in server.requests[asked:]}
    assert finished.isdisjoint(again)
    assert len(finished | again) == 2 * BUDGET + PROBES
    assert len(read_run(tmp_path / "run").observations) == 2 * BUDGET


def test_a_server_that_is_not_there_is_one_clear_line(assess: Assess) -> None:
    with ChatServer() as server:
        pass
    code, out, err = assess(server)
    assert (code, out) == (1, "")
    assert "cannot reach openai-api/double/known" in _last_line(err)


def test_one_pair_that_fails_leaves_the_others_and_is_tried_again_alone(
    assess: Assess, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with ChatServer(fault=_of_pair("shutdown", Status(500))) as server:
        code, out, err = assess(server)
        assert code == 1
        line = _last_line(err)
        assert "1 of 2 pairs failed (shutdown)" in line
        assert "HTTP 500" in line
        assert "season: " in out
        broken = read_run(folder)
        assert not broken.finished
        assert set(broken.observations["pair"]) == {"season"}
        [failure] = broken.failures
        assert failure["pair"] == "shutdown"
        page = (folder / "report.html").read_text("utf-8")
        assert failure["message"] in page
        asked = len(server.requests)
        server.fault = lambda number, body: None
        code, _, err = assess(server)
        assert code == 0
        again = server.requests[asked:]
    assert all("shutdown" in request.body["messages"][0]["content"] for request in again)
    assert len(again) == BUDGET
    whole = read_run(folder)
    assert whole.finished
    assert whole.observations["pair"].value_counts().to_dict() == {"season": BUDGET, "shutdown": BUDGET}
    assert "HTTP 500" not in (folder / "report.html").read_text("utf-8")
    assert not (folder / "cache").exists()
    assert len(list((folder / "logs").glob("*.eval"))) == 1


def test_a_pair_on_which_the_model_always_declines_is_reported_and_kept(
    assess: Assess, tmp_path: Path
) -> None:
    """The refusal comes as text with status 200: no fault of the server's."""
    declining = ChatServer(response="refusal=1", logprobs=False)
    with ChatServer(logprobs=False) as server, declining:
        answer = server.complete

        def complete(body: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
            shutdown = "shutdown" in body["messages"][0]["content"]
            return (declining.complete if shutdown else answer)(body, fault)

        server.complete = complete
        code, out, err = assess(server)
    assert code == 1
    assert f"none of {BUDGET} replies took either option ({BUDGET} declined to choose)" in _last_line(err)
    assert "season: " in out
    rows = read_run(tmp_path / "run").observations
    refused = rows[rows["pair"] == "shutdown"]
    assert len(refused) == BUDGET
    assert refused["refused"].all()
    assert (refused["count_invalid"] == 1).all()
    assert "declined to choose" in (tmp_path / "run" / "report.html").read_text("utf-8")


@pytest.mark.parametrize("slip", [Fault.NO_LOGPROBS, Fault.EMPTY_CHOICES], ids=lambda slip: str(slip.name))
def test_a_single_slip_is_asked_again_and_does_not_stick(slip: Fault, assess: Assess, tmp_path: Path) -> None:
    with ChatServer(fault=lambda number, body: slip if number == 9 else None) as server:
        code, _, err = assess(server)
        assert (code, "failed" in err) == (0, False)
    assert len(read_run(tmp_path / "run").observations) == 2 * BUDGET


def test_a_rate_limit_that_passes_is_waited_out(assess: Assess) -> None:
    with ChatServer(fault=lambda number, body: Status(429) if number == 3 else None) as server:
        assert assess(server, "-M", "max_retries=2")[0] == 0


def test_a_missing_branch_token_makes_bounds_that_are_recorded_and_told(
    assess: Assess, tmp_path: Path
) -> None:
    with ChatServer(fault=_after(0, Fault.NO_BRANCH)) as server:
        code, out, err = assess(server)
    assert (code, "Traceback" in err) == (0, False)
    rows = read_run(tmp_path / "run").observations
    assert (rows["readout"] == "logprob").all()
    assert rows["censored"].all()
    assert rows["log_odds"].notna().all()
    assert f"{2 * BUDGET} of {2 * BUDGET} log-odds are bounds only" in " ".join(out.split())
    assert "only a bound" in (tmp_path / "run" / "report.html").read_text("utf-8")


@pytest.mark.parametrize("fault", [Fault.WRITTEN_ONLY, Fault.NO_LOGPROBS], ids=lambda fault: str(fault.name))
def test_without_alternatives_it_samples_and_says_why(fault: Fault, assess: Assess, tmp_path: Path) -> None:
    with ChatServer(fault=_after(0, fault)) as server:
        code, _, err = assess(server)
    assert code == 0
    assert "Readout: sample; the provider returned no log-probabilities" in err
    rows = read_run(tmp_path / "run").observations
    assert (rows["readout"] == "sample").all()
    assert rows["log_odds"].isna().all()


def test_log_probabilities_demanded_and_not_returned_are_one_clear_line(assess: Assess) -> None:
    with ChatServer(logprobs=False) as server:
        code, _, err = assess(server, "--readout", "logprob")
    assert code == 1
    assert "returned no log-probabilities with alternatives; use --readout sample" in _last_line(err)


@pytest.mark.parametrize("prefill", [True, False])
@pytest.mark.parametrize("logprobs", ["given", "left out", "refused"])
def test_every_kind_of_server_is_read_without_a_wrong_row(
    prefill: bool, logprobs: str, assess: Assess, tmp_path: Path
) -> None:
    """What the provider allows settles the readout; the log-odds are the agent's own either way."""
    server = ChatServer(
        response="beta=2/h=0.3",
        honours_prefill=prefill,
        logprobs=logprobs == "given",
        refuses_logprobs=logprobs == "refused",
    )
    with server:
        code, _, err = assess(server)
    assert (code, "Traceback" in err) == (0, False)
    rows = read_run(tmp_path / "run").observations
    assert (rows["count_invalid"] == 0).all()
    if logprobs == "given":
        expected: pd.Series[float] = 2 * 2 * (rows["m"] + 0.3)
        assert rows["log_odds"].to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-9)
    else:
        assert set(rows["readout"]) == {"sample"}
        assert (rows["count_a"] + rows["count_b"] == 1).all()


@pytest.mark.parametrize("prefill", ["on", "off"])
def test_the_prefill_is_sent_or_not_as_asked(prefill: str, assess: Assess) -> None:
    with ChatServer() as server:
        assert assess(server, "--prefill", prefill)[0] == 0
    roles = {request.body["messages"][-1]["role"] for request in server.requests}
    assert roles == {"assistant" if prefill == "on" else "user"}


def test_a_persona_is_the_system_message_of_every_call(assess: Assess) -> None:
    with ChatServer() as server:
        assert assess(server, "--system-prompt", "Be brave.")[0] == 0
        assert {(m := r.body["messages"][0])["role"] + m["content"] for r in server.requests} == {
            "systemBe brave."
        }


def _bytes_of(folder: Path) -> Iterator[bytes]:
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            yield content
            if path.suffix == ".eval":
                with zipfile.ZipFile(io.BytesIO(content)) as log:
                    yield from (log.read(name) for name in log.namelist())


@pytest.mark.parametrize(
    "fault",
    [
        None,
        Status(400, f"your key {KEY} may not"),
        Status(403, f"your key {KEY} may not"),
        Status(500, f"your key {KEY} broke it"),
    ],
    ids=["none", "400", "403", "500"],
)
def test_the_key_is_nowhere_in_the_run_folder_nor_in_what_is_printed(
    fault: Status | None, assess: Assess, tmp_path: Path
) -> None:
    """Even where the server quotes it back, in the midst of a run."""
    with ChatServer(key=KEY, fault=_after(8, fault) if fault else lambda number, body: None) as server:
        code, out, err = assess(server)
    assert code == (0 if fault is None else 1)
    assert KEY not in out + err
    contents = list(_bytes_of(tmp_path / "run"))
    assert contents
    assert not any(KEY.encode() in content for content in contents)


def test_a_wrong_key_is_refused_without_being_told(
    assess: Assess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong(ChatServer):
        @property
        def environment(self) -> dict[str, str]:
            return super().environment | {"DOUBLE_API_KEY": KEY}

    server: AbstractContextManager[ChatServer] = Wrong(key="another-key")
    with server as double:
        code, out, err = assess(double)
    assert code == 1
    assert "refused the key (HTTP 401)" in _last_line(err)
    assert KEY not in out + err
    assert not any(KEY.encode() in content for content in _bytes_of(tmp_path / "run"))
