"""`history`: what was said, found again on a terminal, in a pipe and in files; no key gets out, nothing bad in."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.messages import document_block, image_block, text_block
from claude_cli.storage.conversations import History

KEY = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
NOON = datetime.combine(datetime.now().date() - timedelta(days=1), datetime.min.time()) + timedelta(hours=12)
YESTERDAY = f"{NOON:%Y-%m-%d}"
PNG = image_block("image/png", "iVBORw0KGgo=")
LOGS = Path(__file__).parents[1] / "storage" / "llm_logs"


def at(days=0):
    """Noon so many days before yesterday, in microseconds."""
    return int((NOON - timedelta(days=days)).timestamp() * 1e6)


class Kept:
    """What the program finds; `said` keeps a conversation in which the user and the model take turns."""

    def __init__(self, folder):
        self.history = History(folder, notify=lambda notice: None)

    def said(self, id_, *texts, title="", model="claude-sonnet-5-5", days=0, state="whole"):
        found = Conversation(id_, title, model)
        for number, text in enumerate(texts):
            content = text if isinstance(text, tuple) else (text_block(text),)
            answers = number % 2 == 1
            more = {"model": model, "state": state} if answers else {}
            found.add(Turn(at(days) + number, found.head, "assistant" if answers else "user", content, **more))
        return self.keep(found)

    def keep(self, conversation):
        assert self.history.adopt([conversation])
        return conversation

    @property
    def ids(self):
        return [entry.id for entry in self.history.entries()]


@pytest.fixture
def kept(claude):
    return Kept(claude.home)


@pytest.fixture
def three(kept):
    """Three conversations, the last one used yesterday."""
    kept.said("0aaa", "Why TLS?", "It keeps **secrets**.", title="TLS", days=9)
    kept.said("0bbb", "Bake a cake", "First, an egg.", "And then?", "Flour.", model="claude-opus-5-5", days=3)
    kept.said("0ccc", "Rotate certificates", "Half of", title="Certificates", state="interrupted")
    return kept


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        pytest.param(["list"], 0, "no conversation is kept yet", id="list"),
        pytest.param(["list", "--since", "today"], 0, "no conversation is like that", id="list of today"),
        pytest.param(["search", "x"], 0, "nothing is found; a word is found whole", id="search"),
        pytest.param(["show"], 2, "no conversation is kept yet; claude-cli chat begins one", id="show"),
        pytest.param(["export"], 2, "no conversation is kept yet", id="export"),
        pytest.param(["rm", "--all"], 0, "nothing to remove", id="rm"),
        pytest.param(["show", "x"], 2, "there is no conversation 'x'; claude-cli history list -n 0", id="show x"),
        pytest.param(["rm", "x"], 2, "there is no conversation 'x'", id="rm x"),
    ],
)
def test_none_yet(claude, words, status, said):
    """Nothing is made by looking."""
    before = sorted(claude.home.iterdir())
    done = claude("history", *words)
    assert (done.status, done.out) == (status, "")
    assert said in done.failed(status)
    assert sorted(claude.home.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["list", "-n", "-1"], "--limit is 0 or more, not -1", id="limit"),
        pytest.param(["list", "--since", "x"], "--since 'x' is no day", id="since"),
        pytest.param(["search", "x", "--until", "soon"], "--until 'soon' is no day", id="until"),
        pytest.param(["list", "--since", "today", "--until", "yesterday"], "is before the first day", id="both"),
        pytest.param(["search", "+-*/"], "there is no word to search for", id="signs"),
        pytest.param(["show", "0"], "3 conversations are called '0': 0ccc (Certificates)", id="several"),
        pytest.param(["rm"], "say which: history rm NAME…, --before DATE, or --all", id="rm nothing"),
        pytest.param(["rm", "0aaa", "--all"], "say which", id="rm twice"),
        pytest.param(["rm", "--before", "then"], "--before 'then' is no day", id="rm before"),
        pytest.param(["rm", "0aaa", "nope"], "there is no conversation 'nope'", id="rm one that is not there"),
        pytest.param(["rm", "0aaa"], 'confirm the removal of 0aaa "TLS", 2 turns; say --yes', id="rm, nobody there"),
        pytest.param(["rm", "--all"], "the removal of 3 conversations with 8 turns; say --yes", id="rm all"),
        pytest.param(["export", "0aaa", "--all"], "--all is every conversation", id="export twice"),
        pytest.param(["export", "--format", "xml"], "--format xml is not known; choose md or json", id="format"),
        pytest.param(["export", "-o", "no/where.md"], "there is no folder", id="export to no folder"),
        pytest.param(["import", "nope.json"], "nope.json cannot be read: No such file", id="import nothing"),
        pytest.param(["import", "."], "cannot be read: Is a directory", id="import a folder"),
        pytest.param(["import", "-"], "it is no JSON: Expecting value, line 1, column 1; nothing is", id="import none"),
    ],
)
def test_what_cannot_be_meant(claude, three, words, said):
    """Status 2, one line, and nothing has changed."""
    done = claude("history", *words)
    done.failed(2, said)
    assert three.ids == ["0ccc", "0bbb", "0aaa"]


def test_list(claude, three):
    """The last used first; a pipe gets times and whole titles."""
    assert claude("history", "list").out.splitlines() == [
        f"0ccc  {YESTERDAY} 12:00  2  claude-sonnet-5-5  Certificates",
        f"0bbb  {(NOON - timedelta(days=3)):%Y-%m-%d} 12:00  4  claude-opus-5-5    (no title)",
        f"0aaa  {(NOON - timedelta(days=9)):%Y-%m-%d} 12:00  2  claude-sonnet-5-5  TLS",
    ]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        pytest.param(["-n", "1"], ["0ccc"], id="one"),
        pytest.param(["-n", "0"], ["0ccc", "0bbb", "0aaa"], id="no limit"),
        pytest.param(["--since", "yesterday"], ["0ccc"], id="since"),
        pytest.param(["--until", f"{NOON - timedelta(days=3):%Y-%m-%d}"], ["0bbb", "0aaa"], id="until, that day too"),
        pytest.param(["--since", "0001-01-01", "--until", "9999-12-31"], ["0ccc", "0bbb", "0aaa"], id="all days"),
        pytest.param(["-m", "opus"], ["0bbb"], id="model"),
    ],
)
def test_which_are_listed(claude, three, words, ids):
    """By number, by day, by model; as JSON."""
    told = claude("history", "list", "--json", *words).json
    assert told["version"] == 1
    assert [each["id"] for each in told["conversations"]] == ids


def test_json_of_a_list(claude, three):
    """Times in UTC."""
    (first,) = claude("history", "list", "--json", "-n", "1").json["conversations"]
    assert datetime.fromisoformat(first.pop("created_at")).timestamp() * 1e6 == at()
    assert datetime.fromisoformat(first.pop("updated_at")).timestamp() * 1e6 == pytest.approx(at(), abs=1000)
    assert first == {
        "id": "0ccc", "title": "Certificates", "model": "claude-sonnet-5-5", "turns": 2, "simulated": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        pytest.param(100, r"0ddd  [34] days ago  1 turn  claude-sonnet-5-5  配置 evil x+…", id="100 columns"),
        pytest.param(56, r"0ddd  [34] days ago  1 turn  配置 evil x+…", id="56 columns"),
        pytest.param(40, r"0ddd  [34] days ago  配置 evil x+…", id="40 columns"),
    ],
)
def test_a_terminal_gets_what_fits(claude, kept, columns, line):
    """Ages in place of times, harmless titles, no line that the terminal would break."""
    kept.said("0ddd", "hi", title="配置\x1b]0;pwned\x07 \x1b[31mevil\u202e\n" + "x" * 200, days=3)
    done = claude("history", "list", tty=(columns, 24))
    (shown,) = done.out.splitlines()
    assert re.fullmatch(line, shown), shown
    assert len(shown) + len(re.findall("[配置]", shown)) == columns


def test_more_than_are_listed(claude, three):
    """A person is told; a pipe is not."""
    shown = claude("history", "list", "-n", "2", tty=(80, 24)).out
    assert "claude-cli: these are the last 2; -n 0 shows all" in shown and "0aaa" not in shown
    assert claude("history", "list", "-n", "2").err == ""
    assert "these are" not in claude("history", "list", "-n", "3", tty=(80, 24)).out


def branching(kept):
    """A conversation whose first question was answered twice; the second answer is in use."""
    found = Conversation("0eee", "Fork", "m", "Be brief.")
    found.add(Turn(at(), None, "user", (document_block("x" * 2000, "notes.txt"), PNG, text_block("Which\nway?"))))
    found.add(Turn(at() + 1, at(), "assistant", (text_block("Left."),), "cut", model="claude-a"))
    found.add(Turn(at() + 2, at(), "assistant", (text_block("Go **right**."),), model="claude-b"))
    return kept.keep(found)


def test_show(claude, kept):
    """The branch in use as text; attachments as a line; of several the newest, or the one that is named."""
    kept.said("0aaa", "Older", days=2)
    branching(kept)
    time = f"{YESTERDAY} 12:00"
    done = claude("history", "show")
    assert done.out == (
        "Fork (0eee)\n\nSystem prompt\nBe brief.\n\n"
        f"You · {time}\n[document · notes.txt · text/plain · 2.0 KB]\n\n[image · image/png · 8 bytes]\n\n"
        "Which\nway?\n\n"
        f"claude-b · {time}\nGo **right**.\n"
    )
    assert claude("history", "show", "fo").out == claude("history", "show", "0eee").out == done.out
    older = f"(no title) (0aaa)\n\nYou · {NOON - timedelta(days=2):%Y-%m-%d} 12:00\nOlder\n"
    assert claude("history", "show", "0a").out == older


def test_show_all_branches(claude, kept):
    """What they share is shown once."""
    branching(kept)
    shown = claude("history", "show", "--all").out
    assert shown.count("Which") == 1
    assert "Branch 1 of 2\n" in shown and f"Branch 2 of 2, in use, behind what was said at {YESTERDAY} 12:00\n" in shown
    assert "Left.\n(cut short by the provider)\n" in shown


def test_show_json(claude, kept):
    """As an export has it: of the branch in use, or the whole tree, which can be imported."""
    branching(kept)
    (found,) = json.loads(claude("history", "show", "--json").out)["conversations"]
    assert [turn["id"] - at() for turn in found["turns"]] == [0, 2]
    whole = json.loads(claude("history", "show", "--json", "--all").out)
    assert [turn["state"] for turn in whole["conversations"][0]["turns"]] == ["whole", "cut", "whole"]
    assert (whole["version"], whole["redacted"]) == (1, False)


def test_show_on_a_terminal(claude, kept):
    """Answers laid out as Markdown; nothing of what was said, of a name or a title moves the cursor."""
    evil = "\x1b]0;pwned\x07\x1b[2J\u202e"
    found = Conversation("0abc", f"T{evil}", system=f"S{evil}")
    found.add(Turn(at(), None, "user", (text_block(f"a {evil}* b\n* c"), {"type": "tool_use", "name": evil})))
    answer = f"# Head\n\nSome **bold** {evil}text\n"
    found.add(Turn(at() + 1, at(), "assistant", (text_block(answer),), "interrupted", model=f"m{evil}"))
    kept.keep(found)
    shown = claude("history", "show", tty=(80, 24)).out
    assert "\x1b]" not in shown and "\x1b[2J" not in shown and "\u202e" not in shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert "Some bold text" in plain and "a * b\r\n* c" in plain and "(interrupted)" in plain and "\r\nHead" in plain
    assert "\x1b[1mT (0abc)\x1b[0m" in shown
    assert "\x1b" not in claude("history", "show", tty=(80, 24), NO_COLOR="1").out.replace("\x1b[0m", "")


def test_search(claude, three):
    """Newest first, each on a line; all words have to be there; on every branch."""
    lines = claude("history", "search", "certificates").out.splitlines()
    assert lines == [f"0ccc  {YESTERDAY} 12:00  You: Rotate certificates"]
    assert claude("history", "search", "keeps", "secrets").out.endswith("claude-sonnet-5-5: It keeps **secrets**.\n")
    assert claude("history", "search", "keeps", "eggs").out == ""
    (hit,) = claude("history", "search", "flour", "--json").json["hits"]
    (start, end), snippet = hit.pop("marks")[0], hit.pop("snippet")
    assert snippet[start:end] == "Flour"
    when = hit.pop("at")
    assert datetime.fromisoformat(when).timestamp() * 1e6 == pytest.approx(at(3), abs=1000)
    assert hit == {
        "conversation": "0bbb", "title": "", "turn": at(3) + 3, "role": "assistant", "model": "claude-opus-5-5",
    }  # fmt: skip


def test_which_are_found(claude, kept):
    """By how much it is about them, by day, by model, by number."""
    kept.said("0aaa", "egg egg egg egg", "yes", days=5)
    kept.said("0bbb", "an egg in a long sentence about so much else besides", "no", model="claude-opus-5-5")

    def found(*words):
        return [hit["conversation"] for hit in claude("history", "search", "egg", "--json", *words).json["hits"]]

    assert found() == ["0bbb", "0aaa"]
    assert found("--rank") == ["0aaa", "0bbb"]
    assert found("-n", "1") == ["0bbb"]
    assert found("--since", "yesterday") == ["0bbb"]
    assert found("--until", f"{NOON - timedelta(days=5):%Y-%m-%d}") == ["0aaa"]
    assert found("-m", "opus") == ["0bbb"]


@pytest.mark.parametrize("columns", [80, 40])
def test_search_on_a_terminal(claude, kept, columns):
    """The title above, what was found in bold, broken between words, harmless; CJK is found, too."""
    kept.said(
        "0abc", "以前の配置を \x1b[2J説明 \u202eして。" + "Words and more words. " * 9, title="Evil\x1b]0;x\x07 title"
    )
    shown = claude("history", "search", "説明", tty=(columns, 24)).out
    head, *lines = shown.splitlines()
    assert re.fullmatch(r"0abc  \d+ \w+ ago  Evil title", head)
    assert "\x1b[1m説明\x1b[0m" in lines[0] and lines[0].startswith("  You: ")
    assert "\x1b[2J" not in shown and "\u202e" not in shown
    assert all(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) <= columns and line.startswith("  ") for line in lines)
    assert "\x1b" not in claude("history", "search", "説明", tty=(columns, 24), NO_COLOR="1").out


def test_nothing_found_can_be_silent(claude, three):
    """`-q`: errors only."""
    done = claude("history", "search", "nowhere", "-q")
    assert (done.status, done.out, done.err) == (0, "", "")


def secret(kept):
    content = (text_block(f"The key is {KEY}, in /home/ann/x"), document_block(f"{KEY}\n" * 60, "a.txt"), PNG)
    thought = {"type": "thinking", "thinking": "Hmm.", "signature": "c2ln"}
    return kept.said("0sec", content, (thought, text_block("Change it.")), title=f"About {KEY}")


def test_export_as_markdown(claude, kept):
    """To standard output, without keys."""
    secret(kept)
    done = claude("history", "export")
    assert done.out.startswith("# About ***\n\n## You · ")
    assert "The key is ***, in ~/x" in done.out and "[document · a.txt · text/plain · " in done.out
    assert KEY not in done.out and done.err == ""
    assert KEY in claude("history", "export", "--raw").out
    both = kept.said("0two", "Second", days=-1)
    text = claude("history", "export", "--all").out
    assert text.startswith(f"# {both.id}\n") and "\n\n# About ***\n" in text
    assert claude("history", "export", "0two", "0two").out.count("Second") == 1


def test_export_as_json(claude, kept):
    """Keys, home folders and thinking out of all of it; an image cannot be looked into, which is said once."""
    secret(kept)
    done = claude("history", "export", "--format", "json")
    assert KEY not in done.out and "/home/ann" not in done.out and "thinking" not in done.out
    assert done.lines == ["claude-cli: images and PDFs are in it as they are: what they show is not looked into"]
    raw = claude("history", "export", "--format", "json", "--raw")
    assert raw.err == "" and '"signature": "c2ln"' in raw.out and raw.out.count(KEY) > 60
    assert claude("history", "export", "--format", "json", "-q").err == ""


def test_export_to_a_file(claude, kept):
    """Its owner's alone; JSON by its name; one that is there is not overwritten unasked."""
    secret(kept)
    file = claude.folder / "out.json"
    done = claude("history", "export", "-o", "out.json", err="terminal")
    assert file.stat().st_mode & 0o777 == 0o600 and json.loads(file.read_bytes())["redacted"] is True
    assert "1 conversation in out.json, " in done.err and "--raw keeps them" in done.err
    file.write_text("mine")
    file.chmod(0o644)
    claude("history", "export", "-o", "out.json").failed(2, "out.json is there already; say --yes to overwrite it")
    assert file.read_text() == "mine"
    assert claude("history", "export", "-o", "out.json", "--yes", "-q").status == 0
    assert file.stat().st_mode & 0o777 == 0o600 and file.read_text() != "mine"
    assert claude("history", "export", "-o", "-").out.startswith("# About")
    assert [path.name for path in claude.folder.glob("out*")] == ["out.json"]


