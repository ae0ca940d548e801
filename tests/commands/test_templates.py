"""Templates in use: what `-t` and `-p` send, which value wins, and the commands that list, show and edit them."""

from __future__ import annotations

import sys

import pytest

from claude_cli.storage.templates import SHIPPED

DIFF = "diff --git a/x b/x\n+costs $5 and $name\n"


@pytest.fixture
def write(claude):
    """Writes a template of the user's own."""

    def writer(text, name="mine"):
        path = claude.home / "templates" / f"{name}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return writer


def sent(simulator):
    """The last request's prompt, its documents as (title, text), and its system prompt."""
    body = simulator.requests[-1].json
    content = body["messages"][0]["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    documents = [(block["title"], block["source"]["data"]) for block in blocks[:-1]]
    return blocks[-1]["text"], documents, body.get("system")


# ------------------------------------------------------------------------------------------------ where input goes
@pytest.mark.parametrize(
    ("template", "words", "piped", "prompt", "documents"),
    [
        pytest.param('prompt = "Fix: $input."', [], b"it\n", "Fix: it.", [], id="piped"),
        pytest.param('prompt = "Fix: $input."', ["it"], None, "Fix: it.", [], id="the argument"),
        pytest.param('prompt = "Fix: $input."', ["now"], b"it\n", "Fix: it.\n\nnow", [], id="both"),
        pytest.param('prompt = "Fix: $input."', ["-"], b"it\n", "Fix: it.", [], id="a dash"),
        pytest.param('prompt = "Fix: $input."', ["-p", "input=it", "now"], None, "Fix: it.\n\nnow", [], id="-p input"),
        pytest.param(
            'prompt = "Fix: $input."',
            ["-p", "input=it"],
            b"log",
            "Fix: it.",
            [("standard input", "log")],
            id="-p input and a pipe",
        ),
        pytest.param('prompt = "Say hi."', [], None, "Say hi.", [], id="no place, no input"),
        pytest.param('prompt = "Say hi."', ["Twice."], None, "Say hi.\n\nTwice.", [], id="no place, an argument"),
        pytest.param(
            'prompt = "Say hi."', [], b"log\n", "Say hi.", [("standard input", "log\n")], id="no place, a pipe"
        ),
        pytest.param('system = "Be kind."', ["hi"], None, "hi", [], id="no prompt, an argument"),
        pytest.param('system = "Be kind."', [], b"hi\n", "hi\n", [], id="no prompt, a pipe"),
        pytest.param('system = "Be kind."', ["hi"], b"log", "hi", [("standard input", "log")], id="no prompt, both"),
        pytest.param('system = "On $input."', ["hi"], b"log", "hi", [], id="a place in the system prompt"),
        pytest.param('prompt = "[$input]"\n[defaults]\ninput = "none"', [], None, "[none]", [], id="a default"),
    ],
)
def test_where_the_input_goes(claude, simulator, write, template, words, piped, prompt, documents):
    """`$input` is what is piped, else the argument; what finds no place there goes where it goes without a template."""
    write(template)
    done = claude("complete", "-t", "mine", *words, **({} if piped is None else {"stdin": piped}))
    assert (done.status, done.err) == (0, "")
    assert sent(simulator)[:2] == (prompt, documents)


def test_a_value_is_sent_as_it_is(claude, simulator, write):
    """A dollar in a diff is a dollar, also where a value of its name is given; bytes that are no text are marked."""
    write('prompt = "$name: $input"\nsystem = "For $name, $$1"')
    claude("complete", "-t", "mine", "-p", "name=a=b $input", stdin=DIFF.encode())
    assert sent(simulator) == (f"a=b $input: {DIFF.rstrip()}", [], "For a=b $input, $1")
    claude("complete", "-t", "mine", "-p", "name=first", "-p", b"name=\xff".decode("utf-8", "surrogateescape"), "x")
    assert sent(simulator)[0] == "\ufffd: x"


# ------------------------------------------------------------------------------------------------ what wins
def test_flags_win_over_the_template_and_the_template_over_the_settings(claude, simulator, write):
    """Each of the values apart, so that one flag does not switch off the rest of a template."""
    (claude.home / "config.toml").write_text('model = "haiku"\nmax_tokens = 1\neffort = "low"\nsystem = "settings"\n')
    write('prompt = "x"\nmodel = "opus"\nmax_tokens = 2\neffort = "high"\nsystem = "template"')
    write('prompt = "x"', "bare")

    def decided(*words):
        claude("complete", *words)
        body = simulator.requests[-1].json
        effort = body.get("output_config", {}).get("effort")
        return body["model"].split("-")[1], body["max_tokens"], effort, body.get("system")

    assert decided("x") == ("haiku", 1, "low", "settings")
    assert decided("-t", "bare") == ("haiku", 1, "low", "settings")
    assert decided("-t", "mine") == ("opus", 2, "high", "template")
    assert decided("-t", "mine", "-m", "sonnet") == ("sonnet", 2, "high", "template")
    assert decided("-t", "mine", "--max-tokens", "3", "--effort", "max") == ("opus", 3, "max", "template")
    assert decided("-t", "mine", "-s", "flag") == ("opus", 2, "high", "flag")
    assert decided("-t", "mine", "-s", "") == ("opus", 2, "high", None)


def test_the_setting_names_the_template_of_every_prompt(claude, simulator, write):
    """Until a flag names another one, or none; an error then says where the template came from."""
    write('prompt = "<$input>"')
    write('prompt = "[$input]"', "other")
    config = claude.home / "config.toml"
    config.write_text('template = "mine"\n')
    for words, prompt in [((), "<hi>"), (("-t", "other"), "[hi]"), (("-t", ""), "hi")]:
        assert claude("complete", "hi", *words).status == 0
        assert sent(simulator)[0] == prompt
    assert claude("complete", "hi", CLAUDE_CLI_TEMPLATE="other").status == 0
    assert sent(simulator)[0] == "[hi]"
    config.write_text('template = "gone"\n')
    claude("complete", "hi").failed(2, "no template 'gone'", str(config), "-t '' uses none")


def test_files_go_before_those_of_the_command_line(claude, simulator, write):
    """They lie beside the template, wherever it is used; `-f` begins where the user is."""
    path = write('prompt = "x"\nfiles = ["style.md"]')
    (path.parent / "style.md").write_text("Be brief.")
    (claude.folder / "style.md").write_text("Not this one.")
    (claude.folder / "notes.md").write_text("Notes.")
    claude("complete", "-t", "mine", "-f", "notes.md")
    assert [text for _, text in sent(simulator)[1]] == ["Be brief.", "Notes."]
    path.write_text('prompt = "x"\nfiles = ["gone.md"]')
    claude("complete", "-t", "mine").failed(2, str(path.parent / "gone.md"), "does not exist")


def test_schema_and_extract_are_those_of_the_flags(claude, simulate, write):
    """A table for a schema, code out of the answer; the flag wins."""
    table = '[schema]\ntype = "object"\nadditionalProperties = false\nrequired = ["n"]\n'
    write(f'prompt = "x"\n{table}[schema.properties.n]\ntype = "integer"')
    write('prompt = "x"\nextract = "first"', "code")
    answers = ['{"n": 1}', "A:\n```sh\nls -l\n```\nB:\n```sh\ndf\n```\n"]
    simulator = simulate({"say": answers[0]}, *[{"say": answers[1]}] * 2)
    assert claude("complete", "-t", "mine", "--json").json["structured"] == {"n": 1}
    assert simulator.requests[-1].json["output_config"]["format"]["schema"]["required"] == ["n"]
    assert claude("complete", "-t", "code").out == "ls -l\n"
    assert claude("complete", "-t", "code", "--extract", "last").out == "df\n"


# ------------------------------------------------------------------------------------------------ what is refused
@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["-t", "mine"], "template mine has no value for $a and $b; say -p a=… -p b=…", id="missing"),
        pytest.param(["-t", "mine", "-p", "a=1"], "no value for $b; say -p b=…", id="one missing"),
        pytest.param(
            ["-t", "mine", "-p", "a=1", "-p", "b=2"], "no value for $input; pipe the input in or give", id="no input"
        ),
        pytest.param(
            ["-t", "mine", "-p", "inptu=1"], "template mine has no $inptu; did you mean 'input'?", id="a slip"
        ),
        pytest.param(["-t", "mine", "-p", "zzz=1"], "has no $zzz; it has $a, $b, $input", id="a stranger"),
        pytest.param(["-t", "bare", "-p", "a=1"], "template bare has no $a; it takes no values", id="no places"),
        pytest.param(["-p", "a=1"], "-p is a value for a template; name one with -t", id="no template"),
        pytest.param(
            ["-p", "say hello"], "-p takes NAME=VALUE, not 'say hello'; the prompt itself needs no flag", id="a prompt"
        ),
        pytest.param(["-p", "is 1+1=2?"], "-p takes NAME=VALUE, not 'is 1+1=2?'", id="a prompt with a sign"),
        pytest.param(["-t", "expalin"], "no template 'expalin'; did you mean 'explain'?", id="no such template"),
        pytest.param(["-t", "../mine"], "template ../mine cannot be read", id="a path elsewhere"),
        pytest.param(
            ["-t", "broken"], "broken.toml, line 2, column 10: this is not valid TOML; a text stands in", id="broken"
        ),
    ],
)
def test_what_cannot_be_filled_is_status_2(claude, simulator, write, words, said):
    """Named, and nothing is sent; also before anybody waits for a pipe that never ends."""
    write('prompt = "$a $b $input"')
    write('prompt = "x"', "bare")
    write("\nprompt = x", "broken")
    waiting = "pipe the input in" not in said
    claude("complete", *words, **({"stdin": "idle"} if waiting else {})).failed(2, said)
    assert simulator.requests == []


