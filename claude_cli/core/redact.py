"""Taking secrets out of text, and a type for them that never shows itself.

Nothing that is logged, shown or stored goes around this module. Only a transport calls `Secret.reveal`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from .errors import AuthenticationError

MASK = "***"

# None of these takes a double quote or a backslash: JSON stays JSON, however often it was quoted.
_HEADER = re.compile(
    r"""(x-api-key|authorization)                  # also proxy-authorization
        (\\?["']?\s*[:=]\s*(?:b?\\?["'])?)        # as a line, in JSON, in a dict
        ((?:basic|bearer|digest|token)\s+)?
        [^\s"',\\]+""",
    re.IGNORECASE | re.VERBOSE,
)
_PAIR = re.compile(  # ("x-api-key", "…") in a list of headers
    r"""((?:x-api-key|authorization)\\?["'],\s*b?\\?["'])[^"'\\]+(?=\\?["']\s*[)\]])""", re.IGNORECASE
)
_PATTERNS = (
    (re.compile(r"sk-ant-[A-Za-z0-9_\-]+"), "sk-ant-" + MASK),
    (re.compile(r"clk-[A-Za-z0-9]{16,}"), "clk-" + MASK),  # a key of our own gateway
    (_HEADER, rf"\1\2\3{MASK}"),
    (_PAIR, rf"\1{MASK}"),
    (re.compile(r"(?i)bearer\s+[A-Za-z0-9._~+/\-]{8,}=*"), f"Bearer {MASK}"),
    (re.compile(r"(?<=://)[^/@\s\"\\]+(?=@)"), MASK),  # user:password@ of a URL
)
_BASE64 = re.compile(r"(?<!\\)[A-Za-z0-9+/]{200,}={0,2}")


class Secret:
    """A key or token. Its text, its repr and its format are a mask."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Hold `value`."""
        self._value = value

    def reveal(self) -> str:
        """The secret itself; for the header of a request and nothing else."""
        return self._value

    def __repr__(self) -> str:
        """A mask."""
        return f"Secret({MASK})"

    __str__ = __repr__

    def __reduce__(self) -> Any:
        """Refuse to be pickled or copied into another process."""
        raise TypeError("a secret is not serialised")


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret and the header it travels in.

    Attributes:
        secret: the key or token.
        kind: "api_key" goes as `x-api-key` (works on every gateway), "bearer" as `Authorization`.
        source: where it came from, in words; never the value.
    """

    secret: Secret
    kind: Literal["api_key", "bearer"] = "api_key"
    source: str = "argument"

    @property
    def is_anthropic(self) -> bool:
        """Whether it is one of Anthropic's own, which never travels by plain http to another machine."""
        return self.secret.reveal().startswith("sk-ant-")

    @property
    def is_oauth(self) -> bool:
        """Whether it is an OAuth access token."""
        return self.secret.reveal().startswith("sk-ant-oat")


def credential(value: str, *, source: str, kind: Literal["api_key", "bearer"] = "api_key") -> Credential:
    """The credential in `value`, trimmed.

    Raises:
        AuthenticationError: it is empty, holds a blank, a line break or anything but printable ASCII, or is an
            admin key, which the Messages API does not take.
    """
    trimmed = value.strip()
    if not trimmed:
        raise AuthenticationError(f"the key in {source} is empty; set it to a key from the Anthropic console")
    if not (trimmed.isascii() and trimmed.isprintable()) or " " in trimmed:
        raise AuthenticationError(
            f"the key in {source} holds a blank, a line break or a character no key has; copy it again, in one piece"
        )
    if trimmed.startswith("sk-ant-admin"):
        raise AuthenticationError(f"the key in {source} is an admin key; messages want an API key (sk-ant-api…)")
    oauth = trimmed.startswith("sk-ant-oat")
    return Credential(Secret(trimmed), "bearer" if oauth else kind, source)


def redact(text: str, secrets: Iterable[Secret] = ()) -> str:
    """`text` without keys, authorisation headers, passwords in URLs, or base64 data of images.

    Args:
        text: anything about to be logged or shown.
        secrets: further values to take out, for keys that do not look like Anthropic's.
    """
    # The longest first: one may be a part of another.
    for value in sorted({secret.reveal() for secret in secrets}, key=len, reverse=True):
        # A secret shorter than this is no secret, and masking each "a" of a message would hide the message.
        if len(value) >= 6:
            text = text.replace(value, MASK)
    return _BASE64.sub(lambda match: f"<base64, {len(match[0])} characters>", without_keys(text))


def without_keys(text: str) -> str:
    """`text` without keys of Anthropic's, authorisation headers, bearer tokens, and passwords in URLs."""
    for pattern, mask in _PATTERNS:
        text = pattern.sub(mask, text)
    return text
