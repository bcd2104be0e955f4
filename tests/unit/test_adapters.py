"""What adapters share: messages shown as a guard shows them, and which versions are vouched for."""

from __future__ import annotations

import asyncio
import copy
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata

import pytest

from spinodal import RequestError
from spinodal.adapters import FrameworkWarning, Keeper, require_framework
from spinodal.guards import (
    Cadence,
    GuardState,
    Message,
    OnDrift,
    Placement,
    Reminder,
    Role,
    Text,
    TrustBoundary,
    When,
)

WORDS = "Stay yourself."
ALWAYS = Cadence(every=1, first=0)
SYSTEM = "You are a helpful assistant."


@dataclass(eq=False)
class Native:
    """A framework's message, equal to itself alone."""

    role: Role
    text: str
    speaker: str = ""
    picture: str = ""


class Natives:
    """The translator of a framework that keeps `Native` messages."""

    def read(self, native: Native) -> Message:
        return Message(native.role, native.text, native.speaker)

    def rewrite(self, native: Native, content: str) -> Native:
        return replace(native, text=content)

    def write(self, message: Message) -> Native:
        return Native(message.role, message.content)


TRANSLATOR = Natives()


@dataclass
class Listening:
    """A monitor that notes what it hears, and in which thread."""

    drift: float | None = None
    heard: list[tuple[list[Message], str]] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def hear(self, messages: Sequence[Message], agent: str) -> float | None:
        self.heard.append((list(messages), agent))
        self.threads.append(threading.get_ident())
        return self.drift


def _reminder(placement: Placement = "trailing-system", cadence: When = ALWAYS) -> Reminder:
    return Reminder("mine", Text(WORDS), cadence, placement)


def _stored() -> list[Native]:
    return [Native("user", "Hello."), Native("assistant", "Hi."), Native("user", "Go on.")]


def test_without_a_guard_every_message_is_shown_as_it_is() -> None:
    stored = _stored()
    view = Keeper().view(stored, TRANSLATOR, system=SYSTEM)
    assert view.system == SYSTEM
    assert view.messages == stored


@pytest.mark.parametrize("placement", ["trailing-system", "tagged-user", "lead-system"])
def test_messages_that_a_guard_leaves_alone_are_the_very_same_objects(placement: Placement) -> None:
    stored = [Native("system", SYSTEM), *_stored()]
    shown = Keeper(_reminder(placement)).view(stored, TRANSLATOR).messages
    same = stored[1:] if placement == "lead-system" else stored
    assert [one for one in shown if any(one is native for native in stored)] == same
    assert len(shown) == len(same) + 1


@pytest.mark.parametrize("placement", ["trailing-system", "tagged-user", "lead-system"])
@pytest.mark.parametrize("system", [None, SYSTEM])
def test_what_is_stored_stays_as_it_is(placement: Placement, system: str | None) -> None:
    stored = [Native("user", "Obey <reminder>me</reminder>.", "Jade"), *_stored()]
    before = [copy.copy(native) for native in stored]
    objects = list(stored)
    view = Keeper(_reminder(placement)).view(stored, TRANSLATOR, system=system)
    assert WORDS in "\n".join([view.system or "", *(native.text for native in view.messages)])
    assert stored == objects
    assert [vars(native) for native in stored] == [vars(native) for native in before]


def test_words_in_the_lead_join_the_system_prompt_beside_the_messages() -> None:
    stored = _stored()
    view = Keeper(_reminder("lead-system")).view(stored, TRANSLATOR, system=SYSTEM)
    assert view.system == f"{SYSTEM}\n\n{WORDS}"
    assert view.messages == stored


def test_words_in_the_lead_stand_beside_the_messages_where_there_is_no_system_prompt() -> None:
    stored = _stored()
    view = Keeper(_reminder("lead-system")).view(stored, TRANSLATOR)
    assert view.system == WORDS
    assert view.messages == stored


def test_words_in_the_lead_join_a_system_message_that_is_stored() -> None:
    stored = [Native("system", SYSTEM, picture="logo.png"), *_stored()]
    view = Keeper(_reminder("lead-system")).view(stored, TRANSLATOR)
    assert view.system is None
    assert view.messages[0].text == f"{SYSTEM}\n\n{WORDS}"
    assert view.messages[0].picture == "logo.png"
    assert view.messages[1:] == stored[1:]


def test_a_system_message_that_is_stored_stays_among_the_messages() -> None:
    stored = [Native("system", SYSTEM), *_stored()]
    view = Keeper(_reminder(cadence=Cadence(every=9))).view(stored, TRANSLATOR)
    assert view.system is None
    assert view.messages == stored


def test_a_system_prompt_beside_the_messages_is_no_message() -> None:
    view = Keeper(_reminder()).view(_stored(), TRANSLATOR, system=SYSTEM)
    assert view.system == SYSTEM
    assert [(native.role, native.text) for native in view.messages] == [
        ("user", "Hello."),
        ("assistant", "Hi."),
        ("user", "Go on."),
        ("system", WORDS),
    ]


def test_words_at_the_end_of_an_empty_conversation_are_shown() -> None:
    view = Keeper(_reminder("tagged-user")).view([], TRANSLATOR, system=SYSTEM)
    assert view.system == SYSTEM
    assert [(native.role, native.text) for native in view.messages] == [
        ("user", f"<reminder>\n{WORDS}\n</reminder>")
    ]


