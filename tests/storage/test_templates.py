"""Templates as files: which one a word means, what may stand in it, and how its places are filled."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.storage.templates import (
    MAX_BYTES,
    SHIPPED,
    SKELETON,
    TemplateUse,
    describe,
    find_template,
    load_template,
    parse_template,
    read_template,
    save_template,
    template_names,
    templates_dir,
)


@pytest.fixture
def environ(tmp_path):
    """An environment whose folder of templates is there and empty."""
    found = {"CLAUDE_CLI_HOME": str(tmp_path)}
    templates_dir(found).mkdir()
    return found


@pytest.fixture
def write(environ):
    """Writes a template of the user's own, by default one called `mine`."""

    def writer(text, name="mine"):
        path = templates_dir(environ) / f"{name}.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return writer


# ------------------------------------------------------------------------------------------------ which one
def test_names_are_the_users_own_and_the_shipped_ones(environ, write):
    """What has no plain name cannot be asked for, so it is not offered."""
    assert template_names(environ) == ["commit", "explain", "shell"]
    for name in ("mine", "commit", "ünî.v2", ".hidden", "a b", "-dash"):
        write("", name)
    (templates_dir(environ) / "notes.txt").touch()
    assert template_names(environ) == ["commit", "explain", "mine", "shell", "ünî.v2"]
    assert template_names({"CLAUDE_CLI_HOME": "/nowhere"}) == ["commit", "explain", "shell"]


def test_the_users_own_goes_before_a_shipped_one(environ, write):
    """Whoever wants another `commit` writes one."""
    assert find_template("commit", environ).parent == SHIPPED
    path = write('prompt = "mine"', "commit")
    assert find_template("commit", environ) == path


@pytest.mark.parametrize("word", ["./x.toml", "x.toml", "sub/x", "/x"])
def test_a_slash_or_toml_makes_a_path(environ, word):
    """A path is taken as it is, and a name is never one: the two cannot be mixed up."""
    assert find_template(word, environ) == Path(word)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        pytest.param("comit", "no template 'comit'; did you mean 'commit'?", id="a slip"),
        pytest.param("zzz", "no template 'zzz'; `claude-cli templates list`", id="nothing like it"),
        pytest.param("..", "no template '..'", id="the folder above"),
        pytest.param("", "no template ''", id="empty"),
        pytest.param("a" * 999, "no template 'aaa", id="longer than any file's name"),
        pytest.param("a\nb", "no template 'a\\nb'", id="a line break"),
        pytest.param("/nowhere/x.toml", "template /nowhere/x.toml cannot be read: No such file", id="no such file"),
        pytest.param("/", "template / cannot be read: Is a directory", id="a folder"),
        pytest.param("/dev/zero", f"larger than {MAX_BYTES:,} bytes", id="without an end"),
    ],
)
def test_no_such_template(environ, word, said):
    """Named, with the nearest; nothing outside the two folders is ever looked for by name."""
    (templates_dir(environ).parent / "outside.toml").write_text("")
    with pytest.raises(UsageError) as caught:
        load_template(word, environ)
    assert said in str(caught.value)


def test_shell_completion_loads_no_parser(tmp_path):
    """`template_names` runs at each press of Tab."""
    code = """
import sys
from claude_cli.storage.templates import template_names
template_names({"CLAUDE_CLI_HOME": sys.argv[1]})
print([name for name in ("tomllib", "tomlkit", "typer", "rich", "asyncio", "httpx") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# ------------------------------------------------------------------------------------------------ what stands in it
def test_everything_a_template_may_say(environ, write, tmp_path, monkeypatch):
    """Paths begin at the template's own folder, wherever it is used; numbers are texts once they are filled in."""
    monkeypatch.setenv("HOME", "/home/me")
    write(
        '\ufeff# What it is for.\nprompt = "$a $input"\nsystem = "${b}"\nmodel = "opus"\n'
        'effort = "low"\nmax_tokens = 9\n'
        'schema = "shape.json"\nextract = "first"\n'
        'files = ["style.md", "/abs.md", "~/home.md", "https://a.example/x", "file:///x"]\n'
        '[defaults]\nb = "B"\nn = 3\nx = 0.5\n'
    )
    found = load_template("mine", environ)
    folder = templates_dir(environ)
    assert (found.name, found.path) == ("mine", folder / "mine.toml")
    assert (found.model, found.effort, found.max_tokens, found.extract) == ("opus", "low", 9, "first")
    assert found.schema == str(folder / "shape.json")
    assert found.files == (
        str(folder / "style.md"),
        "/abs.md",
        "/home/me/home.md",
        "https://a.example/x",
        "file:///x",
    )
    assert dict(found.defaults) == {"b": "B", "n": "3", "x": "0.5"}
    assert found.placeholders == ("a", "input", "b")


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        pytest.param('schema = "name, age int"', "name, age int", id="short form"),
        pytest.param('schema = \'{"type": "object"}\'', '{"type": "object"}', id="JSON"),
        pytest.param('[schema]\ntype = "object"', '{"type": "object"}', id="a table"),
    ],
)
def test_a_schema_has_the_forms_of_the_flag(environ, write, text, schema):
    """And the form that TOML is best at."""
    write(text)
    assert load_template("mine", environ).schema == schema


