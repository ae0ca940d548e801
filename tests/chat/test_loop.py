"""The chat's loop: what stands in the prompt after each message, and what a Ctrl-C beside the prompt does."""

from __future__ import annotations

import base64
import signal

import pytest

from claude_cli.chat.loop import Loop
from claude_cli.core.messages import Notice
from claude_cli.terminal.draft import Draft
from claude_cli.terminal.signals import Terminated

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
CLEAR = "\x15"
"""Before a text: the words in the prompt are deleted, the labels are not."""


class Fingers:
    """A prompt at which everything has been typed already: texts to be entered, and what else comes up there.

    Attributes:
        drafts: what stood in it each time.
        shown: the messages that it was told to show.
    """

    def __init__(self, *typed: str | BaseException) -> None:
        self.typed, self.drafts, self.shown = list(typed), [], []

    def read(self, draft: Draft) -> Draft:
        self.drafts.append(draft)
        if not self.typed:
            raise EOFError
        next_ = self.typed.pop(0)
        if isinstance(next_, BaseException):
            raise next_
        text = "".join(f"{chip.label} " for chip in draft.used) if next_.startswith(CLEAR) else draft.text
        return Draft(text + next_.removeprefix(CLEAR), draft.chips)

    def show(self, message: Draft) -> None:
        self.shown.append(message.text)

    def close(self) -> None:
        pass


@pytest.fixture
def loop(chat):
    """A chat's loop over a prompt at which things are typed; `loop.prompt` has seen what stood in it."""

    def begin(*typed, script=(), **how):
        talk = chat(*script)
        return Loop(talk.session, Fingers(*typed), talk.attacher, **how)

    return begin


def texts(loop):
    return [draft.text for draft in loop.prompt.drafts]


# ------------------------------------------------------------------------------------------------ Ctrl-C
def test_a_ctrl_c_beside_the_prompt_does_not_leave(loop):
    """It comes where nobody reads keys yet, or no more: what stands in the prompt still does."""
    under_way = loop(KeyboardInterrupt(), "/modle", KeyboardInterrupt(), KeyboardInterrupt())
    assert under_way.run() == 0
    assert texts(under_way) == ["", "", "/modle", "/modle", "/modle"]


@pytest.mark.parametrize("name", ["_gap", "_end"])
def test_a_ctrl_c_between_the_prompt_and_a_turn_does_not_leave(loop, name):
    """Nor behind the turn, where somebody presses it twice: the answer stays, and is not asked for again."""

    class Pressed(Loop):
        """A loop in which Ctrl-C comes before one of its steps, the first time."""

    def step(self, *arguments):
        setattr(Pressed, name, getattr(Loop, name))
        raise KeyboardInterrupt

    setattr(Pressed, name, step)
    first = loop("a question", "", script=[{"say": "An answer."}])
    under_way = Pressed(first.session, first.prompt, first.attacher)
    assert under_way.run() == 0
    assert texts(under_way)[1] == ("a question" if name == "_gap" else "")
    assert [turn.text for turn in first.session.conversation.path] == ["a question", "An answer."]


@pytest.mark.parametrize("how", ["a script", "SIGTERM"])
def test_a_script_or_a_signal_does_leave(loop, how):
    """Nobody is there who could go on."""
    stop = Terminated(signal.SIGTERM) if how == "SIGTERM" else KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        loop(stop, "hello", scripted=how == "a script").run()


# ------------------------------------------------------------------------------------------------ what stays
def test_a_command_that_has_nothing_to_work_on_leaves_the_prompt_empty(loop):
    """What is typed next would be glued to it and sent; one that can be put right stays."""
    nothing = ["/copy", "/retry", "/edit", "/undo", "/tree", "/continue", "/compact", "/export", "/open", "/detach"]
    for line in nothing:
        under_way = loop(line)
        under_way.run()
        assert texts(under_way) == ["", ""], line
    for line in ("/attach", "/template", "/modle", "/set efort high"):
        under_way = loop(line)
        under_way.run()
        assert texts(under_way) == ["", line]


def test_the_first_message_is_shown(loop):
    """As those that are typed are."""
    under_way = loop(script=[{"say": "Yes."}])
    under_way.run(Draft("Is it so?"))
    assert under_way.prompt.shown == ["Is it so?"]


def test_images_are_counted_on_the_branch_in_use(loop, tmp_path, monkeypatch):
    """The model is told of an image 2 only where there is an image 1."""
    (tmp_path / "dot.png").write_bytes(PIXEL)
    monkeypatch.chdir(tmp_path)
    script = [{"say": "One."}, {"say": "Two."}]
    under_way = loop(
        "/attach dot.png", "see", "/attach dot.png", "and", "/edit 1", f"{CLEAR}/attach dot.png", "/detach", "/detach",
        "/attach dot.png", script=script,
    )  # fmt: skip
    under_way.run()
    names = [[chip.name for chip in draft.used] for draft in under_way.prompt.drafts]
    assert names[1] == ["image 1"] and names[3] == ["image 2"]
    assert names[5:] == [["image 1"], ["image 1", "image 2"], ["image 1"], [], ["image 3"]]


# ------------------------------------------------------------------------------------------------ notices
@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("sum up @notes.tx please", "notes.tx"),
        ("see (@src/main.py), @a.md.", "src/main.py"),
        ("ask @alice", ""),
        ("mail me@example.com", ""),
        ("@pytest.fixture and 2@3.5", ""),
    ],
)
def test_a_file_that_is_not_there_is_said(loop, line, named):
    """The message is sent as it is: `@` begins more than paths."""
    under_way = loop(line, script=[{"say": "Well."}])
    seen = []
    under_way.session.context.on_notice = seen.append
    under_way.run()
    said = [notice.text for notice in seen if notice.code == "no_such_file"]
    assert under_way.session.conversation.path[0].text == line
    assert bool(said) is bool(named) and all(f"there is no file {named}" in text for text in said)


def test_what_is_found_beside_the_prompt_is_said_with_the_next_message(loop):
    """A line in the middle of what is typed would be taken for a part of it; when nobody says any more, at the end."""
    held = [Notice("history", "something is damaged")]
    under_way = loop("/modle", held=held)
    seen = []
    under_way.session.context.on_notice = seen.append
    under_way.run()
    assert [notice.text for notice in seen] == ["something is damaged"] and held == []
    under_way = loop(held=[Notice("history", "something else")])
    under_way.session.context.on_notice = seen.append
    under_way.run()
    assert seen[-1].text == "something else"
