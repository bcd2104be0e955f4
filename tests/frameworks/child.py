"""One turn of a saved conversation, in a process of its own: child.py HARNESS FILE TURN URL"""

from __future__ import annotations

import sys
from pathlib import Path

from harnesses import load
from recorder import KEY, MODEL

from spinodal.guards import Cadence, Failing, Reminder, Text

WORDS = "The reminder stands here: amber, cobalt, ochre, indigo, vermilion, sepia, umber and teal."
"""What the guard says: more than a reply can hold, so that no echo of the model's is taken for it."""
SAID = "Name an animal, number"
"""Beginning of what is said at each turn; its number follows."""


def main(harness: str, file: Path, turn: int, url: str) -> None:
    guard = Failing(Reminder("mine", Text(WORDS), Cadence(every=2)))
    framework = load(harness)(url, KEY, MODEL)
    conversation = framework.begin(guard, resume=file if file.exists() else None)
    print(conversation.turn(f"{SAID} {turn}.", framework.modes[0]))
    conversation.save(file)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
