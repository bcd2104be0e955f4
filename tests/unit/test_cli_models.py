"""`spinodal models`: what can be assessed, and how one model would be read."""

from __future__ import annotations

import pytest

from spinodal.cli._main import run
from spinodal.measure.prompts import template_names


def test_it_lists_models_keys_and_templates_without_showing_a_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-12345")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    assert run(["models"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "OPENAI_API_KEY is set" in out
    assert "ANTHROPIC_API_KEY is not set" in out
    assert "sk-12345" not in out
    assert "embedded/smollm2-135m" in out
    assert all(name in out for name in template_names())


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("synthetic/beta=1", "readout logprob, without prefill"),
        ("synthetic/beta=1/logprobs=no", "readout sample, without prefill"),
    ],
)
def test_a_check_says_how_a_model_is_read(model: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "--check", model]) == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("model", "code", "said"),
    [
        ("nosuch", 2, "unknown model 'nosuch'"),
        ("openai-api/double/x", 2, "set DOUBLE_API_KEY"),
        ("embedded/nosuch.gguf", 2, "no model file"),
    ],
)
def test_a_check_that_fails_is_one_line(
    model: str,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("DOUBLE_API_KEY", raising=False)
    assert run(["models", "--check", model]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert said in err


def test_a_check_of_a_server_that_is_down_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOUBLE_API_KEY", "any")
    arguments = ["models", "--check", "openai-api/double/x", "--base-url", "http://127.0.0.1:9/v1"]
    assert run(arguments) == 1
    err = capsys.readouterr().err
    assert "cannot reach openai-api/double/x at http://127.0.0.1:9/v1" in err
    assert err.count("\n") == 1
