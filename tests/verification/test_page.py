"""The verification report tells outcomes as they are, whatever the order in which workers send them."""

from __future__ import annotations

from _page import SECTIONS, Case, below, case_of, page

CLAIM = {"section": "theory", "title": "A title", "statement": "A against B.", "bound": "1e-9"}


def properties(*told: tuple[str, str]) -> list[tuple[str, object]]:
    found = [("found", {"found": what, "verdict": verdict}) for what, verdict in told]
    return [("verifies", CLAIM), ("picture", "a_b"), *found]


def case(nodeid: str, outcome: str, *told: tuple[str, str], reason: str = "") -> Case:
    found = case_of(f"tests/verification/{nodeid}", outcome, properties(*told), reason)
    assert found is not None
    return found


def test_the_outcome_makes_the_verdict_unless_the_test_found_a_disagreement() -> None:
    assert case("test_x.py::test_a", "passed", ("1", "agrees")).verdict == "agrees"
    assert case("test_x.py::test_a", "passed", ("1", "agrees"), ("2", "disagrees")).verdict == "disagrees"
    assert case("test_x.py::test_a", "passed", ("1", "null")).verdict == "null"
    assert case("test_x.py::test_a", "failed", ("1", "agrees")).verdict == "disagrees"
    assert case("test_x.py::test_a", "skipped").verdict == "skipped"


def test_a_test_without_the_marker_is_not_on_the_page() -> None:
    assert case_of("tests/verification/test_x.py::test_a", "passed", [("picture", "a")]) is None


def test_the_page_shows_every_case_and_does_not_depend_on_their_order() -> None:
    cases = [
        case("test_x.py::test_a[one]", "passed", ("0.5", "agrees")),
        case("test_x.py::test_a[two]", "passed", ("0.7", "disagrees"), ("0.8", "agrees")),
        case("test_x.py::test_b", "skipped", reason="no reference data"),
        case("test_x.py::test_c", "failed", ("9.9", "agrees"), reason="failed"),
    ]
    counts = {"passed": 2, "failed": 1, "skipped": 1}
    told = page(cases, counts, "1.2.3")
    assert told == page(reversed(cases), dict(reversed(counts.items())), "1.2.3")
    assert "### A title: disagrees in 1 of 3, agrees in 2 of 3" in told
    assert "- Found (one): 0.5 (agrees)" in told
    assert "- Found (two): 0.7 (disagrees)" in told
    assert "- Skipped: no reference data" in told
    assert "- Failed: the test says how (`test_x.py::test_c`)" in told
    assert "- Found: 9.9" in told
    assert '<img src="a_b.png"' in told
    assert "4 tests, 2 passed, 1 failed, 1 skipped" in told
    assert f"[{SECTIONS['theory']}](#theory-against-brute-force) | 2 | 2 | 0 | 1 |" in told
    assert told.count("Not run.") == len(SECTIONS) - 1


def test_errors_of_rounding_are_told_to_their_power_of_ten() -> None:
    assert below(3.2e-13) == "below 1e-12"
    assert below(1e-9) == "below 1e-8"
    assert below(0.0) == "below 1e-299"
