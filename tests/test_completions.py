"""Completion: the files are fresh, and bash, zsh and fish themselves offer what they should."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pexpect
import pyte
import pytest
import typer.main

from claude_cli.cli import app, main
from claude_cli.completion.live import live_words
from claude_cli.completion.tree import SHELLS, commands
from claude_cli.core.connection import DEFAULT_BASE_URL
from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.messages import text_block
from claude_cli.core.model_merge import LiveList
from claude_cli.storage.conversations import History
from claude_cli.storage.model_list import keep_list

ROOT = Path(__file__).resolve().parent.parent
TARGETS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]
SHARED: dict[str, str] = TARGETS["wheel"]["shared-data"]
WAIT_S = 20.0
HOSTILE = "it's $(touch owned); `touch owned` \""

# What is typed before the Tab, and how the line then ends; whether the program is asked.
STATIC = {
    "a command": ("claude-cli heal", "claude-cli health"),
    "a command inside a command": ("claude-cli templates sh", "templates show"),
    "an option": ("claude-cli complete --fallb", "complete --fallback-model"),
    "an option behind a prompt": ("claude-cli complete hi --fallb", "--fallback-model"),
    "an option without a command": ("claude-cli --fallb", "claude-cli --fallback-model"),
    "an option behind a bare prompt": ("claude-cli 'a prompt' --fallb", "--fallback-model"),
    "an option behind a strange prompt": ("claude-cli '* $(date) [x' --fallb", "--fallback-model"),
    "an option behind one of a command with commands": ("claude-cli serve --offline --behi", "--behind-proxy"),
    "a command in a command in a command": ("claude-cli serve keys cre", "serve keys create"),
    "an option of that": ("claude-cli serve keys create x --adm", "x --admin"),
    "what is done with a hint": ("claude-cli serve --on-unsupported rej", "--on-unsupported reject"),
    "a certificate": ("claude-cli serve --tls-cert notes-f", "--tls-cert notes-for-you.txt"),
    "an option of a command in a command": ("claude-cli keys set --no-t", "keys set --no-test"),
    "a choice": ("claude-cli complete --format ren", "--format rendered"),
    "a first day": ("claude-cli usage --since mon", "--since month"),
    "an option behind another word for a command": ("claude-cli doctor --li", "doctor --live"),
    "a choice behind =": ("claude-cli complete --format=ren", "--format=rendered"),
    "a choice without a command": ("claude-cli --effort xh", "--effort xhigh"),
    "a place of keys": ("claude-cli keys set --store keyr", "--store keyring"),
    "a setting": ("claude-cli config set stdin_w", "config set stdin_wait_s"),
    "a level for effort": ("claude-cli config set effort xh", "set effort xhigh"),
    "a choice for a switch": ("claude-cli config set keyring fal", "set keyring false"),
    "a setting behind an option": ("claude-cli config show --json stdin_w", "show --json stdin_wait_s"),
    "a shell": ("claude-cli completions zs", "completions zsh"),
    "a file": ("claude-cli complete -f notes-f", "-f notes-for-you.txt"),
    "a file for the answer": ("claude-cli complete -o notes-f", "-o notes-for-you.txt"),
    "an attachment": ("claude-cli complete hi --attach notes-f", "--attach notes-for-you.txt"),
    "the short name": ("clc completions zs", "completions zsh"),
}
LIVE = {
    "a model": ("claude-cli -m claude-haiku-5-", "-m claude-haiku-5-5"),
    "a model behind =": ("claude-cli complete --model=claude-haiku-5-", "--model=claude-haiku-5-5"),
    "a model's line": ("claude-cli complete --model sonn", "--model sonnet"),
    "everything about a model": ("claude-cli models sho", "models show"),
    "a model to set": ("claude-cli config set model claude-haiku-5-", "set model claude-haiku-5-5"),
    "a template to set": ("claude-cli config set template review-m", "set template review-mine"),
    "a profile to set": ("claude-cli config set profile wor", "set profile work"),
    "a profile": ("claude-cli complete --profile wor", "--profile work"),
    "a template of one's own": ("claude-cli complete -t revi", "-t review-mine"),
    "a session": ("claude-cli complete -S kept-se", "-S kept-session"),
    "a session by its id": ("claude-cli chat --session t40", "--session t40tpr01s4yt"),
    "a conversation to show": ("claude-cli history show kept-se", "history show kept-session"),
    "a second one to remove": ("claude-cli history rm x kept-se", "rm x kept-session"),
    "a shipped template": ("claude-cli templates show expl", "show explain"),
    "a model, by the short name": ("clc -m claude-haiku-5-", "-m claude-haiku-5-5"),
}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_files_are_fresh(shell):
    """`make completions` writes them; a new option that they lack would never be offered."""
    done = subprocess.run(
        [sys.executable, "-m", "claude_cli", "completions", shell], capture_output=True, text=True, check=True
    )
    assert (ROOT / "completions" / f"claude-cli.{shell}").read_text("utf-8") == done.stdout


def test_the_wheel_installs_every_file():
    """Under the names by which each shell looks for them, for both names of the program."""
    assert {ROOT / source for source in SHARED} == set((ROOT / "completions").iterdir())
    assert "completions" in TARGETS["sdist"]["include"]


def test_an_unknown_shell_is_named():
    """With those there are."""
    done = subprocess.run([sys.executable, "-m", "claude_cli", "completions", "tcsh"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "bash, zsh or fish" in done.stderr


CHOSEN = [
    (command.path.split(), flag.spellings[0], flag.value.words)
    for command in commands(typer.main.get_command(app))
    for flag in command.flags
    if flag.value
    and flag.value.kind == "words"
    and flag.spellings[0] not in ("--thinking", "--extract", "--since", "--until", "--before")
]


@pytest.mark.parametrize(("command", "flag", "choices"), CHOSEN, ids=[" ".join((*each[0], each[1])) for each in CHOSEN])
def test_the_choices_are_those_of_the_command(capfd, command, flag, choices):
    """What is offered is taken, and all that is taken is offered: the command itself names the same words."""
    needed = ["in.jsonl"] if command == ["batch", "run"] else []
    assert main([*command, flag, "nonsense", *needed]) == 2
    assert f"choose {', '.join(choices[:-1])} or {choices[-1]}" in capfd.readouterr().err


@pytest.mark.parametrize("typed", ["config set max_tokens ", "config show model ", "config unset effort "])
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_behind_a_setting_no_setting_is_offered(request, place, shell, typed):
    """A name is no value; where nobody can know one, nothing is offered."""
    if shell == "fish":
        words = [found("fish"), "-c", 'complete -C "$argv"', f"claude-cli {typed}"]
        done = subprocess.run(words, cwd=place.folder, env=place.environment, capture_output=True, text=True)
        assert done.stdout == "", done.stderr
        return
    request.getfixturevalue(shell).tab(f"claude-cli {typed}stdin_w\tend", f"{typed}stdin_wend")


# ------------------------------------------------------------------------------------------------ live words
def keep(home: Path, *titles: str) -> None:
    """Keep a conversation of each title, the last one newest; their ids are id0, id1 and so on."""
    ticks = iter(range(1, 99))
    history = History(home, notify=print, clock=lambda: next(ticks))
    for number, title in enumerate(titles):
        turn = Turn(number + 1, None, "user", (text_block("hi"),))
        history.append(Conversation(f"id{number}", title), turn)


def words(kind: str, home: Path) -> list[str]:
    return [line.partition("\t")[0] for line in live_words(kind, {"CLAUDE_CLI_HOME": str(home)})]


def test_the_words_that_are_asked_of_the_program(tmp_path):
    """Models with what they are; profiles and templates of the user; nothing twice, and never a failure.

    A name may have blanks; one that a terminal would not show as it is, is left out.
    """
    models = words("models", tmp_path)
    assert {"sonnet", "opus", "claude-haiku-5-5"} <= {*models} and len(models) == len({*models})
    assert "sonnet\tclaude-sonnet-5-5" in live_words("models", {})
    assert words("profiles", tmp_path) == words("nonsense", tmp_path) == words("", tmp_path) == []
    assert words("templates", tmp_path) == ["commit", "explain", "shell"]
    (tmp_path / "config.toml").write_text('[profiles.work]\n[profiles."two words"]\n[profiles."a\\u001bb"]\n')
    assert words("profiles", tmp_path) == ["work", "two words"]
    assert words("searches", tmp_path) == ["show", *words("models", tmp_path)]
    for broken in ("[profiles", "profiles = 3", "\xff"):
        (tmp_path / "config.toml").write_bytes(broken.encode("latin-1"))
        assert words("profiles", tmp_path) == []


def test_one_s_own_models_are_offered(tmp_path):
    """Also those of the profile in use; where a file is wrong, those that are shipped."""
    (tmp_path / "models.toml").write_text("[aliases]\nbest = 'opus'\n[profiles.work.models.mine]\nline = 'x'\n")
    (tmp_path / "config.toml").write_text("profile = 'work'\n[profiles.work]\n")
    assert {"best", "mine", "sonnet"} <= {*words("models", tmp_path)}
    for name in ("models.toml", "config.toml"):
        (tmp_path / name).write_text("wrong")
        assert "sonnet" in words("models", tmp_path) and "mine" not in words("models", tmp_path)


@pytest.mark.parametrize(
    ("config", "offered"),
    [("", "at-home"), ("offline = true", "simulated"), ("provider = 'parrot'", "plugged")],
    ids=["address", "offline", "plugin"],
)
def test_the_models_are_those_of_who_answers(tmp_path, config, offered):
    """As everywhere else."""
    environ = {"CLAUDE_CLI_HOME": str(tmp_path)}
    places = {DEFAULT_BASE_URL: "at-home", "simulator": "simulated", "parrot": "plugged"}
    for place, name in places.items():
        keep_list(environ, LiveList(place, 1, ({"id": name},)))
    (tmp_path / "config.toml").write_text(config)
    assert {*places.values()} & {*words("models", tmp_path)} == {offered}


def test_sessions_are_read_and_nothing_else(tmp_path):
    """The newest first, by title and id; a history that is not there, no use or somebody's alone has none."""
    assert words("sessions", tmp_path) == [] and not any(tmp_path.iterdir())
    keep(tmp_path, "", "kept-session", "red\x1b[31m", "kept-session")
    assert live_words("sessions", {"CLAUDE_CLI_HOME": str(tmp_path)}) == [
        "kept-session\tid1", "id3\tkept-session", "id2\tred", "id1\tkept-session", "id0\t",
    ]  # fmt: skip
    path = tmp_path / "history.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # a conversation that is just being kept keeps nobody waiting
        assert len(words("sessions", tmp_path)) == 5
    for each in tmp_path.iterdir():
        each.unlink()
    path.write_bytes(b"no database" * 99)
    assert words("sessions", tmp_path) == [] and path.read_bytes() == b"no database" * 99
    path.unlink()
    path.mkdir()
    assert words("sessions", tmp_path) == [] and [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("kind", ["models", "profiles", "templates", "sessions", "nonsense"])
def test_asking_loads_no_command_line(kind, tmp_path):
    """A Tab has to be answered at once."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "claude_cli", "--complete", kind],
        env={**os.environ, "CLAUDE_CLI_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert done.returncode == 0 and "claude_cli" in loaded
    assert not loaded & {"typer", "rich", "httpx", "httpcore", "h11", "keyring", "asyncio", "tomlkit", "prompt_toolkit"}
    assert "model_merge" not in done.stderr  # without a list or a file of one's own there is nothing to merge


# ------------------------------------------------------------------------------------------------ real shells
class Place:
    """A folder with everything installed as a wheel installs it, and a program that keeps a list of its calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for source, target in SHARED.items():
            (folder / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, folder / target)
        (folder / "bin").mkdir()
        for name in ("claude-cli", "clc"):
            program = folder / "bin" / name
            program.write_text(f'#!/bin/sh\necho "$@" >>"{folder}/calls"\nexec "{sys.executable}" -m claude_cli "$@"\n')
            program.chmod(0o755)
        (folder / "calls").touch()
        (folder / "notes-for-you.txt").touch()
        (folder / "home" / "templates").mkdir(parents=True)
        (folder / "home" / "templates" / "review-mine.toml").write_text('prompt = "$input"\n')
        (folder / "home" / "config.toml").write_text("[profiles.work]\n")
        keep(folder / "home", "kept-session", "two words", HOSTILE)
        history = History(folder / "home", notify=print)
        history.append(Conversation("t40tpr01s4yt"), Turn(9, None, "user", (text_block("hi"),)))

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.folder}/bin:/usr/bin:/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "CLAUDE_CLI_HOME": str(self.folder / "home"),
            "PYTHONPATH": str(ROOT),
            "XDG_DATA_DIRS": str(self.folder / "share"),
        }

    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    return Place(tmp_path_factory.mktemp("installed"))


