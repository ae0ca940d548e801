"""`-f`: which text goes into the prompt, under which name, and what is left out and said."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from claude_cli.core import documents, folders
from claude_cli.core.documents import Document, load_documents
from claude_cli.core.errors import UsageError
from claude_cli.core.folders import is_secret
from claude_cli.core.sources import Fetched


class Said(list[str]):
    """Collects notices."""

    def __call__(self, line: str) -> None:
        assert "\n" not in line
        self.append(line)


def load(source: object, said: Said | None = None, **more: object) -> list[Document]:
    given = {"read_stdin": None, "fetch": None, "confirm": None, "yes": False} | more
    return load_documents(str(source), notice=Said() if said is None else said, **given)


def refusal(source: object, **more: object) -> str:
    with pytest.raises(UsageError) as caught:
        load(source, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def names(source: object, said: Said | None = None, **more: object) -> list[str]:
    return [document.name for document in load(source, said, **more)]


def plant(root: Path, **files: str | bytes) -> Path:
    """Files under `root`; in their names `__` is a slash and `_dot_` a dot."""
    for name, content in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


# --- one file


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param("Grüße\r\n".encode(), "Grüße\r\n", id="utf-8, ends of lines kept"),
        pytest.param(b"\xef\xbb\xbfhello", "hello", id="utf-8 with a mark"),
        pytest.param(b"\xff\xfeh\0\xfc\0", "hü", id="utf-16 little-endian with a mark"),
        pytest.param(b"\xfe\xff\0h\0\xfc", "hü", id="utf-16 big-endian with a mark"),
        pytest.param(b"x" * 4095 + "ü".encode(), "x" * 4095 + "ü", id="a letter across the head's end"),
        pytest.param(b"the mark %PDF- begins a PDF", "the mark %PDF- begins a PDF", id="text about PDFs"),
        pytest.param(b"GIF89a is a format", "GIF89a is a format", id="text that begins like a GIF"),
    ],
)
def test_a_file_is_one_document(tmp_path, data, text):
    path = tmp_path / "notes.txt"
    path.write_bytes(data)
    [document] = load(path)
    assert document == Document("notes.txt", text)
    source = {"type": "text", "media_type": "text/plain", "data": text}
    assert document.block == {"type": "document", "source": source, "title": "notes.txt"}


def test_a_name_tells_no_more_than_the_user_typed(tmp_path, monkeypatch):
    """A relative path is what tells two files apart; an absolute one would tell the API the user's name."""
    plant(tmp_path, src__a_dot_py="1")
    monkeypatch.chdir(tmp_path)
    assert names("./src/a.py") == ["src/a.py"]
    assert names(tmp_path / "src/a.py") == ["a.py"]
    assert names((tmp_path / "src/a.py").as_uri()) == ["a.py"]


def test_the_files_of_one_folder_among_others_are_named_with_it(tmp_path, monkeypatch):
    """Two folders can each hold an `a.py`; the model and its citations have to tell them apart."""
    plant(tmp_path, old__a_dot_py="1", new__lib__a_dot_py="2")
    monkeypatch.chdir(tmp_path)
    assert names("old", one_of_many=True) == ["old/a.py"]
    assert names("./new/", one_of_many=True) == ["new/lib/a.py"]
    assert names(tmp_path / "new", one_of_many=True) == ["new/lib/a.py"]
    assert names("old/a.py", one_of_many=True) == names("old/a.py") == ["old/a.py"]
    assert names("old") == ["a.py"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is PNG, not text: use -a", id="image"),
        pytest.param(b"\xff\xd8\xff\xe0", "is JPEG, not text: use -a", id="image without a NUL"),
        pytest.param(b"%PDF-1.4\nall of it text", "is PDF, not text: use -a", id="pdf"),
        pytest.param(b"ELF\0\x01", "a NUL byte at offset 3", id="binary"),
        pytest.param(b"x" * 5000 + b"\0", "a NUL byte at offset 5,000", id="binary behind the head"),
        pytest.param(b"\xff\xfea\0\0\0", "a NUL byte at offset 4", id="utf-32"),
        pytest.param("ü".encode() + b"gr\xfc\xdfe", "byte 0xfc at offset 4 is not UTF-8", id="latin-1"),
        pytest.param(b"\xff\xfea\0\0\xd8", "byte 0x00 at offset 4 is not UTF-16", id="broken utf-16"),
    ],
)
def test_what_is_not_text_is_refused_by_name_and_place(tmp_path, data, words):
    path = tmp_path / "given"
    path.write_bytes(data)
    message = refusal(path)
    assert message.startswith(str(path))
    assert words in message


