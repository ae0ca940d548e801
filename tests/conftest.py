"""What every test starts from: an environment without anybody's keys, proxies, certificates and settings."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

_OURS = ("ANTHROPIC_", "CLAUDE_CLI_")
_FOREIGN = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUEST_METHOD")

# A shell starts what it sends behind (`make check &`) with Ctrl-C ignored, and all that we start would inherit that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no bug: how long an example takes is for the benchmarks. `make proof` takes the thorough ones.
settings.register_profile("steady", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=400)
settings.load_profile("steady")


def pytest_addoption(parser):
    """`--anew`, for the proofs."""
    parser.addoption("--anew", action="store_true", help="start each run of the program anew; none is forked")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path_factory):
    """Nothing of the machine's own may decide a test, and nothing a test keeps may stay on the machine."""
    for name in list(os.environ):
        if name.upper().startswith(_OURS) or name.upper() in _FOREIGN:
            monkeypatch.delenv(name)
    monkeypatch.setenv("CLAUDE_CLI_HOME", str(tmp_path_factory.getbasetemp() / "claude-cli-home"))
