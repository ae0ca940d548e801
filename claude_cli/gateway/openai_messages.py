"""OpenAI's messages as a system prompt and turns: who follows whom, calls of tools and their results.

The API wants turns that alternate, and all results of a turn's calls at the beginning of the next one. Instructions
stay where they stand: moving them to the front would change what is before everything else, and cached.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..core.conversation import THINKING
from ..core.messages import Block, Message, Role, text_block
from .openai_parts import MARKS, OF_ASSISTANT, OF_SYSTEM, OF_TOOL, OF_USER, blocks_of, is_blank, mark, thinking_block
from .openai_values import Decoding, Renaming, listed, mapping, one_of, plain, shown, text
from .refusal import Refusal

OPERATOR = "The operator of this application, whose instructions count as the system prompt's do, says now:\n\n"
"""Stands before an instruction in the midst of a conversation, for models that know no such turn."""

_COMMON = {"role", "content", "name", *MARKS}
_KNOWN: Mapping[str, set[str]] = {
    "system": _COMMON,
    "developer": _COMMON,
    "user": _COMMON,
    # Those of the second line come back with answers that are sent again, and say nothing by themselves.
    "assistant": _COMMON | {"tool_calls", "function_call", "refusal", "audio", "thinking_blocks"}
    | {"reasoning_content", "annotations"},
    "tool": _COMMON | {"tool_call_id"},
    "function": _COMMON,
}  # fmt: skip


def decode_messages(messages: object, decoding: Decoding) -> tuple[list[Block], tuple[Message, ...]]:
    """The system prompt and the turns that `messages` are.

    Raises:
        Refusal: 400, something is wrong with one, or with their order; `param` names where.
    """
    if messages is None:
        raise Refusal(400, "messages is missing; it is a list, and the last is the user's", param="messages")
    found = listed(messages, "messages")
    reading = _Reading(decoding, found)
    for number, message in enumerate(found):
        reading.add(f"messages[{number}]", mapping(message, f"messages[{number}]"))
    return reading.system, reading.end()


def tool_input(arguments: object, param: str) -> dict[str, Any]:
    """The input of a tool's call, from its JSON; none at all is an empty one."""
    words = "" if arguments is None else text(arguments, param)
    try:
        value = {} if is_blank(words) else json.loads(words)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"{param} is no JSON: {shown(words)}", param=param) from error
    if not isinstance(value, dict):
        raise Refusal(400, f"{param} is {shown(value)}; a tool's input is a JSON object", param=param)
    plain(value, param)
    return value