@pytest.mark.parametrize("content", ["", " \n\t", "\ufeff"], ids=["no byte", "blanks", "a mark alone"])
def test_an_empty_file_is_left_out_and_said(tmp_path, content):
    """The API refuses an empty document."""
    said = Said()
    path = plant(tmp_path, a=content) / "a"
    assert load(path, said) == []
    assert said == [f"{path} is empty; it is left out"]


@pytest.mark.parametrize("name", [".env", ".env.local", "server.PEM", "id_ed25519"])
def test_a_secret_that_is_named_is_sent_and_said(tmp_path, name):
    """The user's word holds, but not in silence; a link does not hide what it leads to."""
    (tmp_path / name).write_text("KEY=1")
    (tmp_path / "harmless").symlink_to(name)
    for source in (tmp_path / name, tmp_path / "harmless"):
        said = Said()
        assert [each.text for each in load(source, said)] == ["KEY=1"]
        assert said == [f"{source} may hold secrets; it is sent, as it was named"]


def test_ten_megabytes_are_taken_and_a_byte_more_is_not(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"x" * documents.MAX_FILE_BYTES)
    assert len(load(path)[0].text) == 10 * 1024 * 1024
    os.truncate(path, documents.MAX_FILE_BYTES + 1)
    assert "10,485,761 bytes long; at most 10,485,760 bytes" in refusal(path)


@pytest.mark.parametrize("kind", ["missing", "loop", "device", "bad name", "empty", "other scheme"])
def test_a_path_that_is_no_readable_file_is_refused(tmp_path, kind):
    (tmp_path / "loop").symlink_to("loop")
    source, words = {
        "missing": (tmp_path / "nowhere", "does not exist: check the path"),
        "loop": (tmp_path / "loop", "Too many levels of symbolic links"),
        "device": ("/dev/zero", "is not a file"),
        "bad name": ("a\0b", "the path is not valid"),
        "empty": ("", "is empty: name one"),
        "other scheme": ("s3://bucket/key", "s3:// is not supported"),
    }[kind]
    assert words in refusal(source)


def test_a_process_substitution_is_read():
    """`-f <(git diff)` arrives as /dev/fd/N."""
    reader, writer = os.pipe()
    os.write(writer, b"diff")
    os.close(writer)
    try:
        assert load(f"/dev/fd/{reader}") == [Document("output of a command", "diff")]
    finally:
        os.close(reader)