@pytest.mark.parametrize(("keys", "content"), [(b"y\n", "# "), (b"\n", "mine")], ids=["yes", "no"])
def test_a_person_is_asked_before_a_file_is_overwritten(claude, three, keys, content):
    """Enter alone leaves it."""
    (claude.folder / "out.md").write_text("mine")
    run = claude.start("history", "export", "-o", "out.md", stdin="terminal", err="terminal")
    run.err.wait_for(b"out.md is there already; overwrite it? [y/N] ")
    run.type(keys)
    assert run.wait().status == 0
    assert (claude.folder / "out.md").read_text().startswith(content)


def test_an_export_comes_back_as_it_was(claude, three):
    """Every conversation, with its tree, states, raw blocks, attachments and times, by way of a file and of a pipe."""
    secret(three)
    branching(three)
    before = [three.history.load(id_) for id_ in three.ids]
    listed = claude("history", "list").out
    assert claude("history", "export", "--all", "--raw", "-o", "all.json").status == 0
    assert claude("history", "rm", "--all", "--yes").out == "removed 5 conversations with 13 turns\n"
    assert three.ids == []
    assert claude("history", "import", "all.json").out == "imported 5 conversations\n"
    assert [three.history.load(id_) for id_ in three.ids] == before
    assert claude("history", "list").out == listed
    again = claude("history", "import", "-", stdin=(claude.folder / "all.json").read_bytes())
    assert again.out == "imported 0 conversations; 5 there already\n"
    assert claude("history", "search", "certificates").out.count("0ccc") == 1


