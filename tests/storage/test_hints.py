"""What a person is told once: for ever, or for a day."""

from __future__ import annotations

import stat

from claude_cli.storage.hints import first_time, first_time_today


def test_once_and_never_again(tmp_path):
    """In the data folder, which is made for it."""
    environ = {"CLAUDE_CLI_HOME": str(tmp_path / "home")}
    assert [first_time("a", environ), first_time("a", environ), first_time("b", environ)] == [True, False, True]


def test_once_a_day(tmp_path):
    """Each thing by itself; what was told on other days is forgotten."""
    environ, path = {"CLAUDE_CLI_HOME": str(tmp_path / "home")}, tmp_path / "home" / "told-today"
    told = [first_time_today(*asked) for asked in (
        ("a", environ, "2026-11-22"), ("a", environ, "2026-11-22"), ("a b", environ, "2026-11-22"),
        ("a", environ, "2026-11-23"), ("a", environ, "2026-11-23"),
    )]  # fmt: skip
    assert told == [True, False, True, True, False]
    assert path.read_text() == "2026-11-23 a\n" and stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_cannot_be_remembered_is_not_told(tmp_path):
    """Or it would be told each time."""
    (tmp_path / "file").touch()
    environ = {"CLAUDE_CLI_HOME": str(tmp_path / "file")}
    assert not first_time("a", environ) and not first_time_today("a", environ, "2026-11-22")
