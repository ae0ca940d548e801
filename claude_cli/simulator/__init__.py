"""A Messages API on this machine, faithful enough to develop and test against; no model is behind it.

It shares nothing with the program but the catalogue's data file, so that a misreading of the API cannot pass on both
sides. Scripts of faults are described in `faults.py`.
"""

from __future__ import annotations

from .background import BackgroundSimulator
from .faults import load_script
from .journal import RecordedRequest
from .server import Simulator

__all__ = ["BackgroundSimulator", "RecordedRequest", "Simulator", "load_script"]
