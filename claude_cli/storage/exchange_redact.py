"""What an export leaves out: keys and tokens of all the usual kinds, and where home folders are. Pure.

Text is gone through piece by piece: a key that is cut in two by the borders of its pieces is not found. Data of images
and PDFs is not looked into.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ..core.conversation import THINKING, Conversation, Turn
from ..core.messages import Block, blocks_within
from ..core.redact import MASK, without_keys

# Each takes time in proportion to the text, however hostile that is; and begins with a character, not with a condition
# or regardless of case, which would take several times as long.
_SECRETS = (
    # A private key; of one without an end, the lines that look like one.
    (
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:(?:[^-]++|-(?!----))*+-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
            r"|(?:(?:\s|\\[rn])*+[A-Za-z0-9+/=]{16,}+)*+)"
        ),
        f"{MASK} (a private key)",
    ),
    (
        re.compile(
            r"gh[opsur]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}"  # GitHub, GitLab
            r"|(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # AWS
            r"|AIza[\w-]{35,}|GOCSPX-[\w-]{20,}|ya29\.[\w-]{20,}"  # Google
            r"|xox[a-z](?:-[A-Za-z0-9]+){2,}|xapp(?:-[A-Za-z0-9]+){2,}"  # Slack
            r"|sk-(?<!\wsk-)(?=[A-Za-z_-]{0,40}\d)[\w-]{20,}"  # OpenAI and many others
            r"|[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/]{20,}"  # Stripe
            r"|hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,}|dop_v1_[a-f0-9]{64}"
            r"|xai-[A-Za-z0-9]{20,}|gsk_[A-Za-z0-9]{20,}|hv[sbr]\.[\w-]{20,}|AGE-SECRET-KEY-1[A-Z0-9]{20,}"
            r"|SG\.[\w-]{16,}\.[\w-]{16,}"  # SendGrid
            r"|eyJ(?<![\w-]eyJ)[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+"  # JSON Web Tokens
        ),
        MASK,
    ),
    # What a name says to be a secret, where the value looks like one: long, and with a digit.
    (
        re.compile(
            r"((?:password|Password|PASSWORD|passwd|PASSWD|secret|Secret|SECRET|token|Token|TOKEN"
            r"|[aA]pi[_-]?[kK]ey|API[_-]?KEY|[aA]cc(?:ess|ount)[_-]?[kK]ey|ACC(?:ESS|OUNT)[_-]?KEY)"
            r"\w{0,20}[\"']?\s{0,3}[:=]\s{0,3}[\"']?)(?=[A-Za-z+/_=.~-]{0,100}\d)[\w+/=.~-]{20,}"
        ),
        rf"\1{MASK}",
    ),
    # Of a password also a short value: any behind a bare "=" or in quotes, else one that is no mere word; no call.
    (
        re.compile(
            r"((?:password|Password|PASSWORD|passwd|PASSWD)[\"']?(?:=|\s{0,3}[:=]\s{0,3}[\"']"
            r"|\s{0,3}[:=]\s{0,3}(?=[A-Za-z_.-]{0,100}[\d!@#%^*?+~]))[\"']?)[^\s\"'`,;<>(){}\[\]]{6,}+(?![(\[])"
        ),
        rf"\1{MASK}",
    ),
)
_NAME = r"[^/\\\s\"'`<>:;,|()\[\]{}*?$#&=]+"
_BLANKS = rf"(?: {_NAME}){{1,3}}(?=[\\/\"'`])"
"""More words of a name; without a quote before the path nobody knows where it ends."""
_WINDOWS_HOME = rf"[A-Za-z]:[\\/]{{1,4}}Users[\\/]{{1,4}}{_NAME}"
_WINDOWS_HOMES = (re.compile(rf"(?<=[\"'`]){_WINDOWS_HOME}{_BLANKS}"), re.compile(rf"\b{_WINDOWS_HOME}"))


class Redaction:
    """Takes out of text what is nobody else's business."""

    def __init__(self, home: str) -> None:
        """Prepare for a user whose home folder is `home`; "": not known."""
        own = f"{re.escape(home.strip('/'))}(?![\\w.-])|" if home.strip("/") else ""
        # Not inside a word or an address; but behind a compiler's `-I`.
        place = r"(?:(?<![\w.~-]/)|(?<=-[A-Za-z]/))"
        homes = r"(?:(?:var/)?home|(?:mnt/[a-z]/)?Users)/"
        quoted = rf"(?<=[\"'`]/){homes}{_NAME}{_BLANKS}"
        self._homes = re.compile(rf"/{place}(?:{own}{quoted}|{homes}{_NAME}(?:\\ {_NAME}){{0,3}})")

    def text(self, text: str) -> str:
        """`text` without keys, and with ~ for home folders."""
        text = without_keys(text)
        for pattern, mask in _SECRETS:
            text = pattern.sub(mask, text)
        if "Users" in text:
            for pattern in _WINDOWS_HOMES:
                text = pattern.sub("~", text)
        return self._homes.sub("~", text)

    def conversation(self, conversation: Conversation) -> Conversation:
        """A copy of `conversation` that may be given away.

        It has no thinking: a signature holds for the very words it was given for.
        """
        turns = {number: self._turn(turn) for number, turn in conversation.turns.items()}
        title, system = self.text(conversation.title), self.text(conversation.system)
        return replace(conversation, title=title, system=system, turns=turns)

    def _turn(self, turn: Turn) -> Turn:
        content = tuple(self._value(block) for block in turn.content if block.get("type") not in THINKING)
        return replace(turn, content=content, bound="")

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list | tuple):
            return [self._value(each) for each in value]
        if not isinstance(value, dict):
            return value
        base64 = value.get("type") == "base64"
        return {self.text(key): each if base64 and key == "data" else self._value(each) for key, each in value.items()}


def has_data(block: Block) -> bool:
    """Whether `block` holds data that is not looked into: of an image or a PDF, also of one inside it."""
    sources = (each.get("source") for each in blocks_within(block))
    return any(isinstance(source, dict) and source.get("type") == "base64" for source in sources)
