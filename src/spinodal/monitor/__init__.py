"""The monitor: who said what, where the group stands, and an alarm where it enters the misaligned basin.

    monitor = Monitor.from_run("runs/assess", "oversight", log="runs/watched", agents=5)

It is given to the adapters of all agents of a group (`spinodal.adapters`); nothing here knows a framework,
and nothing here calls a model unless it is given one to call (`Judge`).
"""

from spinodal.monitor._basin import Basin, basin_of, response_in
from spinodal.monitor._classify import JUDGE_WORDS, ByWords, Classifier, Judge
from spinodal.monitor._events import Alarm, Heard
from spinodal.monitor._log import MonitorLog, ParquetLog, read_log
from spinodal.monitor._monitor import Monitor, MonitorError, MonitorWarning
from spinodal.monitor._signs import autocorrelation, enough_of, variance

__all__ = [
    "JUDGE_WORDS",
    "Alarm",
    "Basin",
    "ByWords",
    "Classifier",
    "Heard",
    "Judge",
    "Monitor",
    "MonitorError",
    "MonitorLog",
    "MonitorWarning",
    "ParquetLog",
    "autocorrelation",
    "basin_of",
    "enough_of",
    "read_log",
    "response_in",
    "variance",
]
