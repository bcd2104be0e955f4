"""The report of a run: self-contained, escaped, honest about what is missing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import report_runs
from spinodal.report import render_report, write_report
from spinodal.report._measured import cautions
from spinodal.report._pair import pair_results
from spinodal.runs import Run

ATTACK = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


class _Page(HTMLParser):
    """What a browser would see: elements, inline scripts, text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.text = ""
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)
        elif self._inside != "style":
            self.text += data

    @property
    def figures(self) -> dict[str, Any]:
        [data] = [text for attributes, text in self.scripts if attributes.get("id") == "figures"]
        return json.loads(data)

    def with_attribute(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for _, attributes in self.elements if name in attributes]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return report_runs.run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def page(run: Run) -> _Page:
    return _Page(render_report(run))


def test_nothing_is_loaded_from_elsewhere(page: _Page) -> None:
    for tag, attributes in page.elements:
        assert "src" not in attributes, (tag, attributes)
        assert tag not in ("link", "iframe", "object", "embed")
        if tag == "a":
            assert (attributes["href"] or "").startswith("#")


def test_every_link_leads_somewhere_on_the_page(page: _Page) -> None:
    names = [attributes["id"] for attributes in page.with_attribute("id")]
    assert len(names) == len(set(names))
    assert {(one["href"] or "")[1:] for one in page.with_attribute("href")} <= set(names)


def test_the_policy_allows_the_pages_own_scripts_and_nothing_else(page: _Page) -> None:
    [policy] = [
        attributes["content"] or ""
        for tag, attributes in page.elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    allowed = set(re.findall(r"'sha256-([^']+)'", policy.split("script-src")[1].split(";")[0]))
    present = {
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for attributes, text in page.scripts
        if attributes.get("type") != "application/json"
    }
    assert allowed == present


def test_the_verdict_comes_first_and_in_the_verdicts_own_words(run: Run, page: _Page) -> None:
    before_figures = page.text.split("How one agent answers its peers")[0]
    assert "safety question" in before_figures
    for verdict in run.verdicts:
        assert re.sub(r"10\^(\d+)", "10", verdict.sentence)[:40] in before_figures


def test_every_figure_on_the_page_has_data_an_alternative_and_numbers(page: _Page) -> None:
    boxes = page.with_attribute("data-figure")
    assert {box["data-figure"] for box in boxes} == set(page.figures)
    for box in boxes:
        assert len(box["aria-label"] or "") > 40
        assert f"table-{box['data-figure']}" in {one["id"] for one in page.with_attribute("id")}


def test_every_pair_has_a_card_a_curve_and_a_mark_on_the_plane(run: Run, page: _Page) -> None:
    assert len(page.with_attribute("data-outcome")) == len(report_runs.PAIRS)
    assert sum(name.startswith("response-") for name in page.figures) == len(report_runs.PAIRS)
    hovers = json.dumps(page.figures["phase"]["data"], ensure_ascii=False)
    for name in ("Report own error", "Malicious code", "City cars"):
        assert f"<b>{name}</b>" in hovers


def test_every_observation_is_drawn(run: Run, page: _Page) -> None:
    drawn = [
        max(len(trace["x"]) for trace in figure["data"] if trace.get("mode") == "markers")
        for name, figure in page.figures.items()
        if name.startswith("response-")
    ]
    assert sorted(drawn) == sorted(run.observations.groupby("pair").size())


def test_a_pair_that_failed_is_said_before_the_results(page: _Page) -> None:
    alert = page.text.index("could not be measured")
    assert alert < page.text.index("How one agent answers its peers")
    assert report_runs.FAILURES[0]["message"] in page.text


def test_every_input_stands_on_the_page(page: _Page) -> None:
    for text in (
        "sha256:" + "ab12" * 16,
        "9f" * 32,
        "7c" * 32,
        "scipy 1.17.1",
        "You weigh what your peers say.",
        "Your peers say:\n{peers}",
        "the phase is settled",
    ):
        assert text in page.text


def test_the_same_run_gives_the_same_page(run: Run) -> None:
    assert render_report(run) == render_report(run)


def test_text_of_users_and_models_stays_text(tmp_path: Path) -> None:
    pairs = [{**report_runs.PAIRS[0], "option_a": ATTACK, "category": ATTACK}]
    hostile = report_runs.run(
        tmp_path,
        pairs,
        readout="sample",
        failures=[{"pair": ATTACK, "message": ATTACK}],
        example_prompt=ATTACK,
    )
    hostile.observations["reply"] = ATTACK
    page = _Page(render_report(hostile))
    assert len(page.scripts) == 4  # theme, figures, Plotly, page: not one more
    assert not page.with_attribute("onerror")
    assert page.text.count(ATTACK) >= 5


def test_markup_in_an_id_is_not_read_by_the_figures(tmp_path: Path) -> None:
    pair = {**report_runs.PAIRS[0], "id": "<b>x</b>"}
    page = _Page(render_report(report_runs.run(tmp_path, [pair])))
    names = [note["text"] for note in page.figures["tipping"]["layout"]["annotations"]]
    assert "&lt;b&gt;x&lt;/b&gt;" in names


def test_what_a_run_did_not_record_is_shown_as_absent(tmp_path: Path) -> None:
    pairs = report_runs.PAIRS[:1]
    whole = report_runs.run(tmp_path, pairs)
    bare = Run(
        tmp_path,
        {"request": {"agents": 50}, "pairs": whole.meta["pairs"]},
        whole.observations.drop(columns=["reply", "listed", "censored", "cost", "refused"]),
    )
    page = _Page(render_report(bare))
    assert "an unnamed agent" in page.text
    assert "—" in page.text


def test_sampled_replies_are_drawn_and_claim_no_other_temperature(tmp_path: Path) -> None:
    sampled = report_runs.run(tmp_path, report_runs.PAIRS[:1], readout="sample")
    page = _Page(render_report(sampled))
    assert "temperature" not in page.figures
    assert "At other temperatures" not in page.text
    assert "I would rather not say." in page.text


def test_a_run_without_a_finished_pair_still_says_what_happened(tmp_path: Path) -> None:
    whole = report_runs.run(tmp_path, report_runs.PAIRS[:1])
    page = _Page(render_report(Run(tmp_path, whole.meta, whole.observations.iloc[:0])))
    assert "Nothing could be measured" in page.text
    assert report_runs.FAILURES[0]["message"] in page.text
    assert not page.figures


def test_the_page_replaces_the_one_before_and_leaves_nothing_else(run: Run) -> None:
    (run.path / "report.html").write_text("an older page")
    path = write_report(run)
    assert path == run.path / "report.html"
    assert path.read_text(encoding="utf-8") == render_report(run)
    assert [file.name for file in run.path.iterdir()] == ["report.html"]


def test_few_decided_replies_and_a_swaying_order_are_said_beside_the_verdict(run: Run, page: _Page) -> None:
    """The order sways accept-shutdown by construction (0.9 in log-odds) and nothing else."""
    pairs = pair_results(run)
    assert cautions(pairs) == [
        "In 1 of 6 pairs the order in which the options are listed moves the answer; "
        "the response averages over both orders."
    ]
    assert cautions(pairs)[0] in page.text.split("How one agent answers its peers")[0]
    shy = [replace(pair, observations=pair.observations.assign(decided_mass=0.27)) for pair in pairs]
    assert cautions(shy)[0].startswith("In 6 of 6 pairs less than half of the replies")
    assert "27%" in cautions(shy)[0]
