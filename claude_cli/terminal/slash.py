"""The slash commands of the chat: their names, what they take, their help; what they do is `chat/`'s matter. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..core.errors import UsageError

Takes = Literal["", "text", "model", "path", "number", "session", "setting", "what", "file", "template"]
"""What a command's argument is, for its completion."""


@dataclass(frozen=True, slots=True)
class Slash:
    """A command.

    Attributes:
        name: without the slash.
        usage: what stands behind it: "[n]", "[name value]", "".
        help: what it does, in one line.
        takes: what its argument is.
        more: what else `/help NAME` says, in plain sentences.
        aliases: other names that it answers to.
    """

    name: str
    usage: str
    help: str
    takes: Takes = ""
    more: str = ""
    aliases: tuple[str, ...] = ()


COMMANDS = (
    Slash("help", "[command]", "Show the commands and keys.", "what", aliases=("?",)),
    Slash(
        "model", "[name]", "Show or change the model.", "model",
        "It says what of the conversation or of the parameters the new model does not take.",
    ),
    Slash(
        "system", "[text]", "Show or change the system prompt; - removes it.", "text",
        "The text may have several lines: Alt-Enter begins the next one.",
    ),
    Slash(
        "attach", "path…", "Take an image, PDF, text file or URL into the message.", "path",
        "The word clipboard is the image that was copied last. Also @path in the text of a message.",
    ),
    Slash(
        "detach", "[n]", "Take an attachment off the message.", "number",
        "Without a number the last one. So does deleting its label.",
    ),
    Slash(
        "edit", "[n]", "Edit your last message, or the n-th, as another branch.", "number",
        "The message goes into the prompt with what it had attached; sending it begins another branch. What was said "
        "stays in the tree, and /tree goes back to it. Numbers count your messages from 1.",
    ),
    Slash(
        "retry", "[model]", "Ask the last message again, as another branch.", "model",
        "With a model, that one answers this once.",
    ),
    Slash("continue", "", "Go on with an answer that was cut or stopped."),
    Slash(
        "undo", "", "Go back before your last message; it stays in the tree.", "",
        "Again: one message further back.",
    ),
    Slash(
        "tree", "[n]", "Draw the branches; with a number, go there.", "number",
        "Each message has a number that it keeps. What is said next follows the message gone to.",
    ),
    Slash("new", "", "Begin a new conversation."),
    Slash(
        "open", "[words]", "List conversations, or open the one that fits.", "session",
        "Words are an id, a title, how one of them begins, or words to search for. After a list, its numbers open.",
    ),
    Slash("title", "[text]", "Show or change the conversation's title.", "text"),
    Slash(
        "copy", "[n|code|all]", "Copy the last answer, number n, its code, or everything.", "what",
        "Numbers count the answers from 1; /copy code 2 is the second block of code of the last answer. Over ssh, and "
        "where there is no clipboard, the terminal is asked to copy (OSC 52).",
    ),
    Slash("usage", "", "Show tokens and money of this conversation."),
    Slash(
        "set", "[name value]", "Show or change parameters such as effort.", "setting",
        "The value default takes it back. Any other name is a field of the request, as -O has it: /set speed fast.",
    ),
    Slash(
        "compact", "", "Sum the conversation up, to make room.", "",
        "The model writes the summary, which stands for what was said; all of that stays in the tree.",
    ),
    Slash(
        "export", "[file]", "Write the conversation to a file, Markdown or .json.", "file",
        "Keys and the name of your home folder are left out.",
    ),
    Slash(
        "template", "name [k=v…]", "Fill a template into the prompt.", "template",
        "What stands behind the values is its $input.",
    ),
    Slash("exit", "", "Leave; Ctrl-D does so, too.", aliases=("quit", "q", "bye")),
)  # fmt: skip

KEYS = (
    "Enter sends · Alt-Enter: new line · Ctrl-C stops an answer · /help set says more",
    "Ctrl-R searches · Ctrl-X Ctrl-E: editor · @path attaches · //x sends /x",
)

_NAMES = {name: command for command in COMMANDS for name in (command.name, *command.aliases)}


@dataclass(frozen=True, slots=True)
class Call:
    """A command as it was typed.

    Attributes:
        command: which one.
        rest: what stands behind it, blanks and quotes as they were typed, but for those at its ends.
    """

    command: Slash
    rest: str = ""


def find(name: str) -> Slash | None:
    """The command called `name`, in any case, with or without its slash."""
    return _NAMES.get(name.removeprefix("/").lower())


def parse(text: str) -> Call | None:
    """The command that `text` is; None: it is a message.

    A message is what does not begin with a slash, begins with two, or whose first word is a path (`/usr/bin/x`).

    Raises:
        UsageError: there is no such command, or it takes nothing and something stands behind it.
    """
    if not text.startswith("/"):
        return None
    word = (text.split(maxsplit=1) or [""])[0]
    if "/" in word[1:]:
        return None
    command = find(word)
    if command is None:
        raise UsageError(unknown(word))
    rest = text[len(word) :].strip()
    if rest and not command.usage:
        raise UsageError(f"/{command.name} takes nothing behind it; // at the beginning sends the line as text")
    return Call(command, rest)


def as_message(text: str) -> str:
    """`text` as it has to stand in the prompt to be sent as it is: a slash before what would else be a command."""
    if text.startswith("//"):
        return f"/{text}"
    try:
        return text if parse(text) is None else f"/{text}"
    except UsageError:
        return f"/{text}"


def unknown(word: str) -> str:
    """That there is no command `word`, which begins with a slash, and which one is near."""
    from difflib import get_close_matches

    near = get_close_matches(word[1:].lower(), list(_NAMES), 1)
    shown = word if len(word) <= 40 else word[:39] + "…"
    hint = f"did you mean /{near[0]}?" if near else "/help lists the commands"
    return f"there is no command {shown}; {hint} (// at the beginning sends it as text)"


def overview(width: int) -> list[str]:
    """All commands and the keys, as lines for a terminal of `width` cells: one screen at 80x24."""
    from .columns import wrapped

    shown = [command for command in COMMANDS if command.name != "help"]  # who sees this knows it
    usages = [f"/{command.name} {command.usage}".rstrip() for command in shown]
    column = max(map(len, usages)) + 2
    lines = []
    for usage, command in zip(usages, shown, strict=True):
        if column + max(len(each.help) for each in shown) <= width:
            lines.append(f"{usage:{column}}{command.help}")
        else:
            lines += [usage, *wrapped(f"   {command.help}", width, indent=3)]
    return [*lines, *(line for keys in KEYS for line in wrapped(keys, width))]


def about(command: Slash, width: int) -> list[str]:
    """One command in full, as lines for a terminal of `width` cells."""
    from .columns import wrapped

    also = f"also {', '.join(f'/{name}' for name in command.aliases)}" if command.aliases else ""
    texts = (f"/{command.name} {command.usage}".rstrip(), command.help, command.more, also)
    return [line for text in texts if text for line in wrapped(text, width)]