def test_a_redacted_export_comes_back(claude, kept):
    """Without what was taken out; what it was made of is untouched."""
    secret(kept)
    claude("history", "export", "-o", "out.json")
    kept.history.remove(["0sec"])
    assert claude("history", "import", "out.json").out == "imported 1 conversation\n"
    assert [block["type"] for block in kept.history.load("0sec").answers[0].content] == ["text"]


def test_turns_that_others_have_get_other_ids(claude, three):
    """An export under another id, say of a copy: nothing of what is there is replaced."""
    text = claude("history", "export", "0aaa", "--format", "json").out.replace('"0aaa"', '"0zzz"')
    assert claude("history", "import", "-", stdin=text.encode()).out == "imported 1 conversation\n"
    assert [turn.text for turn in three.history.load("0aaa").path] == ["Why TLS?", "It keeps **secrets**."]
    assert [turn.text for turn in three.history.load("0zzz").path] == ["Why TLS?", "It keeps **secrets**."]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(
            lambda found: found["turns"][1].update(parent=found["turns"][1]["id"]), "parent is none", id="circle"
        ),
        pytest.param(lambda found: found.update(id="\x1b]0;x\x07"), "its id is not of small letters", id="escapes"),
        pytest.param(lambda found: found["turns"][0].update(state="odd"), "state odd is not known", id="state"),
    ],
)
def test_of_a_file_with_a_mistake_nothing_is_imported(claude, three, change, words):
    """Also not what comes before the mistake."""
    whole = json.loads(claude("history", "export", "--all", "--format", "json").out)
    for each in whole["conversations"]:
        each["id"] = f"{each['id']}2"
        for turn in each["turns"]:
            turn["id"], turn["parent"] = turn["id"] + 5, turn["parent"] and turn["parent"] + 5
        each["head"] += 5
    change(whole["conversations"][-1])
    (claude.folder / "in.json").write_text(json.dumps(whole))
    done = claude("history", "import", "in.json")
    line = done.failed(2, "in.json cannot be imported: conversation 3: ", words)
    assert line.endswith("; nothing is imported")
    assert three.ids == ["0ccc", "0bbb", "0aaa"]


