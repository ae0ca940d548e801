"""What names a file in a text, and the chips that are made of files: their names, numbers and labels."""

from __future__ import annotations

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.core.messages import document_block, image_block, pdf_block
from claude_cli.core.sources import Fetched
from claude_cli.terminal.chips import Attacher
from claude_cli.terminal.draft import Draft, as_typed_path
from claude_cli.terminal.prompt_words import dropped_files, is_command, labelled, named_files


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder that paths start from, and everybody's home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("a.png", "n.txt", "with blank.pdf", "it's.png", "with\\backslash.png", ".env"):
        (tmp_path / name).write_text("x")
    (tmp_path / "src").mkdir()
    return tmp_path


@pytest.fixture
def attacher(folder):
    """It makes chips for nobody in particular."""
    return Attacher(lambda: None, {})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("see @n.txt, and (@a.png).", ["@n.txt", "@a.png"]),
        ('@"with blank.pdf" @with\\ blank.pdf', ['@"with blank.pdf"', "@with\\ blank.pdf"]),
        ("@it\\'s.png @\"it's.png\"", ["@it\\'s.png", '@"it\'s.png"']),
        ("@~/n.txt ~/a.png ./a.png", ["@~/n.txt", "~/a.png", "./a.png"]),
        ("~/n.txt a.png ./none.png me@n.txt", []),
        ("@src @dataclass @app.route('/x') @types/node @", []),
        ("@./none @/none @none.png @~/none", ["@./none", "@/none", "@none.png", "@~/none"]),
    ],
    ids=["marked", "blanks", "quotes", "home", "mentioned", "no files", "missing"],
)
def test_what_names_a_file(folder, text, wanted):
    """A marked path that is there or can be nothing else, and a clear one of an image or PDF that is there."""
    words = named_files(text)
    assert [text[word.start : word.end] for word in words] == wanted
    assert labelled(text, words, ["!"] * len(words)).count("!") == len(wanted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("./a.png\n", ["./a.png"]),
        ("'./with blank.pdf' ~/a.png", ["./with blank.pdf", "~/a.png"]),
        ("./with\\ blank.pdf ", ["./with blank.pdf"]),
        ("./a.png is", []),
        ("a.png", []),
        ("./n.txt", []),
        ("./none.png", []),
        ("", []),
    ],
    ids=["one", "quoted", "backslash", "a sentence", "a word", "text", "missing", "nothing"],
)
def test_what_is_nothing_but_paths(folder, text, wanted):
    """Only then was it dropped."""
    assert dropped_files(text) == wanted


@pytest.mark.parametrize("name", ["a.png", "with blank.pdf", "it's.png", 'a"b.png', "with\\backslash.png"])
def test_a_path_is_written_as_it_is_read(folder, name):
    """Quoted where it has to be."""
    (folder / name).write_text("x")
    (word,) = named_files(f"see @{as_typed_path(name)}")
    assert word.path == name


def test_what_is_a_command():
    """A path is none."""
    assert [each for each in ("/", "/help", "/set a b", "/home/me", "/a.png", "hi", " /x") if is_command(each)] == [
        "/", "/help", "/set a b",
    ]  # fmt: skip


def test_text_files_are_documents_with_a_name_of_their_own(attacher, folder):
    """The second of a name has its number, and one that may hold secrets says so."""
    first, second = attacher.attach_all(["n.txt", "./n.txt"])
    assert (first.label, second.name) == ("[n.txt · 1 byte · ~3 tokens]", "n.txt (2)")
    assert (first.block, first.source, first.note) == (document_block("x", "n.txt"), "n.txt", "")
    assert "may hold secrets" in attacher.attach(".env").note


def test_numbers_go_on_in_a_conversation(attacher):
    """Behind what its turns have, and not over what was refused."""
    attacher.begin(
        [image_block("image/png", ""), pdf_block(""), document_block("x", "pasted text 1"), {"type": "text"}]
    )
    assert attacher.pasted("a text").name == "pasted text 2"
    attacher.begin([document_block("x", "n.txt")])
    with pytest.raises(UsageError):
        attacher.attach_all(["n.txt", "none"])
    assert attacher.attach("n.txt").name == "n.txt (2)"
    attacher.begin()
    assert attacher.attach("n.txt").name == "n.txt"


def test_no_two_of_a_conversation_have_one_name(attacher):
    """Also where those it has were numbered already, or are not the first ones."""
    attacher.begin(document_block("x", title) for title in ("n.txt", "n.txt (2)", "n.txt (4)", "pasted text 2"))
    assert [attacher.attach("n.txt").name for _ in range(3)] == ["n.txt (3)", "n.txt (5)", "n.txt (6)"]
    assert [attacher.pasted("a text").name for _ in range(2)] == ["pasted text 1", "pasted text 3"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.txt", "none.txt does not exist"),
        ("none.png", "none.png does not exist"),
        ("a.png", "looks like text: use -f, or in a chat rename it"),
        ("src", "holds no text file"),
        ("empty.txt", "empty.txt is empty"),
        ("https://example.com/x.png", "cannot be fetched"),
    ],
    ids=["missing", "missing image", "no image", "folder", "empty", "no network"],
)
def test_what_cannot_be_sent_is_refused(attacher, folder, name, words):
    """In a line that says why."""
    (folder / "empty.txt").touch()
    with pytest.raises(UsageError, match=words):
        attacher.attach(name)


def test_a_folder_is_no_chip(attacher, folder):
    """It would be many."""
    for name in ("one.txt", "two.txt"):
        (folder / "src" / name).write_text("x")
    with pytest.raises(UsageError, match="src is a folder: name a file in it"):
        attacher.attach("src")


def test_an_address_is_fetched(folder):
    """By its suffix as text or as an image."""

    def fetch(url: str, max_bytes: int) -> Fetched:
        return Fetched(url, "text/plain", b"from afar")

    chip = Attacher(lambda: None, {}, fetch).attach("https://example.com/notes.txt")
    assert chip.block["source"]["data"] == "from afar"


def test_a_paste_may_be_too_long(attacher):
    """As a file may be."""
    with pytest.raises(UsageError, match="the pasted text has 12"):
        attacher.pasted("x" * 12_000_000)


def test_a_draft_with_chips(attacher):
    """Documents go before the text, whose chips are short; a label that is gone takes its thing along."""
    chip = attacher.attach("n.txt")
    draft = Draft("see").with_chip(chip)
    assert draft.text == "see [n.txt · 1 byte · ~3 tokens] "
    assert draft.content == (chip.block, {"type": "text", "text": "see [n.txt] "})
    assert Draft("see", draft.chips).content == ({"type": "text", "text": "see"},)