def found(shell: str) -> str:
    """The path of a shell; the only reason for which a test here is skipped is that it is not on this machine."""
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    return path


class Line:
    """The line of an interactive shell on a terminal, and what is on the screen."""

    def __init__(self, command: str, arguments: list[str], place: Place, setup: str) -> None:
        self.screen = pyte.Screen(160, 40)
        self.stream = pyte.ByteStream(self.screen)
        self.child = pexpect.spawn(
            command, arguments, cwd=str(place.folder), env=place.environment, dimensions=(40, 160), timeout=WAIT_S
        )
        self.child.sendline(f"{setup}; PS1=READY'> '")
        self.until(lambda: self.shown().endswith("READY>"))

    def shown(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            try:
                self.stream.feed(self.child.read_nonblocking(65_536, WAIT_S))
            except (pexpect.TIMEOUT, pexpect.EOF):
                pytest.fail(f"waited in vain; the screen:\n{self.shown()}")

    def tab(self, typed: str, expected: str) -> None:
        """Type, press Tab, and wait until the line reads as expected; then leave it empty."""
        self.child.send(f"{typed}\t")
        self.until(lambda: expected in self.shown().rpartition("READY>")[2])
        self.child.send("\x15")  # Ctrl-U
        self.until(lambda: self.shown().endswith("READY>"))


@pytest.fixture(scope="module")
def bash(place: Place) -> Iterator[Line]:
    """Bash, with both files as bash-completion would load them."""
    share = place.folder / "share/bash-completion/completions"
    line = Line(found("bash"), ["--norc", "--noprofile", "-i"], place, f"source {share}/claude-cli; source {share}/clc")
    yield line
    line.child.close(force=True)


@pytest.fixture(scope="module")
def zsh(place: Place) -> Iterator[Line]:
    """Zsh, whose compinit finds the file in fpath."""
    setup = f"fpath=({place.folder}/share/zsh/site-functions $fpath); autoload -U compinit; compinit -u -D"
    line = Line(found("zsh"), ["-f", "-i"], place, setup)
    yield line
    line.child.close(force=True)


@pytest.mark.parametrize("case", [*STATIC, *LIVE])
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_tab(request, place, shell, case):
    """The line is completed; the program is started for what only it knows, and for nothing else."""
    line: Line = request.getfixturevalue(shell)
    before = place.calls()
    line.tab(*{**STATIC, **LIVE}[case])
    assert bool(place.calls()[len(before) :]) is (case in LIVE)


@pytest.mark.parametrize("case", [*STATIC, *LIVE])
def test_a_tab_in_fish(place, case):
    """The same lines; fish finds its files where the wheel puts them, and tells what each word is."""
    typed, expected = {**STATIC, **LIVE}[case]
    fish = found("fish")
    before = place.calls()
    done = subprocess.run(
        [fish, "-c", 'complete -C "$argv"', typed],
        cwd=place.folder,
        env=place.environment,
        capture_output=True,
        text=True,
    )
    candidates = [line.partition("\t")[0] for line in done.stdout.splitlines()]
    assert candidates == [expected.split()[-1]], (done.stdout, done.stderr)
    assert bool(place.calls()[len(before) :]) is (case in LIVE)


def test_zsh_and_fish_say_what_a_word_is(zsh, place):
    """An option comes with its help, a model with its id."""
    zsh.child.send("claude-cli complete --no-st\t")
    zsh.until(
        lambda: "Leave standard input alone" in zsh.shown() and "Print the answer when it is whole" in zsh.shown()
    )
    zsh.child.send("\x15")
    zsh.until(lambda: "READY>\n" in zsh.shown() or zsh.shown().endswith("READY>"))


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        pytest.param("two", "two\\ words", id="blank"),
        pytest.param("two\\ w", "two\\ words", id="blank typed"),
        pytest.param('"two w', '"two words"', id="double quotes"),
        pytest.param("'two w", "'two words'", id="single quotes"),
        pytest.param("it", r"it\'s\ \$\(touch\ owned\)\;\ \`touch\ owned\`\ \"", id="hostile"),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_title_is_one_word(request, place, shell, typed, shown):
    """However it is begun; what in it means something to the shell is quoted."""
    request.getfixturevalue(shell).tab(f"clc complete -S {typed}", f"-S {shown}")
    assert not (place.folder / "owned").exists()


@pytest.mark.parametrize("typed", ["two", "two\\ w", "'two w"])
def test_a_title_in_fish(place, typed):
    """Fish quotes what it inserts by itself."""
    command = [found("fish"), "-c", 'complete -C "$argv"', f"clc complete -S {typed}"]
    done = subprocess.run(command, cwd=place.folder, env=place.environment, capture_output=True, text=True)
    assert done.stdout == "two words\tid1\n"


def test_a_hostile_profile_name_is_not_run(bash, place):
    """What stands in a file is a word to the shell, never code."""
    config = place.folder / "home" / "config.toml"
    before = config.read_text()
    config.write_text('[profiles.work]\n[profiles."x$(touch${IFS}owned)"]\n')
    bash.tab("claude-cli complete --profile x", "--profile x\\$\\(touch")
    config.write_text(before)
    assert not (place.folder / "owned").exists()
