"""`python -m spinodal.agents.serving`: synthetic agents at an address, until it is interrupted."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence

from spinodal._errors import RequestError, SpinodalError
from spinodal._nearest import nearest

_ABOUT = """\
Serve synthetic agents of known response in OpenAI's chat-completions protocol, on this machine alone:
try a study without a key, and see whether it finds what is there.

  python -m spinodal.agents.serving --model steady=beta=2/h=0.3 --model torn=beta=3/h=0/logprobs=no
  python -m spinodal.agents.serving --laws fits.csv --at 0.2 --requests-per-minute 600 --failures 0.02

It prints its address and the environment that leads Inspect to it. A law's names are those of
`synthetic/...` models (beta, h, noise, lapse, refusal, inertia, heard, heeds, steadied, logprobs) and `at`,
the temperature at which it holds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; exit code 0, or 1 or 2 with one line that says what was wrong."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    try:
        return _serve(asked)
    except SpinodalError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m spinodal.agents.serving",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_argument_group("what is served")
    what.add_argument(
        "--model", action="append", default=[], metavar="NAME=LAW", help="a model with one law for every pair"
    )
    what.add_argument(
        "--laws",
        metavar="FILE",
        help="CSV or Parquet: model, option_a, option_b, beta, h: a law a pair, as `spinodal fit` writes",
    )
    what.add_argument(
        "--at", type=float, default=1.0, metavar="T", help="temperature at which these hold (default 1)"
    )
    what.add_argument(
        "--otherwise", metavar="LAW", help="law of the models of --laws for pairs that are not in the file"
    )
    what.add_argument("--pairs", metavar="FILE", help="option pairs to know besides the bank's (YAML or CSV)")
    what.add_argument(
        "--no-logprobs",
        action="append",
        default=[],
        metavar="NAME",
        help="a model that returns no log-probabilities; may be repeated",
    )
    how = parser.add_argument_group("how a provider behaves")
    how.add_argument("--requests-per-minute", type=float, metavar="N", help="beyond: 429 (default no limit)")
    how.add_argument(
        "--connections", type=int, metavar="N", help="requests at once; beyond: 429 (default no limit)"
    )
    how.add_argument("--latency", type=float, default=0.0, metavar="S", help="seconds an answer takes")
    how.add_argument(
        "--failures",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="share of requests answered by 500, or whose connection is closed before or amid the answer",
    )
    how.add_argument("--seed", type=int, default=0, metavar="N", help="which requests fail (default 0)")
    where = parser.add_argument_group("where")
    where.add_argument("--port", type=int, default=0, metavar="N", help="default: one that is free")
    where.add_argument(
        "--service",
        default="synthetic-http",
        metavar="NAME",
        help="Inspect's name for it, as in openai-api/NAME/MODEL (default synthetic-http)",
    )
    where.add_argument("--journal", metavar="FILE", help="append a line a request to this file")
    where.add_argument("--json", action="store_true", help="print one JSON object, not text")
    return parser


def _serve(asked: argparse.Namespace) -> int:
    from spinodal.agents.serving import AgentServer, Failures, Law, Limits, ServedModel, read_models
    from spinodal.pairs import load_pairs

    pairs = load_pairs(asked.pairs) if asked.pairs else ()
    models = []
    for text in asked.model:
        name, equals, law = text.partition("=")
        if not equals or not name:
            raise RequestError(f"--model is {text!r}; give NAME=LAW, as in steady=beta=2/h=0.3")
        models.append(ServedModel(name, otherwise=Law.parse(law), pairs=pairs))
    if asked.laws:
        otherwise = None if asked.otherwise is None else Law.parse(asked.otherwise)
        models += read_models(asked.laws, at=asked.at, otherwise=otherwise, pairs=pairs)
    if not models:
        raise RequestError("nothing to serve; name a model with --model, or a table of laws with --laws")
    names = [model.name for model in models]
    for name in asked.no_logprobs:
        if name not in names:
            raise RequestError(f"--no-logprobs: no model {name!r}; did you mean {nearest(name, names)!r}?")
    models = [model.without_logprobs() if model.name in asked.no_logprobs else model for model in models]
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with AgentServer(
        models,
        service=asked.service,
        limits=Limits(asked.requests_per_minute, asked.connections),
        failures=Failures(asked.failures, asked.seed),
        latency=asked.latency,
        journal=asked.journal,
        port=asked.port,
    ) as server:
        strings = [server.model(name) for name in server.models]
        if asked.json:
            told = {"url": server.url, "environment": server.environment, "models": strings}
            print(json.dumps(told), flush=True)
        else:
            print(f"serving at {server.url}; end it with Ctrl-C\n")
            for variable, value in server.environment.items():
                print(f"export {variable}={value}")
            print(f"\nspinodal assess --model {strings[0]}", flush=True)
            if len(strings) > 1:
                print(f"and {', '.join(strings[1:])}", flush=True)
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