# ------------------------------------------------------------------------------------------------ the shipped ones
def test_commit_sends_the_diff_and_nothing_else_of_the_machine(claude, simulator):
    """What the argument adds stands behind it; language and width are values."""
    claude("complete", "-t", "commit", "Thank Ann.", "-p", "language=German", stdin=DIFF.encode())
    prompt, documents, system = sent(simulator)
    assert prompt == f"<diff>\n{DIFF}</diff>\n\nWrite the commit message in German.\n\nThank Ann."
    assert documents == [] and "at most 60 characters" in system and "in the imperative" in system


def test_explain_speaks_to_a_reader(claude, simulator):
    """Whom it is explained to is a value."""
    claude("complete", "-t", "explain", "-p", "reader=a child of ten", stdin=b"Segmentation fault\n")
    prompt, _, system = sent(simulator)
    assert prompt == "<input>\nSegmentation fault\n</input>\n\nExplain this in English."
    assert "to a child of ten." in system


def test_shell_prints_the_command_and_runs_nothing(claude, simulate):
    """Nothing of this machine is told to the model unless the user names it."""
    simulator = simulate({"say": "```sh\ntouch ran\n```"}, {"say": "```sh\ntouch ran\n```"})
    done = claude("complete", "-t", "shell", "make a file called ran")
    assert (done.status, done.out) == (0, "touch ran\n") and not (claude.folder / "ran").exists()
    prompt, _, system = sent(simulator)
    assert prompt == "make a file called ran"
    assert system.startswith("You turn a task into one command line for a POSIX shell.") and sys.platform not in system
    claude("complete", "-t", "shell", "-p", "shell=fish on macOS", "make a file called ran")
    assert "one command line for fish on macOS." in sent(simulator)[2]


