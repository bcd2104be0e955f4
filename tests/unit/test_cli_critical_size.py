"""`spinodal critical-size`: the response over the size of the group, in JSON, on the page, and resumed."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from spinodal import RequestError
from spinodal._errors import RunError
from spinodal.agents import AgentSpec
from spinodal.assessment import AssessmentRequest
from spinodal.cli._main import run
from spinodal.critical_size import (
    CriticalSizeRequest,
    CriticalSizeRun,
    full_consensus_probability,
    read_critical_size,
    run_critical_size,
)
from spinodal.measure.prompts import load_template
from spinodal.measure.task import MeasurementPlan, find_pair
from spinodal.runs import Run

ASKED = ("critical-size", "--model", "synthetic/beta=1.5/h=0.05", "--pair", "season", "--budget", "24")
SIZES = ("--sizes", "40,5")


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    return run(arguments), *capsys.readouterr()


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run of two sizes whose response is the same at each, beta = 1.5 without noise; what it printed."""
    folder, out = tmp_path_factory.mktemp("sizes") / "run", StringIO()
    with redirect_stdout(out):
        assert run([*ASKED, *SIZES, "--run", str(folder)]) == 0
    return folder, out.getvalue()


@pytest.fixture(scope="module")
def folder(printed: tuple[Path, str]) -> Path:
    """The folder of that run."""
    return printed[0]


@pytest.fixture(scope="module")
def found(folder: Path) -> CriticalSizeRun:
    """That run, read."""
    return read_critical_size(folder)


def test_each_size_is_measured_with_all_others_shown(found: CriticalSizeRun, folder: Path) -> None:
    assert list(found.runs) == [5, 40]
    for size, one in found.runs.items():
        assert one.path == folder / f"n-{size}"
        assert set(one.observations["n_peers"]) == {size - 1}
        assert one.meta["request"]["agents"] == size
        assert found.fits[size].beta == pytest.approx(1.5, abs=1e-3)
    assert found.critical is not None
    # 1/2 ln N passes 1.5 at N = e^3 = 20.09
    assert found.critical.full_consensus.last == 20
    assert found.critical.two_majorities.in_words == "in every group from 5 to 40 agents"
    assert "would all agree up to 20 agents." in found.sentences[1]
    assert [full_consensus_probability(fit, size) for size, fit in found.fits.items()] == [1.0, 0.0]


def test_the_table_has_a_row_a_size(folder: Path) -> None:
    table = pd.read_parquet(folder / "critical_size.parquet")
    assert table["agents"].tolist() == [5, 40]
    assert {"beta", "beta_ci", "h", "h_ci", "identifiable", "p_full_consensus"} <= set(table.columns)


def test_the_same_command_prints_json_and_asks_nothing_again(
    folder: Path, found: CriticalSizeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "meta.json").read_bytes()
    code, out, err = _said(capsys, *ASKED, *SIZES, "--run", str(folder), "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert [row["agents"] for row in told["sizes"]] == [5, 40]
    assert told["critical"]["full_consensus"]["last"] == 20
    assert told["totals"]["calls"] == sum(one.meta["totals"]["calls"] for one in found.runs.values())
    assert (folder / "meta.json").read_bytes() == before


def test_it_prints_a_table_and_the_critical_sizes(printed: tuple[Path, str]) -> None:
    folder, out = printed
    for size in (5, 40):
        assert f"{0.5 * math.log(size):.2f}" in out
    assert "would all agree up to 20 agents." in out
    assert f"Report: {folder / 'report.html'}" in out


def test_the_page_stands_alone_and_shows_the_lines(folder: Path) -> None:
    page = (folder / "report.html").read_text("utf-8")
    assert 'http-equiv="Content-Security-Policy"' in page
    figure = json.loads(page.split('id="figures">')[1].split("</script>")[0])["critical-size"]
    names = [trace.get("name") for trace in figure["data"]]
    assert names[:2] == ["β = 1: above, two majorities", "β = ½ ln N: above, full consensus (h = 0)"]
    assert figure["data"][-1]["x"] == [5, 40]
    [lost] = figure["layout"]["shapes"]
    assert (lost["x0"], lost["x1"]) == (20.5, 40)


def test_a_run_that_was_interrupted_goes_on_and_measures_only_what_is_missing(
    folder: Path, found: CriticalSizeRun, tmp_path: Path
) -> None:
    begun = tmp_path / "run"
    shutil.copytree(folder, begun)
    meta = json.loads((begun / "meta.json").read_text())
    del meta["finished"], meta["totals"]
    (begun / "meta.json").write_text(json.dumps(meta))
    (begun / "critical_size.parquet").unlink()
    shutil.rmtree(begun / "n-40")
    heard: set[int] = set()
    plan = MeasurementPlan(
        agent=AgentSpec(model="synthetic/beta=1.5/h=0.05"),
        pairs=(find_pair("season"),),
        template=load_template("peers"),
        budget=24,
    )
    request = CriticalSizeRequest(plan, (5, 40), pair_source="season")
    again = run_critical_size(request, begun, lambda size, event: heard.add(size))
    assert heard == {40}
    assert again.fits[40].beta == found.fits[40].beta
    assert (begun / "critical_size.parquet").is_file()


def test_another_request_is_refused_and_the_folder_kept(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    code, _, err = _said(capsys, *ASKED, "--sizes", "5,40,60", "--run", str(folder))
    assert code == 2
    assert f"{folder} holds another request" in err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_size_that_fails_is_told_and_the_others_stand(
    found: CriticalSizeRun,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import spinodal.critical_size as module

    broken = {40}

    def assess(request: AssessmentRequest, where: Path, observer: object) -> Run:
        if request.agents in broken:
            raise RunError("the server went away")
        return found.runs[request.agents]

    monkeypatch.setattr(module, "assess", assess)
    asked = (*ASKED, *SIZES, "--run", str(tmp_path / "run"))
    code, out, err = _said(capsys, *asked)
    assert code == 1
    assert "1 of 2 group sizes failed (40): the server went away" in err.splitlines()[-1]
    assert "determine beta and h at fewer than two sizes" in out
    broken.clear()
    code, out, err = _said(capsys, *asked, "--json")
    assert (code, err) == (0, "")
    assert [row["agents"] for row in json.loads(out)["sizes"]] == [5, 40]


def test_a_plan_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _said(capsys, *ASKED, *SIZES, "--run", str(tmp_path / "run"), "--plan")
    assert (code, err) == (0, "")
    assert "Nothing was spent." in out
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sizes", "5"), "1 group size; give 2 or more"),
        (("--sizes", ""), "0 group size"),
        (("--sizes", "5,5"), "give each once"),
        (("--sizes", "2,5"), "a group of 2; give 3 or more"),
        (("--sizes", "5,many"), "--sizes 5,many is no list of whole numbers"),
        (("--pair", "safety"), "'safety' names 32 pairs"),
        (("--pair", "nosuch"), "no pair has the id 'nosuch'"),
        (("--budget", "1"), "the budget is 1 prompts"),
        (("--system-prompt-file", "nosuch.txt"), "cannot read the persona in nosuch.txt"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_folder(
    arguments: Sequence[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = _said(capsys, *ASKED, *arguments, "--run", str(tmp_path / "run"))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert not (tmp_path / "run").exists()


def test_a_folder_of_another_kind_is_refused(folder: Path) -> None:
    with pytest.raises(RequestError, match="no run over group sizes"):
        read_critical_size(folder / "n-5")
