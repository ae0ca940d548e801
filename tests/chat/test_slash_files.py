"""The commands that bring something into the prompt, or out of the chat."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.storage.exchange import imported
from claude_cli.terminal.draft import Draft

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
CODE = "Here:\n\n```python\nprint(1)\n```\n\nand\n\n```sh\nls -l\n\n```\n"
KEY = "sk-ant-api03-" + "A" * 90


def refused(talk, line):
    with pytest.raises(UsageError) as caught:
        talk(line)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A folder to work in, with an image and a text in it."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "dot.png").write_bytes(PIXEL)
    (folder / "my notes.txt").write_text("some notes\n")
    monkeypatch.chdir(folder)
    return folder


# ------------------------------------------------------------------------------------------------ /attach, /detach
@pytest.mark.parametrize(
    ("rest", "names"),
    [
        pytest.param("dot.png", ["image 1"], id="image"),
        pytest.param("my notes.txt", ["my notes.txt"], id="blanks without quotes"),
        pytest.param("'my notes.txt' dot.png", ["my notes.txt", "image 1"], id="several"),
        pytest.param(r"my\ notes.txt", ["my notes.txt"], id="as a terminal drops it"),
        pytest.param("dot.png dot.png", ["image 1", "image 2"], id="twice"),
        pytest.param("@dot.png @'my notes.txt'", ["image 1", "my notes.txt"], id="marked as in a message"),
        pytest.param("@my notes.txt", ["my notes.txt"], id="marked, with blanks"),
        pytest.param("@at.txt", ["@at.txt"], id="a name that begins so"),
    ],
)
def test_files_come_into_the_prompt(chat, there, rest, names):
    talk = chat()
    (there / "@at.txt").write_text("odd\n")
    talk(f"/attach {rest}")
    assert [chip.name for chip in talk.draft.used] == names
    assert talk.draft.text == "".join(f"{chip.label} " for chip in talk.draft.chips)


def test_an_attached_file_is_sent_with_the_words(chat, there):
    talk = chat()
    talk("/attach dot.png")
    draft = talk.draft
    talk.ask(Draft(f"{draft.text}what is it?", draft.chips))
    content = talk.sent["messages"][0]["content"]
    assert [block["type"] for block in content] == ["image", "text"]
    assert base64.b64decode(content[0]["source"]["data"]) == PIXEL
    assert content[1]["text"] == "[image 1] what is it?"


def test_what_is_to_be_known_of_a_file_is_said(chat, there):
    (there / ".env").write_text("TOKEN=1")
    assert chat()("/attach .env") == [".env may hold secrets; it is sent, as it was named"]


def test_another_file_goes_beside_the_first(chat, there):
    """The label of what is attached stands before the command, where the prompt has put it."""
    talk = chat()
    talk("/attach dot.png")
    talk(Draft(f"{talk.draft.text}/attach 'my notes.txt'", talk.draft.chips))
    assert [chip.name for chip in talk.draft.used] == ["image 1", "my notes.txt"]


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("", "/attach takes a path, a URL or the word clipboard"),
        ("missing.png", "missing.png does not exist"),
        ("dot.png missing.txt", "missing.txt does not exist"),
        ("/dev/null", "/dev/null is not a file"),
        ("~no-such-user/x.png", "does not exist"),
        ('"dot.png', "does not exist"),
        ("clipboard", "there is no clipboard here"),
    ],
)
def test_what_cannot_be_attached_is_said(chat, there, rest, words):
    """And nothing is taken by halves."""
    talk = chat()
    assert words in refused(talk, f"/attach {rest}")
    talk("/attach dot.png")
    assert [chip.name for chip in talk.draft.chips] == ["image 1"]


def test_what_the_prompt_has_made_a_chip_of_is_attached_already(chat, there):
    """It does so with paths that are dropped behind the command."""
    talk = chat()
    talk("/attach dot.png")
    talk(Draft(f"/attach {talk.draft.text}", talk.draft.chips))
    assert [chip.name for chip in talk.draft.used] == ["image 1"]


@pytest.mark.parametrize(("rest", "left"), [("", ["image 1"]), ("1", ["image 2"]), ("2", ["image 1"])])
def test_one_is_taken_off(chat, there, rest, left):
    talk = chat()
    talk("/attach dot.png dot.png")
    said = talk(Draft(f"{talk.draft.text}/detach {rest}", talk.draft.chips))
    assert [chip.name for chip in talk.draft.used] == left
    assert said[0].endswith("is taken off")


def test_there_has_to_be_one(chat, there):
    talk = chat()
    assert refused(talk, "/detach").startswith("nothing is attached")
    talk("/attach dot.png")
    assert "there is no attachment 2: there is 1" in refused(
        talk, Draft(f"{talk.draft.text}/detach 2", talk.draft.chips)
    )


# ------------------------------------------------------------------------------------------------ /template
def template(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "data" / "templates"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "letter.toml").write_text(text)


@pytest.mark.parametrize(
    ("text", "rest", "prompt"),
    [
        pytest.param(
            'prompt = "Write to $who: $input"',
            "who=Ann it's  late\n\nsoon",
            "Write to Ann: it's  late\n\nsoon",
            id="both",
        ),
        pytest.param('prompt = "Write: $input"', '"come" soon', 'Write: "come" soon', id="quotes are text"),
        pytest.param('prompt = "$a-$b"', "a='x y'   b=", "x y-", id="blanks in a value, and none"),
        pytest.param('prompt = "Write: $input"', "", "Write: ", id="the input is typed then"),
        pytest.param('prompt = "Write."', "to Ann", "Write.\n\nto Ann", id="words without a place"),
        pytest.param('prompt = "To $who"\n[defaults]\nwho = "Bob"', "", "To Bob", id="default"),
        pytest.param('prompt = "To $who"\n[defaults]\nwho = "Bob"', 'who="Ann Lee"', "To Ann Lee", id="over a default"),
        pytest.param('prompt = "Is $input?"', "1+1=2", "Is 1+1=2?", id="an equation is no value"),
    ],
)
def test_a_template_is_filled_into_the_prompt(chat, tmp_path, text, rest, prompt):
    """To be looked at before it is sent."""
    template(tmp_path, text)
    talk = chat()
    talk(f"/template letter {rest}")
    assert talk.draft == Draft(prompt)
    assert talk.simulator.requests == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/template", "takes the name of one"),
        ("/template lettr", "there is no template 'lettr'; did you mean 'letter'?"),
        ("/template letter", "template letter needs who=… behind its name"),
        ("/template letter whom=Ann", "has no $whom; did you mean 'who'?"),
    ],
)
def test_what_a_template_lacks_is_said(chat, tmp_path, line, words):
    template(tmp_path, 'prompt = "To $who"')
    assert words in refused(chat(), line)


def test_what_of_a_template_does_not_count_is_said(chat, tmp_path):
    """Its files come along."""
    template(tmp_path, 'prompt = "Hi"\nsystem = "Be brief."\nmodel = "opus"\nfiles = ["style.md"]')
    (tmp_path / "data" / "templates" / "style.md").write_text("short sentences")
    talk = chat()
    assert talk("/template letter") == ["left out of the template: system, model; /system, /model and /set say it"]
    assert [chip.name for chip in talk.draft.used] == ["style.md"]
    assert talk.draft.text.endswith("Hi")


# ------------------------------------------------------------------------------------------------ /copy
@pytest.fixture
def copying(chat, tmp_path):
    """A chat with three answers, beside a clipboard that is a file."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "xclip"
    got = tmp_path / "copied"
    program.write_text(f"#!{sys.executable} -IS\nimport sys\nopen({str(got)!r}, 'wb').write(sys.stdin.buffer.read())\n")
    program.chmod(0o755)
    answers = ({"say": text} for text in ("one", "zwei \x1b]52;c;x\x07", CODE))
    talk = chat(*answers, environ={"PATH": str(tmp_path / "bin"), "DISPLAY": ":0"})
    for text in ("first", "second", "third"):
        talk.ask(text)
    return talk, got


