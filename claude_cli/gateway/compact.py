"""JSON as the gateway sends it: without blanks, and in UTF-8 whatever characters a client has sent."""

from __future__ import annotations

import json
from typing import Any

JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""A value as text."""


def encode(value: Any) -> bytes:
    """`value` as a body; halves of surrogate pairs, which UTF-8 does not have, become question marks."""
    return JSON(value).encode(errors="replace")
