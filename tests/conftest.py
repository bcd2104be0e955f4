"""Fixtures that more than one room uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the reference data; the test is skipped where it is absent (see CONTRIBUTING)."""
    folder = Path(os.environ.get("SPINODAL_SHARED_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}; set SPINODAL_SHARED_DATA to the folder that holds them")
    return folder
