"""Which model a client means: by an alias of the gateway, by its id, or by one of our short names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core.models import Catalogue
from .refusal import Refusal

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

_SENDABLE = re.compile(r"[!-~]{1,256}")
"""What may be a model's name: it also goes into headers and logs."""
_SHOWN_CHARS = 80


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
        """The id of the model that `name` means. Raises `Refusal`: 404; there is none, or it has retired."""
        found = self.find(name)
        if found is not None:
            return found
        heir = self.models.successor(name) or self.models.successor(name.replace(".", "-"))
        if heir:
            raise _not_found(f"the model {name} has retired; its successor is {heir}")
        raise _unknown(name, self)

    def find(self, name: str) -> str | None:
        """The id of the model that `name` means, None where there is none; many write 4.5 where ids have 4-5.

        An id of the provider's that is newer than the catalogue is let through: the provider knows better.
        """
        dashed = name.replace(".", "-")
        alias = self.aliases.get(name) or self.aliases.get(dashed)
        wanted = self.models.resolve(alias or name)
        model = self.models.find(wanted) or self.models.find(dashed)
        if model is not None:
            return model.id
        if not _SENDABLE.fullmatch(wanted):
            return None
        if alias or self.any_name or wanted != name:
            return wanted
        if self.models.successor(wanted) or self.models.successor(dashed):
            return None
        return wanted if wanted.startswith("claude-") and self.models.find_any(wanted) is None else None


def _unknown(name: str, names: Names) -> Refusal:
    from difflib import get_close_matches  # only who errs waits for it

    short = name[:_SHOWN_CHARS]
    near = get_close_matches(short, [*names.aliases, *names.models.names()], 3)
    meant = f"did you mean {' or '.join(dict.fromkeys(near))}? " if near else ""
    return _not_found(f"there is no model {short!r} here; {meant}GET /v1/models lists those there are")


def _not_found(message: str) -> Refusal:
    return Refusal(404, message, param="model", code="model_not_found")
