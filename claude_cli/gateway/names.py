"""Which model a client means: by an alias of the gateway, by its id, or by one of our short names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core.models import Catalogue

ALIASES: Mapping[str, str] = {
    "claude-3-5-sonnet-20241022": "sonnet",
    "claude-3-5-haiku-20241022": "haiku",
    "claude-3-opus-20240229": "opus",
    "claude-3-sonnet-20240229": "sonnet",
    "claude-3-haiku-20240307": "haiku",
    "claude-3-5-sonnet": "sonnet",
    "claude-3-5-haiku": "haiku",
    "claude-3-opus": "opus",
    "claude-3-sonnet": "sonnet",
    "claude-3-haiku": "haiku",
}
"""Names of retired models that clients are configured with, and the lines of today that answer in their place."""


@dataclass(frozen=True, slots=True)
class Names:
    """The models that may be named.

    Attributes:
        models: those that are known.
        aliases: names of the gateway's own; each means an id or a short name.
        any_name: the server is not the official one, and may have models nobody knows here.
    """

    models: Catalogue
    aliases: Mapping[str, str] = field(default_factory=lambda: ALIASES)
    any_name: bool = False

    def resolve(self, name: str) -> str:
        """The id of the model that `name` means. Raises `Refusal`: 404, there is none."""
        return self.models.resolve(self.aliases.get(name, name))