# ------------------------------------------------------------------------------------------------ the commands
def test_list_says_what_each_is_for_and_where_it_comes_from(claude, write):
    """A broken one is listed as such: the list is where its user looks."""
    own = write("# My own.\n", "commit")
    write('prompt = """Say\n  hi $there"""', "hi")
    write('system = "' + "long " * 50 + '"', "long")
    broken = write("\npromt = 'x'", "wrong")
    done = claude("templates", "list")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"commit   My own ({own}, in place of the shipped one)",
        "explain  What a file, a log or an error means (shipped)",
        f"hi       Say hi $there ({own.with_name('hi.toml')})",
        f"long     {('long ' * 50)[:99]}… ({own.with_name('long.toml')})",
        "shell    One shell command for a task; it is printed, never run (shipped)",
        f"wrong    cannot be used: {broken}, line 2, column 1: there is no 'promt'; did you mean 'prompt'?",
    ]
    listed = {each["name"]: each for each in claude("templates", "list", "--json").json["templates"]}
    assert listed["commit"] == {
        "name": "commit",
        "description": "My own",
        "source": "user",
        "path": str(own),
        "replaces_shipped": True,
        "problem": None,
    }
    assert (listed["shell"]["source"], listed["shell"]["replaces_shipped"]) == ("shipped", False)
    assert "there is no 'promt'" in listed["wrong"]["problem"]


