"""What `history.db` looks like: conversations, and their turns with all that was said.

Times are microseconds of Unix time, money is in pico-dollars. Large data of attachments is not here but in the folder
`attachments/`, see `blobs.py`. The words to be searched are a second index, see `search.py`.
"""

from __future__ import annotations

from .database import Schema

FILE_NAME = "history.db"

_CONVERSATIONS = """CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL DEFAULT '',
    model TEXT NOT NULL DEFAULT '',      -- as it was last asked
    system TEXT NOT NULL DEFAULT '',
    head INTEGER,                        -- the last turn of the branch in use
    first_sent INTEGER,                  -- where older turns were trimmed
    simulated INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
)"""

_TURNS = """CREATE TABLE turns (
    id INTEGER PRIMARY KEY,              -- when it began, or the next free number
    conversation TEXT NOT NULL,
    parent INTEGER,
    role TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    model TEXT NOT NULL DEFAULT '',
    usage TEXT,                          -- the API's object as JSON
    cost_pico INTEGER,
    estimated INTEGER NOT NULL DEFAULT 0,
    stop_reason TEXT,
    request_id TEXT,
    bound TEXT NOT NULL DEFAULT '',
    indexed INTEGER NOT NULL DEFAULT 0,  -- its words can be found as they are here
    content TEXT NOT NULL                -- the raw blocks as JSON; large data is named by its hash
)"""

_ATTACHMENTS = """CREATE TABLE attachments (
    hash TEXT NOT NULL,                  -- SHA-256 of its bytes, its name in the folder
    turn INTEGER NOT NULL,
    PRIMARY KEY (hash, turn)
) WITHOUT ROWID"""

SCHEMA = Schema(
    application_id=0x636C_6368,  # "clch"
    migrations=(
        (
            _CONVERSATIONS,
            "CREATE INDEX conversations_by_time ON conversations (updated_at)",
            _TURNS,
            "CREATE INDEX turns_of ON turns (conversation, parent)",
            "CREATE INDEX turns_to_index ON turns (indexed) WHERE NOT indexed",
            _ATTACHMENTS,
            "CREATE INDEX attachments_of ON attachments (turn)",
        ),
    ),
    unindex=(
        "INSERT OR REPLACE INTO said_data VALUES (10, x'00000000000000')",  # an empty index, else it cannot be dropped
        "DROP TABLE said",
        "UPDATE turns SET indexed = 0",
    ),
)
