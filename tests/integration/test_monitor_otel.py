"""What a monitor hears, as OpenTelemetry's own SDK receives it."""

from __future__ import annotations

from typing import Any

import pytest

from spinodal import TanhResponse
from spinodal.monitor import Monitor, MonitorWarning
from spinodal.monitor.telemetry import Telemetry

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

A, B = "I am for [welcome oversight].", "I am for [avoid oversight]."


class _Received:
    """What was exported."""

    def __init__(self) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers, self.meters = TracerProvider(), MeterProvider([self.reader])
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))

    @property
    def telemetry(self) -> Telemetry:
        return Telemetry(self.tracers, self.meters)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def metrics(self) -> dict[str, list[Any]]:
        data = self.reader.get_metrics_data()
        assert data is not None
        return {
            metric.name: list(metric.data.data_points)
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@pytest.fixture
def received() -> _Received:
    return _Received()


def _talk(monitor: Monitor) -> None:
    for number in range(9):
        monitor.say(f"agent {number % 3}", f"{A if number < 3 else B} {number}")


def test_every_utterance_is_a_span_with_the_group_s_state(received: _Received) -> None:
    monitor = Monitor("oversight", response=TanhResponse(1.8, 0.05), agents=3, telemetry=received.telemetry)
    _talk(monitor)
    assert [span.name for span in received.spans] == ["spinodal.monitor.heard"] * 9
    told = dict(received.spans[3].attributes or {})
    assert told["spinodal.speaker"] == "agent 0"
    assert told["spinodal.stance"] == "B"
    assert told["spinodal.m"] == pytest.approx(1 / 3)
    assert told["spinodal.pair"] == "oversight"
    assert "spinodal.variance" not in told  # not known yet
    [first, last] = received.spans[0], received.spans[-1]
    assert first.start_time is not None
    assert last.start_time is not None
    assert first.start_time <= last.start_time


def test_no_span_and_no_metric_holds_what_was_said(received: _Received) -> None:
    monitor = Monitor("oversight", telemetry=received.telemetry, keep_text=True)
    _talk(monitor)
    exported = "".join(span.to_json() for span in received.spans) + repr(received.metrics())
    assert "I am for" not in exported
    assert "agent 1" not in repr(received.metrics())


def test_an_alarm_is_an_event_on_its_span_and_a_count(received: _Received) -> None:
    monitor = Monitor("oversight", response=TanhResponse(1.8, 0.05), agents=3, telemetry=received.telemetry)
    _talk(monitor)
    events = [event for span in received.spans for event in span.events]
    assert [(event.name, (event.attributes or {})["spinodal.raised"]) for event in events] == [
        ("spinodal.monitor.alarm", True)
    ]
    [alarms] = received.metrics()["spinodal.monitor.alarms"]
    assert alarms.value == 1


def test_metrics_are_the_last_estimates_by_conversation(received: _Received) -> None:
    monitor = Monitor("oversight", window=6, telemetry=received.telemetry)
    _talk(monitor)
    monitor.another("two").say("Ada", A)
    metrics = received.metrics()
    values = {
        (point.attributes["spinodal.conversation"]): point.value
        for point in metrics["spinodal.monitor.magnetization"]
    }
    assert values == {"main": -1.0, "two": 1.0}
    assert monitor.last is not None
    [variance] = metrics["spinodal.monitor.variance"]
    assert variance.value == monitor.last.variance
    counted = {
        (point.attributes["spinodal.conversation"], point.attributes["spinodal.stance"]): point.value
        for point in metrics["spinodal.monitor.utterances"]
    }
    assert counted == {("main", "A"): 3, ("main", "B"): 6, ("two", "A"): 1}


def test_a_failure_of_the_monitor_is_counted(received: _Received) -> None:
    def classify(speaker: str, text: str) -> Any:
        raise ConnectionError("away")

    monitor = Monitor("oversight", classify=classify, telemetry=received.telemetry)
    with pytest.warns(MonitorWarning):
        monitor.say("Ada", A)
    [failures] = received.metrics()["spinodal.monitor.failures"]
    assert (failures.value, failures.attributes["spinodal.part"]) == (1, "classifier")


def test_a_span_belongs_to_the_application_s_own(received: _Received) -> None:
    monitor = Monitor("oversight", telemetry=received.telemetry)
    with received.tracers.get_tracer("app").start_as_current_span("turn") as turn:
        monitor.say("Ada", A)
    heard = received.spans[0]
    assert heard.parent is not None
    assert heard.parent.span_id == turn.get_span_context().span_id