def test_show_prints_the_file(claude, write):
    """A name or a path; the user's own where there is one, and a wrong one too: it has to be seen to be corrected."""
    assert claude("templates", "show", "shell").out == (SHIPPED / "shell.toml").read_text()
    path = write("wrong", "shell")
    assert claude("templates", "show", "shell").out == claude("templates", "show", str(path)).out == "wrong\n"
    claude("templates", "show", "none").failed(2, "no template 'none'")
    claude("templates").failed(2, "missing command")


def editor(claude, script):
    """An EDITOR that is a shell script; "$1" in it is the file."""
    path = claude.folder / "editor.sh"
    path.write_text(script)
    return f"sh '{path}'"


@pytest.mark.parametrize(
    ("name", "start"),
    [
        pytest.param("new", "# What the template is for", id="a new one: a skeleton"),
        pytest.param("shell", "# One shell command", id="a shipped one: a copy of it"),
        pytest.param("mine", "# Mine", id="one's own"),
    ],
)
def test_edit_saves_what_is_right(claude, write, name, start):
    """Whole, 0600, in the user's folder; the shipped file is never touched."""
    write("# Mine\n")
    shipped = (SHIPPED / "shell.toml").read_text()
    script = editor(claude, """head -n 1 "$1" >seen; printf '# Edited.\\nprompt = "x"\\n' >"$1" """)
    done = claude("templates", "edit", name, stdin="terminal", EDITOR=script)
    path = claude.home / "templates" / f"{name}.toml"
    assert (done.status, done.err) == (0, f"claude-cli: saved as {path}; use it with -t {name}\n")
    assert (claude.folder / "seen").read_text().startswith(start)
    assert path.read_text() == '# Edited.\nprompt = "x"\n' and path.stat().st_mode & 0o777 == 0o600
    assert (SHIPPED / "shell.toml").read_text() == shipped


@pytest.mark.parametrize(
    ("script", "status", "said"),
    [
        pytest.param(":", 0, "nothing was changed, so nothing is saved", id="unchanged"),
        pytest.param(': >"$1"', 0, "nothing was changed, so nothing is saved", id="emptied"),
        pytest.param("exit 3", 2, "left with status 3, so nothing is done", id="the editor failed"),
        pytest.param('echo "promt = 1" >"$1"', 2, "mine.toml, line 1, column 1: there is no 'promt'", id="wrong"),
    ],
)
def test_edit_saves_nothing_else(claude, write, script, status, said):
    """And what was written and cannot be used is kept in a file that the line names."""
    path = write('prompt = "old"\n')
    done = claude(
        "templates", "edit", "mine", stdin="terminal", EDITOR=editor(claude, script), TMPDIR=str(claude.folder)
    )
    assert done.status == status and said in done.err
    assert path.read_text() == 'prompt = "old"\n'
    kept = [file.read_text() for file in claude.folder.glob("claude-cli-*/*")]
    assert kept == (["promt = 1\n"] if "promt" in said else [])


def test_a_wrong_template_can_be_edited_again(claude):
    """The second time the editor shows what was wrong, not the file as it was."""
    script = """if grep -q promt "$1"; then echo 'prompt = "x"' >"$1"; else echo "promt = 1" >"$1"; fi"""
    running = claude.start("templates", "edit", "new", stdin="terminal", err="terminal", EDITOR=editor(claude, script))
    running.err.wait_for(b"edit it again? [y/N] ")
    running.type(b"y\n")
    assert running.wait().status == 0
    assert (claude.home / "templates" / "new.toml").read_text() == 'prompt = "x"\n'


@pytest.mark.parametrize("name", ["../x", "a/b", "/x", ".x", "x.toml", ""])
def test_edit_takes_a_name_and_no_path(claude, name):
    """A template is never written outside its folder."""
    claude("templates", "edit", name, stdin="terminal", EDITOR="true").failed(2, "is no template's name")
