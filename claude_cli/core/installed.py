"""How this program was installed, and so how one of its extras is added to it."""

from __future__ import annotations

import json
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from shlex import quote

_NAME = "claude-cli"


def install_line(extra: str) -> str:
    """The shell line that adds `extra` ("media", "schema") to this very installation."""
    try:
        found = distribution(_NAME)
        return line_for(
            extra,
            prefix=Path(sys.prefix),
            python=sys.executable,
            direct_url=found.read_text("direct_url.json"),
            installer=found.read_text("INSTALLER"),
        )
    except PackageNotFoundError:  # run from a folder that was never installed
        return line_for(extra, prefix=Path(sys.prefix), python=sys.executable, direct_url=None, installer=None)


def line_for(extra: str, *, prefix: Path, python: str, direct_url: str | None, installer: str | None) -> str:
    """The same for an installation that is described.

    Args:
        extra: its name in `pyproject.toml`.
        prefix: the environment's folder; pipx and `uv tool` leave a file of theirs in it.
        python: the environment's interpreter.
        direct_url: text of `direct_url.json` (PEP 610), where the program did not come from an index.
        installer: text of `INSTALLER` (PEP 376).
    """
    options, what = _requirement(extra, direct_url)
    words = f"{options}{quote(what)}"
    if (prefix / "pipx_metadata.json").is_file():
        return f"pipx install --force {words}"
    if (prefix / "uv-receipt.toml").is_file():
        return f"uv tool install {words}"
    if (installer or "").strip() == "uv":  # its environments have no pip
        return f"uv pip install --python {quote(python)} {words}"
    return f"{quote(python)} -m pip install {words}"


def _requirement(extra: str, direct_url: str | None) -> tuple[str, str]:
    """The installer's option, and the requirement: from where the program came, so that it stays the same one."""
    named = f"{_NAME}[{extra}]"
    origin = json.loads(direct_url) if direct_url else {}
    url = origin.get("url", "")
    if not url:
        return "", named
    if origin.get("dir_info", {}).get("editable"):
        return "-e ", f"{url.removeprefix('file://')}[{extra}]"
    vcs = origin.get("vcs_info")
    if vcs:
        revision = vcs.get("requested_revision")
        url = f"{vcs['vcs']}+{url}" + (f"@{revision}" if revision else "")
    return "", f"{named} @ {url}"