@pytest.mark.parametrize(
    ("rest", "text", "what"),
    [
        pytest.param("", CODE, f"copied answer 3, {len(CODE)} characters (by xclip)", id="the last"),
        pytest.param("1", "one", "copied answer 1, 3 characters (by xclip)", id="by number"),
        pytest.param("2", "zwei \x1b]52;c;x\x07", "copied answer 2, 14 characters (by xclip)", id="as it came"),
        pytest.param("code", "print(1)\nls -l", "copied 2 blocks of code, 14 characters (by xclip)", id="code"),
        pytest.param("code 2", "ls -l", "copied block 2, 5 characters (by xclip)", id="one block"),
    ],
)
def test_an_answer_is_copied(copying, rest, text, what):
    talk, got = copying
    assert talk(f"/copy {rest}") == [what]
    assert got.read_text() == text


def test_everything_is_copied(copying):
    talk, got = copying
    talk("/copy all")
    text = got.read_text()
    assert [part in text for part in ("first", "one", "second", "third", "print(1)")] == [True] * 5


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("4", "there is no answer 4: they go from 1 to 3"),
        ("code 3", "there is no block of code 3: they go from 1 to 2"),
        ("code 1 2", "one number at most"),
        ("everything", "there is no answer everything"),
    ],
)
def test_what_is_not_there_is_not_copied(copying, rest, words):
    talk, got = copying
    assert words in refused(talk, f"/copy {rest}")
    assert not got.exists()