def test_a_named_pipe_is_read(tmp_path):
    """Where /dev/fd is missing, shells make one for `<(command)`."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"diff",))
    writer.start()
    assert load(path) == [Document("fifo", "diff")]
    writer.join()


# --- standard input and URLs


def test_standard_input_is_a_document():
    assert load("-", read_stdin=lambda: b"piped") == [Document("standard input", "piped")]
    assert "standard input cannot be read here" in refusal("-")
    assert "standard input is PNG, not text: use -a" in refusal("-", read_stdin=lambda: b"\x89PNG\r\n\x1a\n\0")


def served(content_type: str | None, body: bytes):
    def fetch(url: str, max_bytes: int) -> Fetched:
        assert max_bytes == 10 << 20
        return Fetched(url, content_type, body)

    return fetch


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        pytest.param("text/html; charset=utf-8", "<p>ü".encode(), "<p>ü", id="html as it is"),
        pytest.param("Text/Plain;Charset=ISO-8859-1", b"\xfc", "ü", id="latin-1"),
        pytest.param('text/csv; header=present; charset="windows-1252"', b"\x80", "€", id="quoted charset"),
        pytest.param("application/json", b"{}", "{}", id="json"),
        pytest.param("application/atom+xml", b"<a/>", "<a/>", id="a kind of xml"),
        pytest.param("application/vnd.api+json; charset=", b"{}", "{}", id="a kind of json, charset empty"),
        pytest.param("application/x-yaml", b"a: 1", "a: 1", id="yaml"),
        pytest.param(None, b"plain", "plain", id="no type"),
        pytest.param("text/plain; charset=latin-1", "\ufeffü".encode(), "ü", id="the mark wins over the charset"),
        pytest.param("text/plain; charset=utf-16", b"\xff\xfea\0", "a", id="utf-16"),
    ],
)
def test_text_is_taken_from_a_url(content_type, body, text):
    url = "https://example.com/a?token=s3cret#top"
    assert load(url, fetch=served(content_type, body)) == [Document("https://example.com/a", text)]


@pytest.mark.parametrize(
    ("content_type", "body", "words"),
    [
        pytest.param("image/png", b"", "is image/png, not text: use -a", id="image"),
        pytest.param("application/pdf", b"", "is application/pdf, not text: use -a", id="pdf"),
        pytest.param("application/octet-stream", b"x", "-f takes text only", id="bytes"),
        pytest.param("; charset=utf-8", b"x", "is of no type", id="no type in the header"),
        pytest.param("text/plain", b"\xfc", "byte 0xfc at offset 0", id="not utf-8"),
        pytest.param("text/plain", b"\0", "a NUL byte at offset 0", id="binary that claims to be text"),
        pytest.param("text/plain; charset=latin-1", b"\0", "NUL characters", id="binary with a charset"),
        pytest.param("text/plain; charset=ascii", b"\xfc", "cannot be read as ascii", id="not in its charset"),
        pytest.param("text/plain; charset=klingon", b"x", "cannot be read as klingon", id="unknown charset"),
        pytest.param("text/plain; charset=base64", b"eA==", "cannot be read as base64", id="no charset at all"),
        pytest.param("text/plain; charset=unicode-escape", b"x", "cannot be read as", id="one of Python's own"),
        pytest.param("text/plain; charset=a\0b", b"x", "cannot be read as a\ufffdb", id="charset with a NUL"),
        pytest.param("text/plain", b"x" * ((10 << 20) + 1), "is too large", id="too large"),
        pytest.param("text/plain; charset=latin-1", b"x" * ((10 << 20) + 1), "is too large", id="too large, charset"),
    ],
)
def test_what_is_not_text_is_refused_from_a_url(content_type, body, words):
    message = refusal("https://example.com/a?token=s3cret", fetch=served(content_type, body))
    assert message.startswith("https://example.com/a ")
    assert words in message
    assert "s3cret" not in message


def test_an_empty_page_is_left_out_and_said():
    said = Said()
    assert load("https://example.com/", said, fetch=served("text/html", b"")) == []
    assert said == ["https://example.com/ is empty; it is left out"]


def test_a_password_in_a_url_is_neither_sent_nor_shown():
    message = refusal("https://me:hunter2@example.com/a", fetch=served("text/plain", b"x"))
    assert "user name or password" in message
    assert "hunter2" not in message
    assert "cannot be fetched here" in refusal("https://example.com/a")


# --- folders


def test_a_folder_gives_its_text_files_in_order(tmp_path):
    """Named from the folder, so that the order and the names are the same on every machine."""
    root = plant(tmp_path, b="2", a__z="1", a__b__c="0", a_dot_txt="3", Z="4")
    assert load(root) == [
        Document("Z", "4"),
        Document("a/b/c", "0"),
        Document("a/z", "1"),
        Document("a.txt", "3"),
        Document("b", "2"),
    ]


def test_what_is_left_out_of_a_folder_is_said(tmp_path):
    """Nobody expects hidden and ignored files; anything else that is missing, the user must know of."""
    root = plant(
        tmp_path,
        a="1",
        _dot_hidden="x",
        _dot_git__config="x",
        _dot_env="KEY=1",
        sub___dot_env_dot_local="KEY=1",
        sub__id_rsa="x",
        server_dot_pem="x",
        photo="\x89PNG\0",
        latin=b"\xfc",
        empty="",
        big=b"x" * (documents.MAX_FILE_BYTES + 1),
        id_folder__b="2",
    )
    os.mkfifo(root / "fifo")
    said = Said()
    assert names(root, said) == ["a", "id_folder/b"]
    assert said == [
        f"{root}: left out (empty): empty",
        f"{root}: left out (may hold secrets): .env, server.pem, sub/.env.local, sub/id_rsa",
        f"{root}: left out (neither files nor folders): fifo",
        f"{root}: left out (not text): latin, photo",
        f"{root}: left out (unreadable or too large): big",
    ]


def test_many_left_out_files_are_one_line(tmp_path):
    root = plant(tmp_path, a="1", **{f"b{number}": "\0" for number in range(8)})
    said = Said()
    load(root, said)
    assert said == [f"{root}: left out (not text): b0, b1, b2, b3, b4 and 3 more"]


def test_links_bring_in_nothing_that_was_left_out(tmp_path):
    """A link may lead to the key next door, out of the folder, or round in a circle."""
    root = plant(tmp_path / "root", sub__a="1", _dot_env="KEY=1", hidden___dot_b="x") / ""
    plant(tmp_path, outside="secret", elsewhere__c="x")
    (root / "good").symlink_to("sub/a")
    (root / "out").symlink_to("../outside")
    (root / "env").symlink_to(".env")
    (root / "to-hidden").symlink_to("hidden/.b")
    (root / "folder-out").symlink_to("../elsewhere")
    (root / "sub" / "up").symlink_to("..")
    (root / "loop").symlink_to("loop")
    (root / "dangling").symlink_to("nowhere")
    (root / ".env.link").symlink_to("sub/a")
    said = Said()
    assert load(root, said) == [Document("good", "1"), Document("sub/a", "1")]
    assert said == [
        f"{root}: left out (links to what is not taken): dangling, env, folder-out, loop, out and 2 more",
        f"{root}: left out (may hold secrets): .env, .env.link",
    ]


def test_a_folder_behind_a_link_or_a_dot_is_read_when_named(tmp_path):
    root = plant(tmp_path, _dot_github__ci="1")
    (root / "link").symlink_to(".github")
    assert names(root / ".github") == names(root / "link") == ["ci"]


RULES = [
    # (ignore files, files, files that are left); each row agrees with `git ls-files -o --exclude-standard` 2.39.5.
    pytest.param({"": "*.log\n"}, "a.log b.txt s/c.log", "b.txt", id="by suffix, at any depth"),
    pytest.param({"": "/a\n"}, "a s/a", "s/a", id="anchored"),
    pytest.param({"": "build/\n"}, "build/a s/build/b t/build", "t/build", id="folders alone"),
    pytest.param({"": "*.log\n!keep.log\n"}, "a.log keep.log", "keep.log", id="taken after all"),
    pytest.param({"": "build/\n!build/a\n"}, "build/a b", "b", id="nothing out of an ignored folder"),
    pytest.param({"": "build/**\n!build/a\n"}, "build/a build/b", "build/a", id="content but not the folder"),
    pytest.param({"": "*\n!*/\n!*.py\n"}, "a.py b.txt s/c.py s/d.txt", "a.py s/c.py", id="all but one kind"),
    pytest.param({"": "*\n!s/\n"}, "a s/b", "", id="a folder taken back, not its files"),
    pytest.param({"": "*.py\n!s\n"}, "a.py s/b.py s/c", "s/c", id="a folder let pass does not free its files"),
    pytest.param({"": "*.o\n", "s/": "!*.o\n"}, "a.o s/b.o", "s/b.o", id="the nearer file wins"),
    pytest.param({"s/": "/a\n*.x\n"}, "a b.x s/a s/b.x s/t/a", "a b.x s/t/a", id="a nested file holds below it"),
    pytest.param({"": "*.o\n", "s/": "!t\n"}, "s/t/a.o s/t/b", "s/t/b", id="a folder's rule says nothing of its files"),
    pytest.param({"": "a/**/\n"}, "a/b a/c/d", "a/b", id="every folder below"),
    pytest.param({"": "a/**/z\n"}, "a/z a/b/c/z z", "z", id="any depth between"),
    pytest.param({"": "a.txt\r\n"}, "a.txt b", "b", id="lines end with CR LF"),
    pytest.param({"": "\ufeffa\n"}, "a b", "b", id="a byte order mark"),
    pytest.param({"": "\n# a\n\\#b\n!\n\\\n/\n"}, "a #b", "a", id="comments and nonsense"),
    pytest.param({".git/info/": "a\n"}, "a b", "b", id="info/exclude"),
    pytest.param({".git/info/": "a\n", "": "!a\n"}, "a b", "a b", id="info/exclude is the weakest"),
]


@pytest.mark.parametrize(("rules", "files", "left"), RULES)
def test_a_folder_is_read_without_what_git_ignores(tmp_path, rules, files, left):
    """Keys, builds and dependencies are in the ignore files: they must not be sent, and all else must."""
    (tmp_path / ".git").mkdir()
    for file in files.split():
        plant(tmp_path, **{file: "x"})
    for where, text in rules.items():
        plant(tmp_path, **{where + ("exclude" if where.startswith(".git/") else ".gitignore"): text})
    if left:
        assert sorted(names(tmp_path)) == sorted(left.split())
    else:
        assert "holds no text file" in refusal(tmp_path)


def test_rules_above_the_named_folder_hold_up_to_the_repository(tmp_path):
    """And no farther: what lies above the root is another's."""
    plant(tmp_path, _dot_gitignore="above\n")
    repository = plant(tmp_path / "r", _dot_git__HEAD="", _dot_gitignore="*.key\n/s/t/anchored\n")
    plant(repository, s___dot_gitignore="*.tmp\n!a.key\n")
    plant(
        repository, s__t__above="1", s__t__a_dot_key="2", s__t__b_dot_key="x", s__t__anchored="x", s__t__c_dot_tmp="x"
    )
    assert names(repository / "s" / "t") == ["a.key", "above"]
    assert names(repository / "s") == ["t/a.key", "t/above"]