def test_where_one_cannot_be_kept_none_is(claude, three):
    """The disk is full in the middle, say: a second try starts from the same place."""
    trigger = "CREATE TRIGGER full BEFORE INSERT ON conversations WHEN new.id = '0zz'"
    with closing(sqlite3.connect(claude.home / "history.db")) as connection:
        connection.execute(f"{trigger} BEGIN SELECT raise(ABORT, 'full'); END")
    whole = {"version": 1, "conversations": [{"id": "0yy", "turns": []}, {"id": "0zz", "turns": []}]}
    claude("history", "import", "-", stdin=json.dumps(whole).encode()).failed(2, "cannot be used (full)")
    assert three.ids == ["0ccc", "0bbb", "0aaa"]


def test_odd_blocks_are_kept_and_shown(claude, kept):
    """Whatever shape they have: what is imported can be shown, searched, exported and removed."""
    odd = [
        {"type": "image", "source": {"lost": 5}},
        {"type": "image", "source": {"type": "base64", "data": "not base64!"}},
        {"type": "tool_result", "content": {"type": "text"}},
        {"type": "text", "text": "half \ud83d, nul \0, odd"},
        {"type": "x" * 500, "source": [[[1]]]},
    ]
    turn = {"id": at(), "parent": None, "role": "user", "content": odd}
    data = json.dumps({"version": 1, "conversations": [{"id": "0odd", "turns": [turn], "head": at()}]}).encode()
    assert claude("history", "import", "-", stdin=data).out == "imported 1 conversation\n"
    assert "[image]" in claude("history", "show").out
    assert claude("history", "search", "odd").out.startswith("0odd  ")
    for form in ("md", "json"):
        assert claude("history", "export", "--format", form).status == 0
    assert claude("history", "rm", "0odd", "-y").out == 'removed 0odd "(no title)", 1 turn\n'


