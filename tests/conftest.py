"""Fixtures that more than one room uses."""

from __future__ import annotations

import os

# Before NumPy is loaded: beside each other, tests whose small matrices wake many threads starve one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--plots",
        default=Path(__file__).parents[1] / "build" / "verification",
        type=Path,
        help="folder for the pictures that verification tests keep (default: build/verification)",
    )


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the reference data; the test is skipped where it is absent (see CONTRIBUTING)."""
    folder = Path(os.environ.get("SPINODAL_SHARED_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}; set SPINODAL_SHARED_DATA to the folder that holds them")
    return folder


@pytest.fixture
def keep_plot(request: pytest.FixtureRequest) -> Iterator[Callable[..., Axes]]:
    """`keep_plot(name, width=7.0, height=4.5)`: axes to draw on, saved as `name.png` whatever the outcome."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    kept: dict[str, Figure] = {}

    def axes(name: str, width: float = 7.0, height: float = 4.5) -> Axes:
        kept[name] = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(kept[name])
        return kept[name].add_subplot()

    yield axes
    folder: Path = request.config.getoption("--plots")
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in kept.items():
        figure.savefig(folder / f"{name}.png", dpi=100)
