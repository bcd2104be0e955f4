"""What the tests of this room tell the verification report, and when it is written.

Facts travel in the tests' own reports (`user_properties`), so they reach the process that writes the page
whether the tests ran in it or in workers. The page is `README.md` in the folder of the pictures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _page import SECTIONS, Case, Record, Verdict, case_of, page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HERE = Path(__file__).parent
ROOM = "tests/verification/"


class Report:
    """Collects cases in the process that runs the session, or that its workers report to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cases: dict[str, Case] = {}
        self._outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # a test is told by its call; by its setup, where that is as far as it came
        if ROOM not in report.nodeid or not (report.when == "call" or report.outcome != "passed"):
            return
        self._outcomes[report.nodeid] = report.outcome
        case = case_of(report.nodeid, report.outcome, report.user_properties, _reason(report))
        if case is not None:
            self._cases[report.nodeid] = case

    def pytest_sessionfinish(self) -> None:
        if not self._cases:
            return
        import spinodal
        from spinodal._files import write_whole

        text = page(self._cases.values(), Counter(self._outcomes.values()), spinodal.__version__)
        write_whole(self._folder / "README.md", text.encode())


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "verifies(section, title, statement, bound): an entry of the verification report"
    )
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Report(config.getoption("--plots")), "verification-report")


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """A test that is skipped before its body still has its entry on the page."""
    for item in items:
        marker = item.get_closest_marker("verifies")
        if marker is None or not item.path.is_relative_to(HERE):
            continue
        section, title, statement, bound = marker.args
        if section not in SECTIONS:
            raise pytest.UsageError(f"{item.nodeid}: no section {section!r} on the page; see _page.SECTIONS")
        claim = {"section": section, "title": title, "statement": statement, "bound": bound}
        item.user_properties.append(("verifies", claim))


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """`record(found, verdict="agrees")`: an entry's number, told before it is asserted."""

    def told(found: str, verdict: Verdict = "agrees") -> None:
        request.node.user_properties.append(("found", {"found": found, "verdict": verdict}))

    return told


@pytest.fixture
def keep_plot(keep_plot: Callable[..., Axes], request: pytest.FixtureRequest) -> Callable[..., Axes]:
    """As everywhere; in this room the page shows what is kept."""

    def axes(name: str, width: float = 7.0, height: float = 4.5) -> Axes:
        request.node.user_properties.append(("picture", name))
        return keep_plot(name, width, height)

    return axes


def _reason(report: pytest.TestReport) -> str:
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        # without the place it was looked for, which is another on every machine
        return str(report.longrepr[2]).removeprefix("Skipped: ").partition(" at ")[0]
    return report.outcome