@pytest.mark.parametrize("way", ["file", "pipe"])
def test_import_of_llm(claude, kept, way):
    """Told apart by what is in it; twice makes nothing twice."""
    file = claude.folder / "any name"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript((LOGS / "llm-0.26.sql").read_text())
    for line in ("imported 2 conversations\n", "imported 0 conversations; 2 there already\n"):
        words, how = (["any name"], {}) if way == "file" else (["-"], {"stdin": file.read_bytes()})
        assert claude("history", "import", *words, **how).out == line
    assert "A fragment about TLS. Explain T…" in claude("history", "list").out
    assert "[weather returned]" in claude("history", "show", "what is").out


def test_a_database_that_is_not_llms(claude, kept, three):
    """Our own, say."""
    claude("history", "import", str(claude.home / "history.db")).failed(2, "but not llm's logs.db; nothing is imported")


def test_rm(claude, three):
    """By name, by day, all; it says what is gone, and only that is."""
    assert claude("history", "rm", "tls", "0bbb", "0aaa", "-y").out == "removed 2 conversations with 6 turns\n"
    assert three.ids == ["0ccc"]
    assert claude("history", "rm", "--before", YESTERDAY, "-y").lines[0].endswith("no conversation is like that")
    assert claude("history", "rm", "--before", "today", "-y").out == 'removed 0ccc "Certificates", 2 turns\n'
    assert three.ids == [] and claude("history", "search", "tls", "-q").out == ""