def test_rules_hold_without_a_repository_too(tmp_path):
    """A source tree unpacked from an archive has its ignore files, but no .git."""
    assert names(plant(tmp_path, _dot_gitignore="*.key\n", a_dot_key="x", b="1")) == ["b"]


@pytest.mark.parametrize("rules", ["build/\n*.key\n", "build\n*.key\n", "*\n!/s/\n"], ids=["folder", "name", "all"])
def test_an_ignored_folder_is_read_when_named(tmp_path, rules):
    """The user's word holds for the folder; what is ignored wherever it lies stays out."""
    plant(tmp_path, _dot_git__HEAD="", _dot_gitignore=rules, build__sub__log="1")
    if "*.key" in rules:
        plant(tmp_path, build__sub__a_dot_key="x")
    for folder in (tmp_path / "build", tmp_path / "build" / "sub"):
        said = Said()
        assert [each.text for each in load(folder, said)] == ["1"]
        assert said == [f"git ignores {folder}; it is read, as it was named"]


def test_a_worktree_has_the_excludes_of_its_repository(tmp_path):
    """Its `.git` is a file that leads there by two steps; a submodule's by one."""
    main = plant(tmp_path / "main", _dot_git__info__exclude="a\n", _dot_git__worktrees__w__commondir="../..\n")
    tree = plant(tmp_path / "w", _dot_git=f"gitdir: {main}/.git/worktrees/w\n", a="x", b="1")
    assert names(tree) == ["b"]
    module = plant(tmp_path / "m", _dot_git="gitdir: ../main/.git\n", a="x", b="1")
    assert names(module) == ["b"]


