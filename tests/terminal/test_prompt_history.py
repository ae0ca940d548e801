"""The history of prompts: kept across runs in a private file, searched by Ctrl-R, read when somebody looks back."""

from __future__ import annotations

import os
import signal
import stat
import threading
from pathlib import Path

import pytest

from claude_cli.terminal.draft import Chip, Draft
from claude_cli.terminal.prompt_history import MAX_BYTES, MAX_ENTRIES, MAX_ENTRY, PromptHistory
from claude_cli.terminal.prompt_words import named_files

from ..prompting import hosted

KEY = "sk-ant-api03-CANARYcanaryCANARYcanary"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the history is, in a folder that is not there yet."""
    return tmp_path / "data" / "prompt_history"


def entries(path: Path | None) -> list[str]:
    """What another run finds."""
    history = PromptHistory(path)
    return [history[number] for number in range(history.refresh())]


@pytest.mark.parametrize(
    "text", ["plain", "two\nlines", "a \\n that is none", "\\", "a\\\nb", "日本語 🐈", " indented"], ids=repr
)
def test_an_entry_comes_back_as_it_was(path, text):
    """Line breaks and backslashes too; an entry is a line of the file."""
    history = PromptHistory(path)
    history.append(text)
    history.append("next")
    assert entries(path) == [text, "next"]
    assert path.read_text().count("\n") == 2


def test_the_file_is_private(path):
    """And so is its folder."""
    PromptHistory(path).append("text")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_blank_and_repeated_entries_are_left_out(path):
    """With a file and without one."""
    for history in (PromptHistory(path), PromptHistory(None)):
        for text in ("one", "one", "", " \n", "two", "one", "one"):
            history.append(text)
        assert [history[number] for number in range(history.refresh())] == ["one", "two", "one"]


def test_no_key_gets_into_it(path):
    """Neither of Anthropic's nor in a header."""
    history = PromptHistory(path)
    history.append(f"why does curl -H 'x-api-key: {KEY}' fail? authorization: Bearer abcdefghijkl")
    assert "CANARY" not in path.read_text() and "abcdefghijkl" not in path.read_text()
    assert "why does curl" in path.read_text()


def test_without_a_path_nothing_is_written(tmp_path):
    """The entries are there as long as the run."""
    history = PromptHistory(None)
    history.append("text")
    assert history[0] == "text" and not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("damage", "wanted"),
    [
        (b"one\ntw", ["one", "tw", "new"]),
        (b"\xff\xfe\n\0\n\x1b[31mred\nend\n", ["\ufffd\ufffd", "", "red", "end", "new"]),
        (b"", ["new"]),
        (b"\n\n\n", ["new"]),
    ],
    ids=["cut", "bytes", "empty", "blank"],
)
def test_a_damaged_file_is_read_as_far_as_it_goes(path, damage, wanted):
    """And written on; nothing in it reaches the terminal."""
    path.parent.mkdir(mode=0o700)
    path.write_bytes(damage)
    PromptHistory(path).append("new")
    assert entries(path) == wanted


@pytest.mark.parametrize("kind", ["folder", "unwritable"])
def test_a_file_that_cannot_be_written_is_no_failure(path, kind):
    """The entry is lost, and nothing else."""
    if kind == "folder":
        path.mkdir(parents=True)
    else:
        path.parent.write_text("a file where the folder has to be")
    history = PromptHistory(path)
    history.append("text")
    assert history.refresh() == 0


def test_several_terminals_at_once(path):
    """Each entry of each is there, whole."""

    def write(number: int) -> None:
        history = PromptHistory(path)
        for count in range(50):
            history.append(f"{number}:{count} " + "word " * 1_000)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = entries(path)
    assert len(found) == 200 and {each.count("word") for each in found} == {1_000}


def test_what_others_add_is_seen(path):
    """At the next look back."""
    ours, others = PromptHistory(path), PromptHistory(path)
    ours.append("ours")
    assert ours.refresh() == 1
    others.append("theirs")
    assert ours.refresh() == 2 and ours[1] == "theirs"
    ours.append("ours again")
    assert len(ours) == 3