def test_there_has_to_be_an_answer(chat):
    talk = chat({"say": "no code"})
    assert refused(talk, "/copy") == "there is no answer to copy yet"
    assert refused(talk, "/copy all") == "nothing has been said yet"
    talk.ask("hello")
    assert refused(talk, "/copy code") == "the last answer has no block of code"


def test_without_any_clipboard_a_way_out_is_named(chat):
    """Standard output is no terminal here, so an escape sequence would go into a file."""
    talk = chat({"say": "one"})
    talk.ask("hello")
    assert "/export writes a file" in refused(talk, "/copy")


# ------------------------------------------------------------------------------------------------ /export
@pytest.mark.parametrize("saved", [True, False], ids=["kept", "not kept"])
def test_a_conversation_is_written_as_markdown(chat, there, saved):
    """From memory: also where the disk had no room for the history."""
    talk = chat({"say": "one"}, saved=saved)
    talk("/title Numbers")
    talk.ask("first")
    assert talk("/export talk.md") == ["written: talk.md, keys and the name of your home folder left out"]
    text = (there / "talk.md").read_text()
    assert text.startswith("# Numbers\n") and "first" in text and "one" in text
    assert (there / "talk.md").stat().st_mode & 0o777 == 0o600


def test_a_conversation_is_written_as_json_with_all_its_branches(chat, there):
    talk = chat({"say": "one"}, {"say": "uno"})
    talk.ask("first")
    talk("/retry")
    talk("/export talk.JSON")
    (back,) = imported((there / "talk.JSON").read_bytes(), now=talk.session.history.now())
    assert {turn.text for turn in back.turns.values()} == {"first", "one", "uno"}
    assert json.loads((there / "talk.JSON").read_text())["redacted"] is True


def test_without_a_name_the_file_has_the_conversations(chat, there):
    talk = chat({"say": "one"})
    talk.ask("first")
    assert f"claude-{talk.session.conversation.id}.md" in talk("/export")[0]
    assert (there / f"claude-{talk.session.conversation.id}.md").exists()


def test_a_file_is_replaced_only_when_its_owner_says_so(chat, there):
    talk = chat({"say": "one"})
    talk.ask("first")
    (there / "talk.md").write_text("precious")
    assert "exists and is left as it is" in refused(talk, "/export talk.md")
    assert talk.questions == ["talk.md exists. Replace it?"]
    assert (there / "talk.md").read_text() == "precious"
    talk.yes = True
    talk("/export talk.md")
    assert "first" in (there / "talk.md").read_text()


def test_keys_and_homes_are_left_out(chat, there, tmp_path):
    talk = chat({"say": f"your key {KEY} is in {tmp_path}/x"})
    talk.ask("first")
    for name in ("a.md", "a.json"):
        talk(f"/export {name}")
        assert KEY not in (there / name).read_text()
        assert str(tmp_path) not in (there / name).read_text()


def test_a_name_with_blanks_is_one_file(chat, there):
    talk = chat({"say": "one"})
    talk.ask("first")
    talk("/export my talk.md")
    assert (there / "my talk.md").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("sub/talk.md", "there is no folder sub", id="no folder"),
        pytest.param(".", "is a folder", id="a folder"),
        pytest.param("x" * 300 + ".md", "cannot be written: File name too long", id="too long"),
        pytest.param("a\0b", "cannot be written: the name is not valid", id="no name"),
        pytest.param("~no-such-user/x.md", "there is no folder ~no-such-user", id="the home of nobody"),
    ],
)
def test_what_cannot_be_written_is_said(chat, there, name, words):
    talk = chat({"say": "one"})
    talk.ask("first")
    assert words in refused(talk, f"/export {name}")
    assert sorted(path.name for path in there.iterdir()) == ["dot.png", "my notes.txt"]


def test_there_has_to_be_something_to_write(chat, there):
    assert refused(chat(), "/export x.md") == "nothing has been said yet"