def test_an_ignore_file_that_cannot_be_read_stops_all(tmp_path):
    """To go on would send what it holds back."""
    root = plant(tmp_path, a="1")
    (root / ".gitignore").symlink_to(".gitignore")
    assert f"{root}/.gitignore cannot be read (Too many levels" in refusal(root)


def test_an_ignore_file_that_is_no_file_is_passed_over(tmp_path):
    root = plant(tmp_path, a="1", sub__b="2")
    os.mkfifo(root / ".gitignore")
    (root / "sub" / ".gitignore").mkdir()
    assert names(root) == ["a", "sub/b"]


def test_a_folder_that_cannot_be_listed_is_left_out_and_said(tmp_path, monkeypatch):
    """The named one is an error, as nothing would be sent."""
    root = plant(tmp_path, a="1", sub__b="2")
    scandir = os.scandir
    closed = {str(root / "sub")}

    def guarded(path: Path):
        if str(path) in closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(folders.os, "scandir", guarded)
    said = Said()
    assert names(root, said) == ["a"]
    assert said == [f"{root}: left out (unreadable): sub/"]
    closed.add(str(root))
    assert f"{root} cannot be read (Permission denied)" in refusal(root)


def test_a_folder_that_goes_away_is_an_input_error(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "_is_folder", lambda path: True)
    assert "does not exist" in refusal(tmp_path / "gone")


