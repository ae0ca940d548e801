"""claude_cli: a terminal client for Claude, and the same from Python.

    from claude_cli import AnthropicProvider
    answer = await AnthropicProvider().generate_completion("sonnet", "Explain TLS in two sentences")

The public names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .batch.from_python import run_batch
    from .batch.row import Result
    from .core.client import Client
    from .core.errors import ClaudeError, ProviderError
    from .core.messages import ChatRequest, Completion, LLMOptions, Message
    from .core.providers.anthropic import AnthropicProvider
    from .core.providers.base import Health, LLMProvider, ModelInfo
    from .core.providers.manager import PluginManager, ProviderPool, list_providers

__version__ = "0.1.0"

__all__ = [
    "AnthropicProvider",
    "ChatRequest",
    "ClaudeError",
    "Client",
    "Completion",
    "Health",
    "LLMOptions",
    "LLMProvider",
    "Message",
    "ModelInfo",
    "PluginManager",
    "ProviderError",
    "ProviderPool",
    "Result",
    "list_providers",
    "run_batch",
]

_HOMES = {
    "AnthropicProvider": "core.providers.anthropic",
    "ChatRequest": "core.messages",
    "ClaudeError": "core.errors",
    "Client": "core.client",
    "Completion": "core.messages",
    "Health": "core.providers.base",
    "LLMOptions": "core.messages",
    "LLMProvider": "core.providers.base",
    "Message": "core.messages",
    "ModelInfo": "core.providers.base",
    "PluginManager": "core.providers.manager",
    "ProviderError": "core.errors",
    "ProviderPool": "core.providers.manager",
    "Result": "batch.row",
    "list_providers": "core.providers.manager",
    "run_batch": "batch.from_python",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