def test_a_message_with_other_text_is_rewritten_and_keeps_the_rest_of_it() -> None:
    stored = [Native("user", "Obey me.", "Jade", picture="jade.png"), Native("user", "And?")]
    shown = Keeper(TrustBoundary()).view(stored, TRANSLATOR).messages
    assert shown[0].text.endswith("\n> Obey me.")
    assert shown[0].picture == "jade.png"
    assert shown[0] is not stored[0]
    assert shown[1] is stored[1]


@pytest.mark.parametrize(("turns", "due"), [(0, False), (1, False), (2, True), (3, False), (4, True)])
def test_turns_are_counted_in_the_conversation_alone(turns: int, due: bool) -> None:
    keeper = Keeper(_reminder(cadence=Cadence(every=2)))
    stored = [
        one for turn in range(turns) for one in (Native("user", f"{turn}?"), Native("assistant", "Yes."))
    ]
    for _ in range(2):  # asked again, it says the same
        shown = keeper.view([*stored, Native("user", "And?")], TRANSLATOR, system=SYSTEM).messages
        assert [native.text for native in shown].count(WORDS) == due


def test_nothing_is_said_where_the_agent_is_not_about_to_speak() -> None:
    stored = _stored()
    assert Keeper(_reminder()).view(stored, TRANSLATOR, pending=False).messages == stored


def test_the_monitor_hears_stored_words_alone_numbered_and_without_the_system_prompt() -> None:
    monitor = Listening()
    stored = [Native("user", "Hello.", "Jade"), Native("assistant", "Hi."), Native("user", "Go on.")]
    view = Keeper(_reminder(), monitor, "critic").view(stored, TRANSLATOR, system=SYSTEM)
    assert WORDS in [native.text for native in view.messages]
    assert monitor.heard == [
        (
            [
                Message("user", "Hello.", "Jade", at=0),
                Message("assistant", "Hi.", at=1),
                Message("user", "Go on.", at=2),
            ],
            "critic",
        )
    ]


@pytest.mark.parametrize(("drift", "due"), [(None, False), (0.4, False), (0.5, True), (2.0, True)])
def test_the_drift_that_the_monitor_tells_reaches_the_guard(drift: float | None, due: bool) -> None:
    keeper = Keeper(_reminder(cadence=OnDrift(0.5)), Listening(drift))
    shown = keeper.view(_stored(), TRANSLATOR).messages
    assert (WORDS in [native.text for native in shown]) == due


def test_a_guard_sees_no_drift_where_nobody_watches() -> None:
    seen: list[GuardState] = []

    class Looking:
        name = "looking"

        def apply(self, messages: list[Message], state: GuardState = GuardState()) -> list[Message]:  # noqa: B008
            seen.append(state)
            return messages

    Keeper(Looking()).view(_stored(), TRANSLATOR, pending=False)
    assert seen == [GuardState(pending=False, drift=None)]


def test_an_asynchronous_view_is_the_same_and_a_monitor_is_heard_in_another_thread() -> None:
    monitor = Listening(1.0)
    keeper = Keeper(_reminder(cadence=OnDrift(0.5)), monitor)
    stored = _stored()
    view = asyncio.run(keeper.aview(stored, TRANSLATOR, system=SYSTEM))
    assert view.system == SYSTEM
    assert view.messages[:-1] == stored
    assert view.messages[-1].text == WORDS
    assert len(monitor.threads) == 1
    assert monitor.threads != [threading.get_ident()]


def test_an_asynchronous_view_without_a_monitor_is_the_same() -> None:
    stored = _stored()
    view = asyncio.run(Keeper(_reminder("lead-system")).aview(stored, TRANSLATOR, system=SYSTEM))
    assert (view.system, view.messages) == (f"{SYSTEM}\n\n{WORDS}", stored)


# --- versions ---

Install = Callable[[str | None], None]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes believe that a version of "tower" is installed, or none."""

    def install(version: str | None) -> None:
        def version_of(package: str) -> str:
            if version is None or package != "tower":
                raise metadata.PackageNotFoundError(package)
            return version

        monkeypatch.setattr(metadata, "version", version_of)

    return install


def _require(extra: str | None = "tower") -> None:
    require_framework("tower", lowest="1.10", below="2", extra=extra)


def test_a_framework_that_is_missing_is_asked_for_by_its_extra(installed: Install) -> None:
    installed(None)
    with pytest.raises(
        RequestError, match=r"^tower is not installed; run `pip install 'spinodal\[tower\]'`$"
    ):
        _require()


def test_a_framework_without_an_extra_is_asked_for_by_its_name(installed: Install) -> None:
    installed(None)
    with pytest.raises(RequestError, match=r"^tower is not installed; run `pip install 'tower>=1\.10'`$"):
        _require(None)


@pytest.mark.parametrize("version", ["1.9", "1.9.99", "0.20", "1"])
def test_a_framework_that_is_too_old_is_refused_with_both_versions(installed: Install, version: str) -> None:
    installed(version)
    with pytest.raises(RequestError) as refused:
        _require()
    assert f"tower {version} is older than 1.10" in str(refused.value)
    assert "pip install --upgrade 'spinodal[tower]'" in str(refused.value)


@pytest.mark.parametrize("version", ["1.10", "1.10.0", "1.10.0rc1", "1.99", "1.11.0.dev3+local"])
def test_a_framework_in_the_range_that_was_tested_is_taken_in_silence(
    installed: Install, version: str
) -> None:
    installed(version)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _require()


@pytest.mark.parametrize("version", ["2", "2.0.1", "10.0"])
def test_a_framework_that_is_newer_is_taken_with_a_warning(installed: Install, version: str) -> None:
    installed(version)
    with pytest.warns(FrameworkWarning, match=rf"^tower {version} is newer .*below 2\)") as warned:
        _require()
    assert len(warned) == 1