@pytest.mark.parametrize("content", [{}, {"a": "\0"}, {"_dot_a": "x"}], ids=["nothing", "binaries", "hidden"])
def test_a_folder_without_text_is_refused(tmp_path, content):
    """An answer without the data would look like one with it."""
    assert "holds no text file that may be sent" in refusal(plant(tmp_path, **content))


def test_a_folder_of_empty_files_is_no_error(tmp_path):
    """They were read; there is nothing in them."""
    assert load(plant(tmp_path, a="", b="\n")) == []


@pytest.mark.parametrize("many", [True, False], ids=["files", "bytes"])
def test_a_large_folder_is_sent_only_on_a_yes(tmp_path, monkeypatch, many):
    """Over 200 files or 1 MB: a question, `--yes`, or nothing."""
    files = {f"f{number}": "x" for number in range(200)} if many else {"f": "x" * documents.ASK_BYTES}
    root = plant(tmp_path, **files)
    assert len(load(root)) == len(files)
    plant(root, more="x")
    what = f"{root} holds {'201 text files, 201' if many else '2 text files, 1,048,577'} bytes"
    assert refusal(root) == f"{what}, and nobody can be asked: add --yes, or name a smaller folder"
    assert refusal(root, confirm=lambda _: False) == f"{what}, which you declined to send: name a smaller folder"
    asked: list[str] = []
    assert len(load(root, confirm=lambda question: not asked.append(question))) == len(files) + 1
    assert asked == [f"{what}. Send them all?"]
    assert len(load(root, yes=True)) == len(files) + 1


def test_no_yes_helps_a_folder_that_no_request_can_hold(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "MAX_FOLDER_BYTES", 10)
    assert "holds over 10 bytes of text" in refusal(plant(tmp_path, a="x" * 6, b="y" * 6), yes=True)


def test_a_walk_through_a_whole_disk_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MAX_FILES", 2)
    assert names(plant(tmp_path, a="1", b="2")) == ["a", "b"]
    assert "holds over 2 files: name a smaller folder" in refusal(plant(tmp_path, c="3"))


def test_names_are_fit_for_a_title(tmp_path):
    """The model is shown one line, whatever a file is called."""
    (tmp_path / "a\x1b\n").write_bytes(b"1")
    assert names(tmp_path) == ["a\ufffd "]


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        pytest.param(".env", True, id="env"),
        pytest.param(".envrc", True, id="envrc"),
        pytest.param(".ENV.production", True, id="upper case"),
        pytest.param("id_rsa.pub", True, id="ssh key"),
        pytest.param("ca.pem", True, id="certificate"),
        pytest.param("env.py", False, id="no dot"),
        pytest.param("identity.py", False, id="no underscore"),
        pytest.param("pem", False, id="no suffix"),
    ],
)
def test_is_secret(name, secret):
    assert is_secret(name) is secret


@given(st.text())
@example("\ufeff")
def test_any_text_comes_back_as_it_was(text):
    """But for blanks, NULs and a byte order mark."""
    said = Said()
    data = text.encode("utf-8", "surrogatepass")
    try:
        loaded = load_documents("-", read_stdin=lambda: data, fetch=None, confirm=None, yes=False, notice=said)
    except UsageError:
        assert "\0" in text
        return
    text = text.removeprefix("\ufeff")
    assert [each.text for each in loaded] == ([text] if text.strip() else [])
    assert bool(said) is not bool(loaded)