class _Reading:
    """The conversation so far. Turns alternate; `_waiting` has the calls of the last answer that have no result yet,
    by the client's ids, `_calling` says where the last of them stands; `_later` are instructions since the last turn.
    """

    def __init__(self, decoding: Decoding, messages: list[Any]) -> None:
        self.system: list[Block] = []
        self._decoding, self._messages = decoding, messages
        self._turns: list[tuple[Role, list[Block], str]] = []
        self._waiting: dict[str, str] = {}
        self._answered: set[str] = set()
        self._calling = ""
        self._later: list[Block] = []
        self._ids = Renaming()
        self._several: bool | None = None
        self._readers: Mapping[str, Callable[[str, Mapping[str, Any]], None]] = {
            "system": self._add_system,
            "developer": self._add_system,
            "user": self._add_user,
            "assistant": self._add_assistant,
            "tool": self._add_tool,
            "function": self._add_function,
        }

    def add(self, path: str, message: Mapping[str, Any]) -> None:
        """Go on with `message`."""
        role = one_of(message.get("role"), f"{path}.role", self._readers)
        self._decoding.drop_strangers(message, _KNOWN[role], path)
        self._readers[role](path, message)

    def end(self) -> tuple[Message, ...]:
        """The turns. Raises `Refusal`: 400, they cannot end, or begin, like this."""
        self._refuse_waiting()
        self._place_system()
        if not self._turns:
            raise Refusal(400, "messages has no message of a user; there is nothing to answer", param="messages")
        role, blocks, path = self._turns[0]
        if role != "user":
            raise Refusal(400, f"{path}: the first message after the instructions is the user's", param=f"{path}.role")
        role, blocks, path = self._turns[-1]
        if role == "assistant":
            self._fit_prefill(blocks, path)
        return tuple(Message(role, tuple(blocks)) for role, blocks, _ in self._turns)

    def _add_system(self, path: str, message: Mapping[str, Any]) -> None:
        self._without_name(path, message)
        blocks = self._blocks(path, message, OF_SYSTEM)
        (self._later if self._turns else self.system).extend(blocks)

    def _add_user(self, path: str, message: Mapping[str, Any]) -> None:
        self._refuse_waiting()
        blocks = self._blocks(path, message, OF_USER)
        if not blocks:
            raise Refusal(400, f"{path}.content is empty, and the API takes no empty turn", param=f"{path}.content")
        if message.get("name") is not None:
            self._name(path, message, blocks)
        turn = self._turn("user", path)
        turn += self._noted()
        turn += blocks

    def _add_assistant(self, path: str, message: Mapping[str, Any]) -> None:
        goes_on = bool(self._turns) and self._turns[-1][0] == "assistant"
        if not goes_on:
            self._refuse_waiting()
            self._answered.clear()
        # Between calls and their results nothing may stand: instructions wait until those are there.
        placed = not (goes_on and self._waiting)
        self._without_name(path, message)
        blocks = self._said(path, message) + self._called(path, message)
        if not blocks:
            return
        _mark_last(blocks, message, path, self._decoding)
        if placed:
            self._place_system()
        turn = self._turn("assistant", path)
        turn += blocks

    def _add_tool(self, path: str, message: Mapping[str, Any]) -> None:
        param = f"{path}.tool_call_id"
        self._add_result(text(message.get("tool_call_id"), param), param, path, message)

    def _add_function(self, path: str, message: Mapping[str, Any]) -> None:
        param = f"{path}.name"
        self._add_result(_key(text(message.get("name"), param)), param, path, message)

    def _add_result(self, key: str, param: str, path: str, message: Mapping[str, Any]) -> None:
        call = self._waiting.pop(key, None)
        if call is None:
            why = (
                "answers a call for the second time" if key in self._answered else "answers no call of the turn before"
            )
            raise Refusal(400, f"{param} {why}: each call of a tool has one result right behind it", param=param)
        self._answered.add(key)
        block: Block = {"type": "tool_result", "tool_use_id": call}
        content = blocks_of(message.get("content"), f"{path}.content", OF_TOOL, self._decoding)
        if content:
            plain_text = isinstance(message["content"], str)
            block["content"] = message["content"] if plain_text else content
        mark(block, message, path, self._decoding)
        self._turn("user", path).append(block)

    def _said(self, path: str, message: Mapping[str, Any]) -> list[Block]:
        """What an assistant's message says: first its thinking, then its words."""
        if message.get("audio") is not None:
            raise Refusal(400, f"{path}.audio: no audio is kept here; send its text", param=f"{path}.audio")
        where = f"{path}.thinking_blocks"
        thought = [
            thinking_block(block, f"{where}[{number}]", self._decoding)
            for number, block in enumerate(listed(message.get("thinking_blocks"), where))
        ]
        found = [block for block in thought if block is not None]
        found += blocks_of(message.get("content"), f"{path}.content", OF_ASSISTANT, self._decoding)
        refusal = message.get("refusal")
        if refusal is not None and not is_blank(text(refusal, f"{path}.refusal")):
            found.append(text_block(refusal))
        return found

    def _called(self, path: str, message: Mapping[str, Any]) -> list[Block]:
        """The calls of tools in an assistant's message; they wait for their results from now on."""
        found = []
        for number, call in enumerate(listed(message.get("tool_calls"), f"{path}.tool_calls")):
            where = f"{path}.tool_calls[{number}]"
            given = mapping(call, where)
            one_of(given.get("type", "function"), f"{where}.type", ("function",))
            # Pieces of a stream have an index, and whoever puts them together may leave it there.
            self._decoding.drop_strangers(given, ("id", "type", "function", "index"), where)
            key = text(given.get("id"), f"{where}.id")
            function = mapping(given.get("function"), f"{where}.function")
            found.append(self._call(key, f"{where}.id", function, f"{where}.function"))
        older = message.get("function_call")
        if older is not None:
            where = f"{path}.function_call"
            function = mapping(older, where)
            key = _key(text(function.get("name"), f"{where}.name"))
            found.append(self._call(key, where, function, where))
        return found

    def _call(self, key: str, param: str, function: Mapping[str, Any], path: str) -> Block:
        """The call of `function`, which stands at `path`; `param` is where its id, `key`, does."""
        if key in self._waiting:
            raise Refusal(400, f"{param} is the id of another call, too", param=param)
        name = text(function.get("name"), f"{path}.name")
        self._decoding.drop_strangers(function, ("name", "arguments"), path)
        given = tool_input(function.get("arguments"), f"{path}.arguments")
        call = self._waiting[key] = self._ids.new(key)
        self._calling = path.partition(".")[0]
        return {"type": "tool_use", "id": call, "name": self._decoding.tool_name(name), "input": given}

    def _place_system(self) -> None:
        """Put the instructions since the last turn, if any, behind it: as a turn of their own where the API takes
        one, which is between the user's and an answer.
        """
        if not self._later:
            return
        role, _, path = self._turns[-1]
        if role == "user" and self._decoding.able("system"):
            self._turns.append(("system", self._later, path))
            self._later = []
            return
        turn = self._turn("user", path)
        turn += self._noted()

    def _noted(self) -> list[Block]:
        """The instructions since the last turn, as words in a user's."""
        blocks, self._later = self._later, []
        for block in blocks:
            block["text"] = OPERATOR + block["text"]
        return blocks

    def _refuse_waiting(self) -> None:
        if self._waiting:
            path = self._calling
            calls = ", ".join(shown(key) for key in list(self._waiting)[:5])
            raise Refusal(
                400, f"{path}: calls of tools without a result behind them: {calls}", param=f"{path}.tool_calls"
            )

    def _turn(self, role: Role, path: str) -> list[Block]:
        """The blocks of the last turn, which is by `role`; a new one where it is not."""
        if not (self._turns and self._turns[-1][0] == role):
            self._turns.append((role, [], path))
        return self._turns[-1][1]

    def _blocks(self, path: str, message: Mapping[str, Any], readers: Any) -> list[Block]:
        blocks = blocks_of(message.get("content"), f"{path}.content", readers, self._decoding)
        _mark_last(blocks, message, path, self._decoding)
        return blocks

    def _name(self, path: str, message: Mapping[str, Any], blocks: list[Block]) -> None:
        """Say who speaks, where several do: the API has no field for that."""
        name = text(message["name"], f"{path}.name")
        if self._several is None:
            given = (each for each in self._messages if isinstance(each, dict) and each.get("role") == "user")
            names = (each.get("name") for each in given)
            self._several = len({each for each in names if isinstance(each, str)}) > 1
        if not self._several:
            self._decoding.drop("messages[].name", "has no place at the API", f"{path}.name")
        elif blocks[0]["type"] == "text":
            blocks[0]["text"] = f"{name}: {blocks[0]['text']}"
        else:
            blocks.insert(0, text_block(f"{name}:"))

    def _without_name(self, path: str, message: Mapping[str, Any]) -> None:
        if message.get("name") is not None:
            self._decoding.drop("messages[].name", "has no place at the API", f"{path}.name")

    def _fit_prefill(self, blocks: list[Block], path: str) -> None:
        """Take off what the API refuses at the end of an answer that is to be gone on with, and note where it is."""
        decoding = self._decoding
        if decoding.able("prefill") is False:
            words = f"{decoding.id} does not continue an answer that was begun; the last message is the user's"
            raise Refusal(400, words, param=path)
        decoding.prefill = path
        last = blocks[-1]
        if last["type"] == "text":
            last["text"] = last["text"].rstrip()


def _mark_last(blocks: list[Block], message: Mapping[str, Any], path: str, decoding: Decoding) -> None:
    """Mark the last block that is not marked by itself, where the whole message asks for that."""
    if any(name in message for name in MARKS) and blocks:
        last = next((block for block in reversed(blocks) if block["type"] not in THINKING), None)
        if last is not None and "cache_control" not in last:
            mark(last, message, path, decoding)


def _key(name: str) -> str:
    """By what a call of the older kind, which has no id, and its result find each other."""
    return f"function_{name}"
