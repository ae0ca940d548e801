"""What a command stands on gives nothing away."""

from __future__ import annotations

from claude_cli.context import Context


def test_a_context_shown_by_a_debugger_shows_no_key():
    """Its environment holds the key; a traceback with local variables must not."""
    assert "CANARY" not in repr(Context(environ={"ANTHROPIC_API_KEY": "sk-ant-CANARY"}))
