"""The settings as they are shown: with their source, and without what is secret."""

from __future__ import annotations

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.storage.settings import Profile, Settings, all_fields
from claude_cli.storage.settings_view import find, rows

SETTINGS = Settings(
    model="opus",
    base_url="https://user:CANARY@gateway.example",
    key_command=("curl", "-H", "x-api-key: CANARY", "sk-ant-api03-CANARY"),
    profiles={
        "work": Profile(
            "work",
            model="haiku",
            headers={
                "Authorization": "Basic CANARY", "X-API-Key": "CANARY", "x-session": "CANARY", "cookie": "CANARY",
                "x-other": "sk-ant-CANARY", "x-team": "blue",
            },
        )
    },
    sources={"model": "CLAUDE_CLI_MODEL"},
)  # fmt: skip


def test_every_setting_has_a_row_and_no_row_a_secret():
    """In the order of their subjects, profiles last."""
    found = rows(SETTINGS, "config.toml")
    names = [*all_fields()]
    assert [row.name for row in found[: len(names)]] == names
    assert [(row.name, row.value, row.source) for row in found[len(names) :]] == [
        ("profiles.work.model", "haiku", "config.toml"),
        ("profiles.work.headers.Authorization", "***", "config.toml"),
        ("profiles.work.headers.X-API-Key", "***", "config.toml"),
        ("profiles.work.headers.x-session", "***", "config.toml"),
        ("profiles.work.headers.cookie", "***", "config.toml"),
        ("profiles.work.headers.x-other", "***", "config.toml"),
        ("profiles.work.headers.x-team", "***", "config.toml"),
    ]
    assert "CANARY" not in repr(found) and "blue" not in repr(found)
    assert next(row.value for row in found if row.name == "key_command") == ["curl", "…"]
    assert next(row.name for row in found if row.changed) == "model"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("model", ["opus"], id="a text without quotes"),
        pytest.param("retry_for_s", ["60.0"], id="a number"),
        pytest.param("offline", ["false"], id="a switch as in the file"),
        pytest.param("allow_http", ["[]"], id="a list as in the file"),
        pytest.param("profiles.work.model", ["haiku"], id="of a profile"),
        pytest.param("profiles.work.headers", ["***"] * 6, id="all headers"),
    ],
)
def test_one_is_found_by_its_name(name, shown):
    """Or those below it."""
    assert [row.plain for row in find(rows(SETTINGS, ""), name)] == shown


def test_a_name_that_is_none():
    """The nearest is named; profiles are none only because none was made."""
    with pytest.raises(UsageError, match="there is no setting 'modle'; did you mean 'model'"):
        find(rows(SETTINGS, ""), "modle")
    with pytest.raises(UsageError, match="'zzz'; without a name all are listed"):
        find(rows(SETTINGS, ""), "zzz")
    assert find(rows(Settings(), ""), "profiles") == []
