"""The lists of servers that are kept: each for its own address, and nothing that cannot be read stands in the way."""

from __future__ import annotations

import json
import stat

import pytest

from claude_cli.core.model_merge import LiveList
from claude_cli.core.models import catalogue
from claude_cli.storage.model_list import FILE_NAME, KEPT, keep_list, known_models, list_place, place_name, read_list

HERE = "https://api.example"
MOMENT = 1_795_341_769


@pytest.fixture
def environ(tmp_path):
    return {"CLAUDE_CLI_HOME": str(tmp_path)}


def a_list(place=HERE, name="m"):
    return LiveList(place, MOMENT, ({"id": name},))


def kept(value):
    """A file that has `value` in the place of a list."""
    return json.dumps({"format": 1, "lists": {HERE: value}}).encode()


def ids(environ, place=HERE):
    return {model.id for model in known_models(environ, place, "").models}


def test_a_list_counts_for_its_own_address(environ, tmp_path):
    """However that is written; a model of another server is never mixed in."""
    keep_list(environ, a_list())
    keep_list(environ, a_list("https://api.example/prefix", "p"))
    for place in (HERE, f"{HERE}/", f"{HERE}/v1", "HTTPS://API.example:443"):
        assert {"m"} <= ids(environ, place) and "p" not in ids(environ, place)
    assert {"p"} <= ids(environ, f"{HERE}/prefix/v1/")
    for place in ("https://other.example", "http://api.example", "https://api.example:444", "simulator", "no address"):
        assert known_models(environ, place, "") is catalogue()
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    assert place_name("simulator") == "simulator"


def test_a_newer_list_takes_the_place_of_the_older(environ):
    """And is otherwise what was kept."""
    keep_list(environ, a_list())
    keep_list(environ, a_list(name="n"))
    assert read_list(environ, HERE) == a_list(name="n")
    assert not {"m"} & ids(environ)


def test_without_files_there_is_only_what_is_shipped(environ):
    """The very object: nothing is merged, and nothing but two names is looked up."""
    assert known_models(environ, HERE, "") is catalogue()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="broken"),
        pytest.param(b"\xff\x00", id="no text"),
        pytest.param(b"[" * 100_000, id="nested too deeply"),
        pytest.param(b"[1]", id="no object"),
        pytest.param(b'{"models": [], "as_of": "2026-11-22"}', id="another program's"),
        pytest.param(json.dumps({"format": 2, "lists": {HERE: {}}}).encode(), id="a newer form"),
        pytest.param(b'{"format": 1, "lists": []}', id="lists that are none"),
        pytest.param(kept(3), id="a list that is none"),
        pytest.param(kept({"fetched_at": "x", "models": []}), id="no moment"),
        pytest.param(kept({"fetched_at": 10**30, "models": []}), id="a moment too late"),
        pytest.param(kept({"fetched_at": float("nan"), "models": []}), id="a moment that is none"),
        pytest.param(kept({"fetched_at": 1, "models": {}}), id="models that are none"),
        pytest.param(b" " * (10 << 20), id="too large"),
    ],
)
def test_what_is_not_our_file_counts_as_none(environ, tmp_path, text):
    """What can be had again need not be complained of; the next refresh writes it anew."""
    (tmp_path / FILE_NAME).write_bytes(text)
    assert known_models(environ, HERE, "") is catalogue()
    keep_list(environ, a_list())
    assert read_list(environ, HERE) == a_list()


def test_a_file_that_cannot_be_read_counts_as_none(environ, tmp_path):
    """A folder in its place, here."""
    (tmp_path / FILE_NAME).mkdir()
    assert known_models(environ, HERE, "") is catalogue()
    with pytest.raises(OSError):
        keep_list(environ, a_list())


def test_only_the_newest_addresses_are_kept(environ):
    """A port that changes with each start of a local server must not fill the disk."""
    for number in range(KEPT + 1):
        keep_list(environ, a_list(f"http://127.0.0.1:{number + 1}"))
    assert read_list(environ, "http://127.0.0.1:1") is None
    assert read_list(environ, "http://127.0.0.1:2") and read_list(environ, f"http://127.0.0.1:{KEPT + 1}")


def test_the_user_s_file_stands_over_the_list(environ, tmp_path):
    """And holds without one."""
    (tmp_path / "models.toml").write_text("[aliases]\nbest = 'm'\n[models.m]\ncontext_window = 5\n")
    assert known_models(environ, "simulator", "").resolve("best") == "m"
    keep_list(environ, a_list())
    model = known_models(environ, HERE, "").find("best")
    assert model is not None and (model.listed, model.context_window) == (True, 5)


@pytest.mark.parametrize(
    ("provider", "offline", "place"),
    [
        ("anthropic", False, HERE),
        ("anthropic", True, "simulator"),
        ("parrot", False, "parrot"),
        ("parrot", True, "simulator"),
    ],
)
def test_what_a_list_is_kept_for(provider, offline, place):
    """The address only where the built-in provider asks it."""
    assert list_place(provider, HERE, offline=offline) == place
