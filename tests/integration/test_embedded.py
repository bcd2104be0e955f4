"""The embedded model: one engine, for this machine alone, read by log-probability."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageUser, GenerateConfig

from spinodal import RequestError
from spinodal._errors import RunError
from spinodal.agents import AgentSpec
from spinodal.agents._engine import Engine, model_file, start_engine
from spinodal.agents.models import open_model
from spinodal.measure.asking import Asker
from spinodal.measure.prompts import load_template
from spinodal.measure.reading import ReadoutChoice
from spinodal.measure.readout import Branch, classify
from spinodal.measure.task import MeasurementPlan, choose_readout, find_pairs

PLAN = MeasurementPlan(
    agent=AgentSpec(), pairs=find_pairs("season"), template=load_template("peers"), n_peers=6
)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return start_engine("smollm2-135m")


@pytest.fixture(scope="module")
def asker() -> Asker:
    return Asker(open_model(PLAN.agent), PLAN.agent)


def test_the_engine_starts_once_however_it_is_named(engine: Engine) -> None:
    assert start_engine("smollm2-135m") is engine
    assert start_engine(str(engine.path)) is engine


def test_the_engine_listens_on_loopback_alone(engine: Engine) -> None:
    address = urlsplit(engine.url)
    assert address.hostname == "127.0.0.1"
    assert address.port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: asks which address of ours would be used
        own = probe.getsockname()[0]
    if own != "127.0.0.1":
        with pytest.raises(OSError, match=r"refused|timed out"):
            socket.create_connection((own, address.port), timeout=2).close()


@pytest.mark.parametrize("key", ["wrong", None])
def test_a_caller_without_the_key_is_refused(engine: Engine, key: str | None) -> None:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    body = {"model": "any", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}
    assert httpx.post(f"{engine.url}/chat/completions", json=body, headers=headers).status_code == 401


def test_the_key_is_random_and_not_shown(engine: Engine) -> None:
    assert len(engine.key) == 32
    assert engine.key not in repr(engine)
    assert engine.key not in str(AgentSpec().to_dict())


def test_it_is_read_by_log_probability(asker: Asker) -> None:
    choice = asyncio.run(choose_readout(PLAN, asker))
    assert choice.readout == "logprob"
    assert "log-probabilities" in choice.why
    assert 4 <= choice.calls <= 8


def test_it_follows_its_peers(asker: Asker) -> None:
    """The physics the project shows: the more peers hold A, the likelier A."""

    async def ask() -> list[dict[str, object]]:
        choice = ReadoutChoice("logprob", True, "")
        [pair] = PLAN.pairs
        return [
            await asker.ask(pair, PLAN.prompt(pair, draw, n_a, order), draw, choice)
            for draw, (n_a, order) in enumerate((n, o) for n in (0, 3, 6) for o in ("ab", "ba"))
        ]

    rows = asyncio.run(ask())
    log_odds = np.array([row["log_odds"] for row in rows], dtype=float).reshape(3, 2).mean(axis=1)
    assert log_odds[0] < log_odds[1] < log_odds[2]
    assert log_odds[2] - log_odds[0] > 2
    for row in rows:
        assert 0.05 < float(str(row["decided_mass"])) <= 1 + 1e-6
        assert row["input_tokens"]
        assert row["calls"] in (1, 2)


def test_reading_and_sampling_agree_on_one_prompt(asker: Asker) -> None:
    """60 samples of one prompt against its probability by log-odds: 4.5 standard errors, P(false) < 1e-5.

    Samples count where they take the branch the log-odds compare, whether or not they end well.
    """
    [pair] = PLAN.pairs
    prompt = PLAN.prompt(pair, 0, 3, "ab")
    messages: list[ChatMessage] = [ChatMessageUser(content=prompt.text), ChatMessageAssistant(content="[")]

    async def ask() -> tuple[float, list[str]]:
        row = await asker.ask(pair, prompt, 0, ReadoutChoice("logprob", True, ""))
        outputs = [
            await asker.model.generate(messages, config=GenerateConfig(max_tokens=2, seed=seed))
            for seed in range(60)
        ]
        return float(row["log_odds"]), [output.completion for output in outputs]

    log_odds, replies = asyncio.run(ask())
    branches = [classify(f"[{reply.rpartition('[')[2]}", pair) for reply in replies]
    a, b = branches.count(Branch.A), branches.count(Branch.B)
    p = 1 / (1 + np.exp(-log_odds))
    assert a + b >= 10
    assert abs(a - (a + b) * p) < 4.5 * np.sqrt((a + b) * p * (1 - p)) + 0.5


def test_a_file_that_is_no_model_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("models")
    (folder / "text.gguf").write_text("hello")
    (folder / "broken.gguf").write_bytes(b"GGUF" + bytes(200))
    with pytest.raises(RequestError, match="is not a GGUF file"):
        model_file(str(folder / "text.gguf"))
    with pytest.raises(RequestError, match="no model file"):
        model_file(str(folder / "none.gguf"))
    with pytest.raises(RunError, match="could not load"):
        start_engine(str(folder / "broken.gguf"))