def test_the_example_of_the_page_is_right():
    """A reader copies it."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "templates.md").read_text("utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    found = parse_template(example, name="x", path=SHIPPED / "x.toml")
    assert found.placeholders == ("language", "input", "field") and found.schema == "title, body"


def test_the_skeleton_and_the_shipped_ones_are_right(environ):
    """The first two things a new user sees; every example in the skeleton's comments holds too."""
    assert parse_template(SKELETON, name="x", path=SHIPPED / "x.toml").placeholders == ("input",)
    lines = [line.removeprefix("# ") for line in SKELETON.splitlines()]
    whole = "\n".join(lines[lines.index('system = """') :])
    assert parse_template(whole, name="x", path=SHIPPED / "x.toml").defaults == {"name": "value"}
    for name in ("commit", "explain", "shell"):
        text = read_template(SHIPPED / f"{name}.toml")
        assert describe(text).endswith(".") and len(describe(text)) < 60
        prompt, system = load_template(name, environ).fill({"input": "$5 of ${input}"})
        assert "$5 of ${input}" in prompt and "$" not in system


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "prompt = hello",
            "mine.toml, line 1, column 10: this is not valid TOML; a text stands in quotes",
            id="no quotes",
        ),
        pytest.param('model = "a"\nprompt = "x', "mine.toml, line 2, column 12", id="open quotes"),
        pytest.param('prompt = """x', "mine.toml, line 1, column 14", id="open block"),
        pytest.param('prompt = "a"\nprompt = "b"', "mine.toml, line 2", id="twice"),
        pytest.param(b'prompt = "a"\nsystem = "\xff"', "mine.toml, line 2: this is not UTF-8", id="not UTF-8"),
        pytest.param("x = " + "[" * 9999, "mine.toml", id="nested without end"),
        pytest.param(
            'prompt = """\nmodle = "no"\n"""\nmodle = "x"',
            "mine.toml, line 4, column 1: there is no 'modle'; did you mean 'model'?",
            id="a slip in a key",
        ),
        pytest.param(
            '\nzzz = "x"',
            "line 2, column 1: there is no 'zzz'; there may be prompt, system, model, ",
            id="an unknown key",
        ),
        pytest.param(
            "[defualts]\na = 1",
            "line 1, column 1: there is no 'defualts'; did you mean 'defaults'?",
            id="a slip in a table",
        ),
        pytest.param(
            '\nmax_tokens = "9"',
            "line 2, column 1: max_tokens is a whole number, 1 or more, not '9'",
            id="a text for a number",
        ),
        pytest.param("max_tokens = 0", "max_tokens is a whole number, 1 or more, not 0", id="no tokens"),
        pytest.param("max_tokens = true", "max_tokens is a whole number", id="a truth for a number"),
        pytest.param("prompt = 1", "prompt is a text, not 1", id="a number for a text"),
        pytest.param('effort = "hihg"', "effort is one of low, medium, high, xhigh, max, not 'hihg'", id="effort"),
        pytest.param('files = "a"', "files is a list of paths and URLs, not 'a'", id="files"),
        pytest.param('files = ["-"]', "files is a list of paths and URLs", id="standard input as a file"),
        pytest.param('files = ["a\\u0000"]', "files is a list of paths and URLs", id="no path"),
        pytest.param("schema = 1", "schema is a text or a table, not 1", id="schema"),
        pytest.param("[defaults]\na = [1]", "defaults is a table of texts", id="a list as a default"),
        pytest.param("[defaults]\na = true", "defaults is a table of texts", id="a truth as a default"),
        pytest.param(
            'prompt = """\na\ncosts $5"""',
            "line 1, column 1: line 2 of prompt has a $ that begins no name; write $$",
            id="a bare dollar",
        ),
        pytest.param('system = "100 $"', "line 1 of system has a $ that begins no name", id="a dollar at the end"),
        pytest.param('system = "${a b}"', "line 1 of system has a $", id="a blank in a name"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(environ, write, text, said):
    """The user has to find it: file, line, and what would be right; all in one line."""
    write(text)
    with pytest.raises(UsageError) as caught:
        load_template("mine", environ)
    assert said in str(caught.value) and "\n" not in str(caught.value)


# ------------------------------------------------------------------------------------------------ filling
@pytest.mark.parametrize(
    ("prompt", "values", "filled"),
    [
        pytest.param("a $x b", {"x": "1"}, "a 1 b", id="$name"),
        pytest.param("a${x}b", {"x": "1"}, "a1b", id="${name}"),
        pytest.param("$$x costs $$5", {}, "$x costs $5", id="$$"),
        pytest.param("$x", {"x": "$y ${x} $$ $"}, "$y ${x} $$ $", id="a value is never filled again"),
        pytest.param("$x$x", {"x": ""}, "", id="an empty value is one"),
        pytest.param("$lang", {}, "English", id="the default"),
        pytest.param("$lang", {"lang": "日本語"}, "日本語", id="before the default"),
        pytest.param("no place", {"column": "x"}, "no place", id="values without a place are left"),
    ],
)
def test_places_are_filled_once(prompt, values, filled):
    """Values come from files and pipes: a dollar in one is a dollar."""
    text = f'prompt = {json.dumps(prompt, ensure_ascii=False)}\nsystem = "<$lang>"\n[defaults]\nlang = "English"'
    found = parse_template(text, name="x", path=SHIPPED / "x.toml")
    assert found.fill(values) == (filled, f"<{values.get('lang', 'English')}>")


def test_all_missing_values_are_named_at_once():
    """So that one more try is enough."""
    text = 'prompt = "$a ${b} $a $input"\nsystem = "$c $d"\n[defaults]\nd = "x"'
    found = parse_template(text, name="x", path=SHIPPED / "x.toml")
    wanted = (
        r"^template x has no value for \$a and \$b and \$input and \$c; say -p a=… -p b=… -p c=…, and pipe the input"
    )
    with pytest.raises(UsageError, match=wanted):
        found.fill({})


@pytest.mark.parametrize(
    ("template", "values", "prompt", "piped", "filled"),
    [
        pytest.param("<$input>", {}, None, "log\r\n", ("<log>", ""), id="the pipe"),
        pytest.param("<$input>", {}, "now", "log", ("<log>\n\nnow", ""), id="the pipe before the argument"),
        pytest.param("<$input>", {}, "now", "", ("<now>", ""), id="the argument"),
        pytest.param("<$input>", {"input": "x"}, "now", "log", ("<x>\n\nnow", "log"), id="a value before both"),
        pytest.param("say", {}, "now", "log", ("say\n\nnow", "log"), id="no place"),
        pytest.param("", {}, None, "log", (None, "log"), id="no prompt"),
    ],
)
def test_what_becomes_the_input(template, values, prompt, piped, filled):
    """What finds no place stays what it is without a template."""
    found = TemplateUse(parse_template(f'prompt = "{template}"', name="x", path=SHIPPED / "x.toml"), values)
    result = found.fill(prompt, piped)
    assert ((result.prompt, result.piped), result.system) == (filled, None)


@pytest.mark.parametrize(
    ("text", "description"),
    [("# What.\n# More.", "What."), ("\n\n#  What ", "What"), ('prompt = "x"', ""), ("", ""), ("#\n# x", "")],
)
def test_the_description_is_the_first_comment(text, description):
    """No key for it: a comment is what people write anyway."""
    assert describe(text) == description


# ------------------------------------------------------------------------------------------------ saving
def test_a_saved_template_is_the_users_alone(tmp_path):
    """It may hold what others on the machine should not read; folders are made on the way."""
    environ = {"CLAUDE_CLI_HOME": str(tmp_path / "new")}
    path = save_template("mine", 'prompt = "hé"', environ)
    assert path == templates_dir(environ) / "mine.toml"
    assert path.read_bytes() == 'prompt = "hé"'.encode()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_template_that_cannot_be_saved_is_named():
    """A folder that is a device, here; a full disk is the same."""
    with pytest.raises(UsageError, match=r"template /dev/null/templates/x\.toml cannot be written: Not a directory"):
        save_template("x", "", {"CLAUDE_CLI_HOME": "/dev/null"})
