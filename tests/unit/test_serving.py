"""Synthetic agents over HTTP: the law behind a model, and in front of it what a provider does.

Frequencies are held to 4.5 standard errors: a right server fails such a check with probability below 1e-5.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from inspect_ai.model import ChatMessageUser, GenerateConfig

from spinodal import RequestError
from spinodal._errors import RunError
from spinodal.agents.serving import (
    AgentServer,
    Failure,
    Failures,
    JournalEntry,
    Law,
    Limits,
    ServedModel,
    read_journal,
    read_models,
)
from spinodal.agents.serving.__main__ import main
from spinodal.agents.serving._laws import ServedAPI
from spinodal.agents.serving._limits import Gate
from spinodal.measure.prompts import load_template
from spinodal.pairs import OptionPair, bank_pairs

WEEK = OptionPair("week", "work", "a four-day week", "a five-day week")
SEASON = bank_pairs("all")[-1]
LAWS = {WEEK.options: Law(beta=1.5, h=0.2), SEASON.options: Law(beta=0.5, h=-0.4)}
MODEL = ServedModel("known", LAWS)
TEMPLATE = load_template("peers")


def prompt(pair: OptionPair, n_a: int, n_peers: int = 10, seed: int = 1) -> str:
    return TEMPLATE.render(pair, n_a, n_peers, seed=seed, listed="ab").text


def body(pair: OptionPair = WEEK, n_a: int = 6, **settings: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": prompt(pair, n_a)}, {"role": "assistant", "content": "[a "}]
    usual = {"model": "known", "messages": messages if pair is WEEK else messages[:1], "seed": 1}
    return usual | settings


class Client:
    """One connection that is kept, and no retries."""

    def __init__(self, server: AgentServer) -> None:
        self.line = http.client.HTTPConnection(server.url.split("/")[2], timeout=10)

    def post(self, body: Any, path: str = "/v1/chat/completions") -> tuple[int, Any, Any]:
        """Status, body and headers of the answer."""
        self.line.request("POST", path, body if isinstance(body, bytes) else json.dumps(body))
        answer = self.line.getresponse()
        return answer.status, json.loads(answer.read()), answer.headers


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with AgentServer([MODEL, ServedModel("quiet", LAWS).without_logprobs()]) as server:
        yield Client(server)


def log_odds_of(answer: Any, token_a: str, token_b: str) -> float:
    """Of the first token whose alternatives hold both."""
    for position in answer["choices"][0]["logprobs"]["content"]:
        tops = {top["token"]: top["logprob"] for top in position["top_logprobs"]}
        if {token_a, token_b} <= tops.keys():
            return tops[token_a] - tops[token_b]
    raise AssertionError(answer)


# laws


@pytest.mark.parametrize(
    "law", [Law(beta=2.5, h=0.3, noise=1.5, at=0.2), Law(beta=3, h=-0.5, lapse=0.1, at=0.5)]
)
def test_sampled_at_its_temperature_the_response_is_the_law(law: Law) -> None:
    uniform = (np.arange(8_000) + 0.5) / 8_000
    for m in (-1.0, -0.2, 0.6):
        at_one = np.array([law.probability(m, float(u)) for u in uniform])
        at_law = 1 / (1 + np.exp(-(np.log(at_one) - np.log1p(-at_one)) / law.at))
        expected = law.lapse / 2 + (1 - law.lapse) / (1 + math.exp(-2 * law.beta * (m + law.h)))
        assert at_law.mean() == pytest.approx(expected, abs=2e-4)


def test_log_odds_far_out_keep_their_digits() -> None:
    """2 beta (m + h) = 72 at temperature 0.2: next to 1 a probability has no digits left to tell it by."""
    p = Law(beta=20, h=0.8, at=0.2).probability(1.0, 0.5)
    assert math.log(p / (1 - p)) == pytest.approx(0.2 * 72, abs=1e-6)


def test_a_law_is_read_as_a_synthetic_model_is() -> None:
    assert Law.parse("beta=3/h=0.1/at=0.2/logprobs=no") == Law(beta=3, h=0.1, at=0.2, logprobs=False)
    with pytest.raises(RequestError, match="at is 0"):
        Law.parse("at=0")


def test_every_pair_has_its_own_law(client: Client) -> None:
    for n_a in (2, 9):
        m = (2 * n_a - 10) / 10
        _, answer, _ = client.post(body(WEEK, n_a, logprobs=True, top_logprobs=20))
        assert log_odds_of(answer, "four-day", "five-day") == pytest.approx(2 * 1.5 * (m + 0.2))
        _, answer, _ = client.post(body(SEASON, n_a, logprobs=True, top_logprobs=20))
        first_a, first_b = (option.split()[0] for option in SEASON.options)
        assert log_odds_of(answer, first_a, first_b) == pytest.approx(2 * 0.5 * (m - 0.4))


def test_replies_are_sampled_at_the_temperature_that_is_asked_for() -> None:
    api, asked = ServedAPI(ServedModel("one", otherwise=Law(beta=0.6, h=0.1, at=0.2), pairs=[WEEK])), 600

    async def ask(seed: int) -> str:
        config = GenerateConfig(temperature=0.2, seed=seed)
        output = await api.generate([ChatMessageUser(content=prompt(WEEK, 7))], [], "none", config)
        return output.completion

    async def ask_all() -> list[str]:
        return [await ask(seed) for seed in range(asked)]

    replies = asyncio.run(ask_all())
    p = 1 / (1 + math.exp(-2 * 0.6 * (0.4 + 0.1)))
    share = replies.count(f"[{WEEK.option_a}]") / asked
    assert abs(share - p) < 4.5 * math.sqrt(p * (1 - p) / asked)


def test_a_pair_without_a_law_is_refused_or_has_the_one_for_all_others(client: Client) -> None:
    other = bank_pairs("all")[0]
    status, answer, _ = client.post(body(other))
    assert status == 400
    assert "has no law for" in answer["error"]["message"]
    with AgentServer([ServedModel("known", LAWS, otherwise=Law())]) as server:
        assert Client(server).post(body(other))[0] == 200


# the protocol


def test_a_completion_has_the_form_of_the_protocol(client: Client) -> None:
    status, answer, _ = client.post(body(max_tokens=2, logprobs=True, top_logprobs=1))
    assert status == 200
    choice = answer["choices"][0]
    assert choice["finish_reason"] == "length"
    assert choice["message"]["role"] == "assistant"
    positions = choice["logprobs"]["content"]
    assert len(positions) == 2
    assert all(len(position["top_logprobs"]) == 1 for position in positions)
    usage = answer["usage"]
    assert usage["completion_tokens"] == 2
    assert usage["total_tokens"] == usage["prompt_tokens"] + 2


def test_log_probabilities_come_where_they_are_asked_for_and_the_model_has_them(client: Client) -> None:
    assert client.post(body())[1]["choices"][0]["logprobs"] is None
    quiet = client.post(body(model="quiet", logprobs=True, top_logprobs=20))
    assert quiet[0] == 200
    assert quiet[1]["choices"][0]["logprobs"] is None


def test_the_models_are_listed(client: Client) -> None:
    client.line.request("GET", "/v1/models")
    listed = json.loads(client.line.getresponse().read())
    assert [model["id"] for model in listed["data"]] == ["known", "quiet"]


@pytest.mark.parametrize(
    ("wrong", "status", "told"),
    [
        ({"model": "knwon"}, 404, "did you mean 'known'?"),
        ({"messages": []}, 400, "messages"),
        ({"messages": [{"role": "usr", "content": "?"}]}, 400, "role is 'usr'"),
        ({"messages": [{"role": "user", "content": 3}]}, 400, "content is no text"),
        ({"messages": [{"role": "system", "content": "?"}]}, 400, "none is a user's"),
        ({"messages": [{"role": "user", "content": "Hello?"}]}, 400, "none of the options"),
        ({"logprobs": True, "top_logprobs": 21}, 400, "top_logprobs: is 21"),
        ({"top_logprobs": 5}, 400, "without logprobs"),
        ({"temperature": -1}, 400, "temperature: is -1"),
        ({"max_tokens": 1.5}, 400, "max_tokens: is 1.5"),
        ({"stream": True}, 400, "stream"),
        ({"n": 2}, 400, "n: is 2"),
    ],
)
def test_a_wrong_request_is_refused_in_words(client: Client, wrong: Any, status: int, told: str) -> None:
    found, answer, _ = client.post(body() | wrong)
    assert found == status
    assert told in answer["error"]["message"]
    assert client.post(body())[0] == 200  # and the connection goes on


def test_what_is_no_json_and_what_is_elsewhere_is_refused(client: Client) -> None:
    assert client.post(b"{nothing")[0] == 400
    assert client.post(b"[" * 100_000)[0] == 400
    assert client.post(b"[]")[0] == 400
    assert client.post(body(), path="/v1/completions")[0] == 404


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nX: " + 70_000 * b"x" + b"\r\n\r\n", b"431"),
    ],
)
def test_what_is_no_request_gets_its_status_and_the_connection_ends(
    client: Client, sent: bytes, status: bytes
) -> None:
    with socket.create_connection((client.line.host, client.line.port), timeout=10) as line:
        line.sendall(sent)
        received = b""
        while part := line.recv(4096):
            received += part
    assert received.startswith(b"HTTP/1.1 " + status)


# limits


def test_no_more_come_through_than_the_rate_allows() -> None:
    """Asked a hundred times a second for a minute: two seconds' worth at once, then one each tenth second."""
    gate = Gate(Limits(requests_per_minute=600), now=0.0)
    waits = [gate.enter(n / 100) for n in range(6000)]
    assert waits.count(0.0) == pytest.approx(600 + 20, abs=1)
    assert 0 < max(waits) <= 0.1
    assert gate.enter(59.99 + max(waits)) == 0.0


