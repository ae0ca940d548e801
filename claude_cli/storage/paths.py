"""Where our files lie. Nothing is created here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

APP_NAME = "claude-cli"


def config_dir(environ: Mapping[str, str]) -> Path:
    """The folder of the settings: `CLAUDE_CLI_HOME`, else the platform's (on Linux ~/.config/claude-cli)."""
    home = environ.get("CLAUDE_CLI_HOME")
    if home:
        return Path(home)
    import platformdirs

    return Path(platformdirs.user_config_dir(APP_NAME, appauthor=False))