@pytest.mark.parametrize(
    ("keys", "left"), [(b"y\n", []), (b"\n", ["0aaa"]), (b"nope\n", ["0aaa"])], ids=["y", "Enter", "n"]
)
def test_a_person_is_asked_before_anything_is_removed(claude, kept, keys, left):
    """Anything but a clear yes is a no."""
    kept.said("0aaa", "hi", title="Title")
    run = claude.start("history", "rm", "--all", stdin="terminal", err="terminal")
    run.err.wait_for(b'remove 0aaa "Title", 1 turn? [y/N] ')
    run.type(keys)
    assert run.wait().status == 0
    assert kept.ids == left


@pytest.mark.parametrize(
    "words", [["list"], ["show"], ["search", "x"], ["export"], ["import", "in.json"], ["rm", "--all"]]
)
def test_a_store_that_cannot_be_used_is_named(claude, three, words):
    """One of a later version is left alone; status 2."""
    (claude.folder / "in.json").write_text('{"version": 1, "conversations": [{"id": "0x", "turns": []}]}')
    with closing(sqlite3.connect(claude.home / "history.db")) as connection:
        connection.execute("PRAGMA user_version=99")
    claude("history", *words).failed(2, "history.db was written by a newer version")


def test_no_command_loads_the_engine(claude, three):
    """Neither HTTP nor a provider; a list not even what draws."""
    for words, besides in ((["list"], ["rich", "markdown_it"]), (["search", "tls"], []), (["export"], [])):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "claude_cli", "history", *words],
            env=claude.environment({}), capture_output=True, text=True, check=True,
        )  # fmt: skip
        loaded = re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE)
        assert "claude_cli.storage.conversations" in loaded
        heavy = ("httpx", "httpcore", "asyncio", "claude_cli.core.providers", "prompt_toolkit", *besides)
        assert [name for name in loaded if name.startswith(heavy)] == []
