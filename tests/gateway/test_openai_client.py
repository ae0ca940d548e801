"""The official OpenAI client as a judge: everything an application does with it, through the gateway."""

from __future__ import annotations

import openai
import pytest

from claude_cli.core.retry import RetryPolicy
from claude_cli.core.surroundings import CallPolicy
from claude_cli.storage.gateway_keys import GatewayKey

from .openai_checks import CHECKS, KEY, Check


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_official_client(gateway, check: Check):
    """With its own tries, as people use it. Each check names what it wants."""
    policy = CallPolicy(RetryPolicy(retries=1))
    running = gateway(check.script, keys={KEY: GatewayKey("anna")}, policy=policy)
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key=KEY, timeout=10.0) as client:
        check.run(client, running.upstream)
