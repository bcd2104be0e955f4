"""What a monitor hears as OpenTelemetry spans and metrics.

    monitor = Monitor(pair, telemetry=Telemetry())

Needs `opentelemetry-api`, and an SDK set up by the application for anything to leave the process. No
attribute holds what was said. Names of speakers are attributes of spans, and of no metric.

span     spinodal.monitor.heard             one an utterance; an event `spinodal.monitor.alarm` on it where
                                            one is raised or cleared
gauges   spinodal.monitor.magnetization     each with the attributes spinodal.pair and spinodal.conversation
         spinodal.monitor.drift
         spinodal.monitor.variance
         spinodal.monitor.autocorrelation
counters spinodal.monitor.utterances        by spinodal.stance: A, B or neither
         spinodal.monitor.alarms            raised, not cleared
         spinodal.monitor.failures          of the monitor itself, by spinodal.part
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spinodal._errors import RequestError
from spinodal.monitor._events import Alarm, Heard

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

_SCOPE = "spinodal.monitor"
_MEASURED = {
    "magnetization": ("m", "magnetization of the group, in -1 to 1"),
    "drift": ("drift", "drift score: 0 at the aligned state, 1 at the edge of the misaligned basin"),
    "variance": ("variance", "variance of the last estimates of the magnetization"),
    "autocorrelation": ("autocorrelation", "correlation of each of the last estimates with the next"),
}


class Telemetry:
    """Spans and metrics of what a monitor hears.

    Args:
        tracer_provider: by default the application's own.
        meter_provider: by default the application's own.

    Raises:
        RequestError: `opentelemetry-api` is not installed.
    """

    def __init__(
        self, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        try:
            from opentelemetry import metrics, trace
        except ImportError:
            raise RequestError(
                "telemetry needs opentelemetry-api; run `pip install opentelemetry-api`, or leave it out"
            ) from None
        from spinodal import __version__

        self._tracer = trace.get_tracer(_SCOPE, __version__, tracer_provider)
        meter = metrics.get_meter(_SCOPE, __version__, meter_provider)
        self._gauges: dict[str, Any] = {
            field: meter.create_gauge(f"{_SCOPE}.{name}", "1", about)
            for name, (field, about) in _MEASURED.items()
        }
        self._utterances = meter.create_counter(f"{_SCOPE}.utterances", "1", "utterances heard")
        self._alarms = meter.create_counter(f"{_SCOPE}.alarms", "1", "alarms raised")
        self._failures = meter.create_counter(f"{_SCOPE}.failures", "1", "failures of the monitor itself")

    def heard(self, heard: Heard, pair: str, began: int, alarm: Alarm | None) -> None:
        """Tell of an utterance, whose hearing began at this time (nanoseconds since 1970)."""
        group = {"spinodal.pair": pair, "spinodal.conversation": heard.conversation}
        numbers = {field: getattr(heard, field) for field in self._gauges}
        known = {field: value for field, value in numbers.items() if not math.isnan(value)}
        span = self._tracer.start_span(
            f"{_SCOPE}.heard",
            start_time=began,
            attributes={
                **group,
                "spinodal.number": heard.number,
                "spinodal.speaker": heard.speaker,
                "spinodal.stance": heard.stance or "neither",
                "spinodal.known": heard.known,
                "spinodal.alarm": heard.alarm,
                "spinodal.text.length": heard.length,
                **{f"spinodal.{field}": value for field, value in known.items()},
            },
        )
        if alarm is not None:
            span.add_event(
                f"{_SCOPE}.alarm", {"spinodal.raised": alarm.raised, "spinodal.words": alarm.words}
            )
        span.end()
        for field, value in known.items():
            self._gauges[field].set(value, group)
        self._utterances.add(1, {**group, "spinodal.stance": heard.stance or "neither"})
        if alarm is not None and alarm.raised:
            self._alarms.add(1, group)

    def failed(self, part: str, pair: str, conversation: str) -> None:
        """Tell of a failure of the monitor itself."""
        about = {"spinodal.pair": pair, "spinodal.conversation": conversation, "spinodal.part": part}
        self._failures.add(1, about)