def test_its_size_is_bounded(path):
    """The newest stay, by number and by bytes, and an entry has its length."""
    path.parent.mkdir(mode=0o700)
    path.write_text("".join(f"entry {number}\n" for number in range(2 * MAX_ENTRIES)))
    history = PromptHistory(path)
    history.refresh()
    history.append("newest " + "word " * MAX_ENTRY)
    found = entries(path)
    assert len(found) == MAX_ENTRIES and found[-2] == f"entry {2 * MAX_ENTRIES - 1}" and len(found[-1]) == MAX_ENTRY
    path.write_text(("y" * 99_999 + "\n") * (MAX_BYTES * 2 // 100_000))
    PromptHistory(path).append("newest")
    assert path.stat().st_size < MAX_BYTES * 1.3 and entries(path)[-1] == "newest"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_chips_are_kept_as_the_paths_that_they_came_from():
    """So that the entry brings the same file along again."""
    chips = (Chip("image 1", "[image 1 · 2 KB]", {}, "a b.png"), Chip("notes", "[notes · 1 KB]", {}, "/n.txt"))
    pasted = Chip("pasted text 1", "[pasted text 1 · 2 MB]", {})
    text = "see [image 1 · 2 KB], [notes · 1 KB] and [pasted text 1 · 2 MB]"
    assert Draft(text, (*chips, pasted)).remembered == 'see @"a b.png", @/n.txt and [pasted text 1]'


@pytest.mark.parametrize("name", ['q "uo te.png', "b\\s.png", "it's.png"], ids=["quote", "backslash", "apostrophe"])
def test_a_remembered_path_is_read_as_it_was(tmp_path, monkeypatch, name):
    """Whatever is in its name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text("x")
    (word,) = named_files(Draft("see [image 1]", (Chip("image 1", "[image 1]", {}, name),)).remembered)
    assert word.path == name


def test_only_what_an_entry_holds_is_found(path):
    """Not how the file writes it: a line break is no letter n."""
    history = PromptHistory(path)
    history.append("alpha\nbeta")
    assert history.refresh() == 1
    assert (history.find("nb", 1), history.find("a\nB", 1), history.find("BETA", 1)) == (None, 0, 0)


def test_nothing_of_an_entry_moves_a_terminal(path):
    """Also where the file is printed as it is."""
    PromptHistory(path).append("a\x1b[31mred\tb")
    assert path.read_text() == "ared\tb\n"


@pytest.fixture
def prompt(tmp_path, path):
    """A prompt with a history."""
    history = PromptHistory(path)
    for text in ("the first", "second\nof two lines", "third, like the first", "last"):
        history.append(text)
    with hosted(tmp_path, history=str(path)) as started:
        yield started


def test_looking_back(prompt):
    """Up goes through the lines of an entry, then to the older one; one's own text is at the lower end again."""
    prompt.type("my own")
    prompt.shows("my own")
    for shown, keys in [
        ("> last", "\x1b[A"),
        ("> third, like", "\x1b[A"),
        ("> second", "\x1b[A"),
        ("> the first", "\x1b[A\x1b[A"),
        ("> the first", "\x1b[A"),
        ("> second", "\x1b[B"),
        ("> third, like", "\x1b[B"),
    ]:
        prompt.type(keys)
        prompt.shows(shown)
    prompt.type("!\x1b[B\x1b[B")
    prompt.shows("> my own")
    prompt.type("\x1b[A\x1b[A")
    prompt.shows("third, like the first!")
    prompt.type("\r")
    assert prompt.text() == "third, like the first!"


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ("FIRST", "third, like the first"),
        ("first\x12", "the first"),
        ("first\x12\x13", "third, like the first"),
        ("first\x12\x7f\x7f\x7f\x7f\x7fof two", "second\nof two lines"),
        ("last\x07", "my own"),
        ("last\x03", "my own"),
        ("nothing like it\x07", "my own"),
        ("like\x05!", "third, like the first!"),
    ],
    ids=["any letters", "older", "newer", "shorter", "back", "Ctrl-C", "nothing", "another key"],
)
def test_searching(prompt, keys, wanted):
    """Enter keeps what was found and does not send it yet."""
    prompt.type("my own")
    prompt.shows("my own")
    prompt.type("\x12")
    prompt.shows("search: ")
    prompt.type(keys)
    if not keys.endswith(("\x07", "\x03", "!")):
        prompt.until(lambda: wanted.split("\n")[0] in prompt.screen.visible[0])
        prompt.type("\r")
    prompt.lacks("search: ", "nothing: ")
    prompt.until(lambda: wanted.split("\n")[0] in prompt.screen.visible[0])
    prompt.type("\r")
    assert prompt.text() == wanted


def test_searching_for_several_words(prompt):
    """A blank is a letter like any other, also as the last one, and in a paste."""
    prompt.type("\x12like t")
    prompt.shows("> third, like the first", "search: like t▏")
    prompt.type("\x07\x12th")
    prompt.shows("search: th▏")
    prompt.type("e ")
    prompt.shows("search: the ▏")
    prompt.paste("first\nof\n")
    prompt.shows("nothing: the first of ▏")


def test_a_history_that_gets_shorter(prompt, path):
    """Somebody else may cut it while its entries are looked through."""
    prompt.type("my own\x1b[A\x1b[A")
    prompt.shows("> third, like the first")
    prompt.type(" and more")
    prompt.shows("and more")
    path.write_text("only\n")
    prompt.type("\x12\x07\x1b[A")
    prompt.shows("> only")
    prompt.type("\x1b[B")
    prompt.shows("> my own")


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "not kept"])
def test_what_is_entered_is_there_for_the_next_run(tmp_path, path, kept):
    """Unless nothing is to be kept; Ctrl-C on a text keeps it, too."""
    for keys in (f"one {KEY}\r", "two\x03\x04"):
        with hosted(tmp_path, history=str(path) if kept else "") as prompt:
            prompt.type(keys)
            prompt.read()
    assert entries(path) == (["one sk-ant-***", "two"] if kept else [])
    assert kept or not os.path.lexists(path.parent)


@pytest.mark.parametrize("end", ["SIGTERM", "SIGHUP", "the terminal goes"])
def test_what_stands_in_the_prompt_when_the_window_is_closed(tmp_path, path, end):
    """Can be had back by Up in the next chat."""
    with hosted(tmp_path, history=str(path)) as prompt:
        prompt.type("half a thought")
        prompt.shows("half a thought")
        assert prompt.is_silent(0.1)  # it waits for a key: what a signal raises in mid-work Python may swallow
        if end == "the terminal goes":
            prompt.hang_up()
        else:
            prompt.signal(signal.Signals[end])
        assert prompt.read() in ("EOFError", "Terminated")
        assert prompt.has_ended()
    assert entries(path) == ["half a thought"]