def test_a_slow_server_lets_one_through_at_a_time() -> None:
    gate = Gate(Limits(requests_per_minute=6), now=0.0)
    assert [gate.enter(now) for now in (0.0, 0.0, 5.0, 10.0)] == pytest.approx([0.0, 10.0, 5.0, 0.0])


def test_no_more_are_under_way_than_the_limit() -> None:
    gate = Gate(Limits(connections=2), now=0.0)
    assert [gate.enter(0.0) for _ in range(3)] == [0.0, 0.0, 1.0]
    gate.leave()
    assert gate.enter(0.0) == 0.0


def test_beyond_a_limit_the_answer_is_429_and_says_when_to_come_again(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with AgentServer([MODEL], limits=Limits(requests_per_minute=6), journal=journal) as server:
        client = Client(server)
        assert client.post(body())[0] == 200
        status, answer, headers = client.post(body())
    assert status == 429
    assert answer["error"]["type"] == "rate_limit_error"
    assert 8 <= int(headers["Retry-After"]) <= 10
    first, second = read_journal(journal)
    assert (first.attempt, first.status) == (1, 200)
    assert (second.attempt, second.status, second.answered) == (0, 429, False)


def test_what_is_under_way_counts_against_the_limit() -> None:
    with AgentServer([MODEL], limits=Limits(connections=1), latency=0.5) as server:
        slow = threading.Thread(target=Client(server).post, args=(body(),))
        slow.start()
        time.sleep(0.2)
        refused = Client(server).post(body())[0]
        slow.join()
        assert (refused, Client(server).post(body())[0]) == (429, 200)


# failures


def test_the_share_of_requests_that_fail_is_as_asked_and_each_kind_as_frequent() -> None:
    failures, asked = Failures(0.02, seed=3), 30_000
    made = [failures.of(f"digest {n}", 1) for n in range(asked)]
    for kind in Failure:
        share = made.count(kind) / asked
        assert abs(share - 0.02 / 3) < 4.5 * math.sqrt(0.02 / 3 / asked)


def test_how_a_request_fares_follows_from_seed_body_and_attempt() -> None:
    failures = Failures(0.5, seed=1)
    made = [failures.of("body", attempt) for attempt in range(1, 40)]
    assert made == [Failures(0.5, seed=1).of("body", attempt) for attempt in range(1, 40)]
    assert made != [Failures(0.5, seed=2).of("body", attempt) for attempt in range(1, 40)]
    assert None in made
    assert set(Failure) <= set(made)


def _seed_of(kind: Failure, digest: str) -> int:
    """A seed by which a request fails at first and is answered then."""
    return next(
        seed
        for seed in range(1000)
        if Failures(0.3, seed).of(digest, 1) is kind and Failures(0.3, seed).of(digest, 2) is None
    )


@pytest.mark.parametrize("kind", list(Failure))
def test_a_request_fails_as_it_should_and_is_answered_when_it_comes_again(
    kind: Failure, tmp_path: Path
) -> None:
    with AgentServer([MODEL], journal=tmp_path / "plain") as server:
        Client(server).post(body())
    seed = _seed_of(kind, read_journal(tmp_path / "plain")[0].digest)
    with AgentServer([MODEL], failures=Failures(0.3, seed), journal=tmp_path / "failing") as server:
        client = Client(server)
        if kind is Failure.ERROR:
            assert client.post(body())[0] == 500
        else:
            raised = http.client.RemoteDisconnected if kind is Failure.SILENCE else http.client.IncompleteRead
            with pytest.raises(raised):
                client.post(body())
        assert Client(server).post(body())[0] == 200
    failed, answered = read_journal(tmp_path / "failing")
    assert (failed.failure, failed.attempt, failed.answered) == (kind.name, 1, False)
    assert (answered.failure, answered.attempt, answered.answered) == (None, 2, True)
    assert failed.digest == answered.digest


# the journal


def test_the_journal_tells_calls_and_connections_apart(tmp_path: Path) -> None:
    journal = tmp_path / "deep" / "journal"
    with AgentServer([MODEL], journal=journal) as server:
        one, two = Client(server), Client(server)
        one.post(body(n_a=1))
        two.post(body(n_a=2))
        one.post(dict(reversed(body(n_a=1).items())))  # the same call, its keys in another order
        one.line.close()
        time.sleep(0.1)
        two.post(body(n_a=3))
    entries = read_journal(journal)
    assert [entry.connection for entry in entries] == [1, 2, 1, 2]
    assert [entry.attempt for entry in entries] == [1, 1, 2, 1]
    assert entries[0].digest == entries[2].digest != entries[1].digest
    assert all(entry.answered for entry in entries)
    assert [entry.closed is not None for entry in entries] == [False, False, True, True]
    assert entries[2].closed < entries[3].received  # type: ignore[operator]


def test_an_answer_that_nobody_waits_for_is_not_handed_over(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with AgentServer([MODEL], latency=0.3, journal=journal) as server:
        client = Client(server)
        client.line.request("POST", "/v1/chat/completions", json.dumps(body()))
        time.sleep(0.1)
        client.line.close()  # as the system does for a process that was killed
        time.sleep(0.4)
    [entry] = read_journal(journal)
    assert entry.sent is None
    assert not entry.answered


def test_the_journal_goes_on_where_an_earlier_server_left_it_and_holds_no_key(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    for _ in range(2):
        with AgentServer([MODEL], journal=journal) as server:
            line = http.client.HTTPConnection(server.url.split("/")[2], timeout=10)
            headers = {"Authorization": "Bearer sk-very-secret"}
            line.request("POST", "/v1/chat/completions", json.dumps(body()), headers)
            assert line.getresponse().status == 200
    assert len(read_journal(journal)) == 2
    assert "secret" not in journal.read_text()


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot read the journal"):
        read_journal(tmp_path / "none")
    (tmp_path / "other").write_text("digest\n")
    with pytest.raises(RequestError, match="line 1: is no line of a journal"):
        read_journal(tmp_path / "other")


def test_an_answer_is_one_that_was_sent_whole_with_status_200() -> None:
    sent = JournalEntry("d", "m", 1, 1, 0.0, 200, 1.0, None)
    assert sent.answered
    assert not JournalEntry("d", "m", 1, 1, 0.0, 200, None, "CUT").answered
    assert not JournalEntry("d", "m", 1, 1, 0.0, 500, 1.0, "ERROR").answered


# tables of laws


def test_a_table_of_fits_is_served_as_it_is(tmp_path: Path) -> None:
    rows = [
        {"model": "one", "option_a": "tea", "option_b": "coffee", "beta": 2.0, "h": 0.1, "r_squared": 0.9},
        {"model": "one", "option_a": "cats", "option_b": "dogs", "beta": 3.0, "h": -0.2, "r_squared": 0.8},
        {"model": "two", "option_a": "tea", "option_b": "coffee", "beta": 1.0, "h": 0.0, "r_squared": 0.7},
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "fits.csv", index=False)
    one, two = read_models(tmp_path / "fits.csv", at=0.2)
    assert one.laws == {
        ("tea", "coffee"): Law(beta=2.0, h=0.1, at=0.2),
        ("cats", "dogs"): Law(beta=3.0, h=-0.2, at=0.2),
    }
    assert (two.name, len(two.laws)) == ("two", 1)
    pd.DataFrame(rows).assign(noise=[0.5, math.nan, 1.0], at=0.7).to_parquet(tmp_path / "fits.parquet")
    one, _ = read_models(tmp_path / "fits.parquet", at=0.2)
    assert one.laws["tea", "coffee"] == Law(beta=2.0, h=0.1, noise=0.5, at=0.7)
    assert one.laws["cats", "dogs"].noise == 0.0
    pd.DataFrame(rows).assign(temperature=[0.5, math.nan, 1.0]).to_csv(tmp_path / "fits.csv", index=False)
    one, _ = read_models(tmp_path / "fits.csv", at=0.2)
    assert [law.at for law in one.laws.values()] == [0.5, 0.2]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("model,option_a,option_b,beta\n1,tea,coffee,2\n", "lacks the column 'h'"),
        ("model,option_a,option_b,beta,h\n1,tea,coffee,steep,0\n", "row 1: beta is 'steep'"),
        ("model,option_a,option_b,beta,h\n1,tea,coffee,2,\n", "row 1: h is empty"),
        ("model,option_a,option_b,beta,h,lapse\n1,tea,coffee,2,0,3\n", "row 1: .*lapse is 3.0"),
        (
            "model,option_a,option_b,beta,h\n1,tea,coffee,2,0\n1,tea,coffee,3,0\n",
            "row 2: 1 has tea or coffee twice",
        ),
        ("model,option_a,option_b,beta,h\n1,tea,tea,2,0\n", "opposing"),
    ],
)
def test_a_table_that_is_none_of_laws_is_refused(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "laws.csv").write_text(text)
    with pytest.raises(RequestError, match=told):
        read_models(tmp_path / "laws.csv")


# the command


def test_the_command_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "spinodal.agents.serving", "--model", "steady=beta=2/h=0.3"),
            *("--service", "double", "--journal", str(tmp_path / "journal"), "--json"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["models"] == ["openai-api/double/steady"]
        assert told["environment"]["DOUBLE_BASE_URL"] == told["url"]
        line = http.client.HTTPConnection(told["url"].split("/")[2], timeout=10)
        asked = {"model": "steady", "messages": [{"role": "user", "content": prompt(SEASON, 6)}]}
        line.request("POST", "/v1/chat/completions", json.dumps(asked))
        assert line.getresponse().status == 200
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    assert len(read_journal(tmp_path / "journal")) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "nothing to serve"),
        (["--model", "steady"], "give NAME=LAW"),
        (["--model", "steady=beta=much"], "beta is 'much'"),
        (["--model", "a=beta=2", "--model", "a=beta=3"], "'a' is named twice"),
        (["--model", "a=beta=2", "--failures", "1.5"], "share of failures is 1.5"),
        (["--model", "a=beta=2", "--requests-per-minute", "0"], "requests per minute are 0.0"),
        (["--model", "a=beta=2", "--connections", "0"], "connections are 0"),
        (["--model", "a=beta=2", "--latency", "-1"], "latency is -1.0"),
        (["--model", "a=beta=2", "--service", "My Own"], "service 'My Own'"),
        (["--model", "steady=beta=2", "--no-logprobs", "stedy"], "did you mean 'steady'?"),
        (["--laws", "nowhere.csv"], "no file nowhere.csv"),
    ],
)
def test_a_wrong_command_is_told_in_one_line(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert told in line


def test_a_port_that_is_taken_is_told() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(RunError, match="cannot listen on port"),
    ):
        AgentServer([MODEL], port=taken.getsockname()[1]).__enter__()


def test_inspect_finds_a_server_by_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    from spinodal.agents import AgentSpec
    from spinodal.agents.models import open_model

    with AgentServer([MODEL], service="my-double") as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        model = open_model(AgentSpec(model=server.model("known")))
        config = GenerateConfig(logprobs=True, top_logprobs=20, max_tokens=4, seed=1)
        output = asyncio.run(model.generate(prompt(WEEK, 5), config=config))
    assert output.completion.startswith("[a ")
    assert output.choices[0].logprobs is not None
    assert os.environ["MY_DOUBLE_BASE_URL"] == server.url
