"""`claude-cli models`: what the catalogue knows, without key or network."""

from __future__ import annotations


def test_the_list(claude):
    """A line each: id, the alias that means it, window, cap, and what is no longer current."""
    done = claude("models", ANTHROPIC_API_KEY=None)
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert any(line.startswith("claude-sonnet-5-5 = sonnet ") and "k in" in line and "k out" in line for line in lines)
    assert any("deprecated" in line for line in lines)
    assert not any(line != line.rstrip() for line in lines)


def test_a_search(claude):
    """A part of an id, a name or a line, in any case; nothing found is said, and no failure."""
    found = claude("models", "HAIKU").out.splitlines()
    assert found and all("haiku" in line for line in found)
    assert len(found) < len(claude("models").out.splitlines())
    done = claude("models", "nothing-like-it")
    assert (done.status, done.out) == (0, "")
    assert done.lines == ["claude-cli: no model matches 'nothing-like-it'; `claude-cli models` lists them all"]


def test_as_json(claude):
    """One object, with the date of the data."""
    value = claude("models", "opus", "--json").json
    assert value["version"] == 1 and value["as_of"].startswith("20")
    assert all("opus" in model["id"] and model["context_window"] > 0 for model in value["models"])
