"""What `usage.db` looks like: the calls of the last 90 days, and totals of every day there ever was. No content.

`calls` has a row for each call from the moment before it is sent. `days` is the sum of all rows that are over, kept up
to date in the transaction that ends each of them, so that a budget or a report reads a few rows, and a call that is
old enough can go. Money is in pico-dollars, times in milliseconds.
"""

from __future__ import annotations

from .database import Schema

FILE_NAME = "usage.db"
KEPT_DAYS = 90
"""How long a call keeps a row of its own."""

_CALLS = """CREATE TABLE calls (
    id INTEGER PRIMARY KEY,              -- its time or the next free number, whichever is higher
    at INTEGER NOT NULL,                 -- when it began: milliseconds of Unix time
    day TEXT NOT NULL,                   -- the local date of that, YYYY-MM-DD
    owner INTEGER NOT NULL,              -- the process that makes it; see owners.py
    command TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,                 -- the one that answered, else the one that was asked
    profile TEXT NOT NULL,
    session TEXT,
    request_id TEXT,
    state TEXT NOT NULL,                 -- open; done; lost: its process ended before the call did
    status TEXT,                         -- how it ended: see core/budget.py; "lost"
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cache_read_tokens INTEGER NOT NULL DEFAULT 0,
    cache_write_tokens INTEGER NOT NULL DEFAULT 0,
    thinking_tokens INTEGER NOT NULL DEFAULT 0,
    cost_pico INTEGER,                   -- NULL: unpriced
    reserved_pico INTEGER NOT NULL DEFAULT 0,  -- the most it may still come to; 0 when it is over
    input_estimate INTEGER NOT NULL DEFAULT 0, -- tokens, counted if it is lost
    input_pico INTEGER,                  -- what is charged if it is lost; NULL: unpriced
    duration_ms INTEGER,
    ttft_ms INTEGER,
    estimated INTEGER NOT NULL DEFAULT 0,
    maybe_billed INTEGER NOT NULL DEFAULT 0
)"""

_DAYS = """CREATE TABLE days (
    day TEXT NOT NULL,
    model TEXT NOT NULL,
    command TEXT NOT NULL,
    profile TEXT NOT NULL,
    calls INTEGER NOT NULL,
    unpriced_calls INTEGER NOT NULL,
    estimated_calls INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    thinking_tokens INTEGER NOT NULL,
    cost_pico INTEGER NOT NULL,
    PRIMARY KEY (day, model, command, profile)
) WITHOUT ROWID"""

SCHEMA = Schema(
    application_id=0x636C_6375,  # "clcu"
    migrations=(
        (
            _CALLS,
            "CREATE INDEX calls_of_a_day ON calls (day)",
            "CREATE INDEX open_calls ON calls (day, owner, reserved_pico) WHERE state = 'open'",
            _DAYS,
        ),
    ),
)

SPENDING = """
SELECT (SELECT ifnull(sum(cost_pico), 0) FROM days WHERE day BETWEEN :first_day AND date(:today, '+2 days')),
       (SELECT ifnull(sum(reserved_pico), 0) FROM calls
        WHERE state = 'open' AND day BETWEEN :first_day AND date(:today, '+2 days') AND id <> :but)"""
"""What counts against a budget that began on `first_day`: pico-dollars that were spent, and those set aside for calls
under way but the one with the number `but` (0: no call has that). Today may already have ended elsewhere, hence the two
days; what a wrong clock has put farther ahead would block a budget until then."""

SPENDING_OF_COMMAND = """
SELECT (SELECT ifnull(sum(cost_pico), 0) FROM days
        WHERE day BETWEEN :first_day AND date(:today, '+2 days') AND command = :command),
       (SELECT ifnull(sum(reserved_pico), 0) FROM calls
        WHERE state = 'open' AND day BETWEEN :first_day AND date(:today, '+2 days') AND id <> :but
              AND command = :command)"""
"""The same of the calls of one command alone."""
