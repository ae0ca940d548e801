"""One file a command; thin, and none imports another."""

from __future__ import annotations

ALIASES = {"ask": "complete", "doctor": "health"}
"""Other words for commands."""
