"""Plugins that are none, or only half of one."""

from __future__ import annotations

from claude_cli import LLMProvider


class NoProvider:
    """Has the right name and nothing else."""

    API_KEY_NAME = "PARROT_KEY"


class Half(LLMProvider):
    """Forgot what a provider has to write."""

    API_KEY_NAME = "PARROT_KEY"


class Start(LLMProvider):
    """Loads, and fails when it is made."""

    API_KEY_NAME = "ANOTHER_KEY"

    def __init__(self, *arguments: object) -> None:
        raise KeyError("PARROT_HOME")

    async def stream(self, request):
        yield

    async def get_available_models(self):
        return []


class Key(Start):
    """Loads, and fails whenever it is asked something."""

    API_KEY_NAME = "PARROT_KEY"

    def __init__(self, *arguments: object) -> None:
        pass

    @classmethod
    def has_key(cls, environ):
        raise ValueError("KEY_FILE is gone")

    async def get_available_models(self):
        raise ValueError("KEY_FILE is gone")
