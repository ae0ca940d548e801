"""Prompt templates: TOML files with a prompt and what belongs to it; the user's own, and three that are shipped.

Where they lie, what may stand in them, and how their `$name`s are filled. What flags and settings say besides is the
commands' matter. `template_names` is called by shell completion and loads no parser.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template as Text
from typing import Any

from ..core.errors import UsageError
from .paths import config_dir
from .setting_values import WrongValue, nearest
from .settings import EFFORTS

SHIPPED = Path(__file__).with_name("shipped_templates")
INPUT = "input"
"""The name of the value that comes from standard input or the prompt argument."""
MAX_BYTES = 1024 * 1024

SKELETON = """\
# What the template is for: this line is what `claude-cli templates list` says of it.
#
# $name is filled by -p name=VALUE or by [defaults], $input by what is piped in or by the prompt; $$ is a dollar sign.
# Leave out what the template does not decide: a flag wins over the template, the template over the settings.

prompt = \"""
$input\"""

# system = \"""
# You are …\"""
# model = "sonnet"
# effort = "low"
# max_tokens = 4000
# schema = "name, age int"
# extract = "first"
# files = ["style.md"]   # beside this file

# [defaults]
# name = "value"
"""


@dataclass(frozen=True, slots=True)
class Template:
    """A template as its file has it; what the file leaves out is empty, or 0.

    Attributes:
        name: as it was asked for, a name or a path.
        path: the file.
        prompt, system: texts with `$name`s in them.
        model, effort, max_tokens, extract: as the flags of these names.
        schema: as `--schema` takes it: a path, JSON or the short form.
        files: as `-f` takes them, relative paths made absolute: they begin at the template's folder.
        defaults: values for names that get no other.
    """

    name: str
    path: Path
    prompt: str = ""
    system: str = ""
    model: str = ""
    effort: str = ""
    max_tokens: int = 0
    schema: str = ""
    extract: str = ""
    files: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names that prompt and system prompt have a place for."""
        return tuple(dict.fromkeys((*Text(self.prompt).get_identifiers(), *Text(self.system).get_identifiers())))

    def fill(self, values: Mapping[str, str]) -> tuple[str, str]:
        """Prompt and system prompt with `values`, else the defaults, in their places; a value is never filled again.

        Raises:
            UsageError: values are missing; names all of them.
        """
        have = {**self.defaults, **values}
        missing = [name for name in self.placeholders if name not in have]
        if missing:
            raise UsageError(f"template {self.name} {_wanting(missing)}")
        return Text(self.prompt).substitute(have), Text(self.system).substitute(have)


@dataclass(frozen=True, slots=True)
class Filled:
    """What a question is once its template is filled.

    Attributes:
        prompt: the template's text, then the argument where that is not `$input`; None: there is neither.
        system: the template's system prompt; None: it has none.
        piped: what came by standard input, "" where that went into the text.
    """

    prompt: str | None
    system: str | None
    piped: str


@dataclass(frozen=True, slots=True)
class TemplateUse:
    """A template and the values of `-p`."""

    template: Template
    values: Mapping[str, str]

    def fill(self, prompt: str | None, piped: str) -> Filled:
        """Put values and input into their places. `$input` is what was piped in, else the prompt argument.

        Args:
            prompt: the argument.
            piped: the text of standard input, "" for none.
        Raises:
            UsageError: there is no input, and the template wants one.
        """
        values = dict(self.values)
        if INPUT in self.template.placeholders and INPUT not in values:
            if piped:
                # As a shell's $(…) has it: the line break at the end belongs to the pipe, not to the text.
                values[INPUT], piped = piped.rstrip("\r\n"), ""
            elif prompt:
                values[INPUT], prompt = prompt, None
        text, system = self.template.fill(values)
        return Filled("\n\n".join(part for part in (text, prompt) if part) or None, system or None, piped)


def _wanting(missing: list[str]) -> str:
    given = " ".join(f"-p {name}=…" for name in missing if name != INPUT)
    ways = [f"say {given}"] if given else []
    if INPUT in missing:
        ways.append("pipe the input in or give it as the prompt")
    return f"has no value for {' and '.join(f'${name}' for name in missing)}; {', and '.join(ways)}"


# ------------------------------------------------------------------------------------------------ where they lie
def templates_dir(environ: Mapping[str, str]) -> Path:
    """The folder of the user's own templates; it need not exist."""
    return config_dir(environ) / "templates"


def template_names(environ: Mapping[str, str]) -> list[str]:
    """The names of all templates, sorted: the user's own and the shipped ones; a file that has no plain name has none.

    A folder that cannot be read has none either.
    """
    return sorted(_names_in(SHIPPED) | _names_in(templates_dir(environ)))


def _names_in(folder: Path) -> set[str]:
    try:
        return {path.stem for path in folder.iterdir() if path.suffix == ".toml" and is_name(path.stem)}
    except OSError:
        return set()


def is_name(word: str) -> bool:
    """Whether `word` may name a template: no path and nothing hidden."""
    return re.fullmatch(r"\w[\w.-]*", word) is not None and not word.endswith(".toml")


def find_template(word: str, environ: Mapping[str, str]) -> Path:
    """The file of the template `word`: a path if there is a slash in it or `.toml` at its end, else a name.

    The user's own goes before a shipped one of the same name.

    Raises:
        UsageError: there is none of this name; names the nearest.
    """
    if "/" in word or word.endswith(".toml"):
        return Path(word)
    for folder in (templates_dir(environ), SHIPPED):
        if word in _names_in(folder):
            return folder / f"{word}.toml"
    near = nearest(word, template_names(environ)) or "; `claude-cli templates list` lists them"
    raise UsageError(f"there is no template {word!r}{near}")


# ------------------------------------------------------------------------------------------------ reading
def load_template(word: str, environ: Mapping[str, str]) -> Template:
    """The template `word`, a name or a path.

    Raises:
        UsageError: there is no such template, or its file is wrong; names file, line and what would be right.
    """
    path = find_template(word, environ)
    return parse_template(read_template(path), name=word, path=path)


def read_template(path: Path) -> str:
    """The text of a template's file, whether or not it is a right one.

    Raises:
        UsageError: it cannot be read, is longer than any template, or is not UTF-8.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"template {path} cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"template {path} is larger than {MAX_BYTES:,} bytes; long texts go into `files`")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}, line {line}: this is not UTF-8 text; save the file as UTF-8") from error


def describe(text: str) -> str:
    """What a template is for: the comment on its first line, "" without one."""
    first = text.lstrip("\r\n").partition("\n")[0].strip()
    return first.removeprefix("#").strip() if first.startswith("#") else ""


def parse_template(text: str, *, name: str, path: Path) -> Template:
    """The template that `text`, the content of `path`, is.

    Raises:
        UsageError: it is not TOML, or a key or value in it is wrong; names file, line and what would be right.
    """
    from .settings_file import parse

    file = parse(path, text.encode())
    values = {}
    for key, value in file.values.items():
        try:
            values[key] = _checked(key, value, path.parent)
        except ValueError as error:
            raise UsageError(f"{file.where(key)}: {error}") from error
    return Template(name, path.absolute(), **values)


def save_template(name: str, text: str, environ: Mapping[str, str]) -> Path:
    """Make `text` the user's own template `name`, whole or not at all, mode 0600; returns its file.

    Raises:
        UsageError: it cannot be written; what was there still is.
    """
    from .files import write_private

    path = templates_dir(environ) / f"{name}.toml"
    try:
        write_private(path, text.encode())
    except OSError as error:
        raise UsageError(f"template {path} cannot be written: {error.strerror}") from error
    return path


_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "prompt": ((str,), "a text"),
    "system": ((str,), "a text"),
    "model": ((str,), "a text"),
    "effort": ((str,), f"one of {', '.join(EFFORTS)}"),
    "max_tokens": ((int,), "a whole number, 1 or more"),
    "schema": ((str, dict), "a text or a table"),
    "extract": ((str,), "a text"),
    "files": ((list,), "a list of paths and URLs"),
    "defaults": ((dict,), "a table of texts"),
}


def _checked(key: str, value: Any, folder: Path) -> Any:
    """`value` as `Template` has it. Raises `ValueError`."""
    if key not in _KINDS:
        near = nearest(key, _KINDS) or f"; there may be {', '.join(_KINDS)}"
        raise ValueError(f"there is no {key!r}{near}")
    kinds, wanted = _KINDS[key]
    if type(value) not in kinds or not _fits(key, value):
        raise WrongValue(f"{key} is {wanted}", value)
    if key in ("prompt", "system"):
        _check_dollars(key, value)
    if key == "files":
        return tuple(_beside(file, folder) for file in value)
    if key == "schema":
        return _schema(value, folder)
    return {name: str(text) for name, text in value.items()} if key == "defaults" else value


def _fits(key: str, value: Any) -> bool:
    """Whether a value of the right type is right."""
    if key == "effort":
        return value in EFFORTS
    if key == "max_tokens":
        return bool(value > 0)
    if key == "files":
        return all(isinstance(file, str) and file not in ("", "-") and "\0" not in file for file in value)
    return key != "defaults" or all(type(text) in (str, int, float) for text in value.values())


def _check_dollars(key: str, text: str) -> None:
    for found in Text.pattern.finditer(text):
        if found["invalid"] is not None:
            line = text.count("\n", 0, found.start()) + 1
            raise ValueError(f"line {line} of {key} has a $ that begins no name; write $$ for a dollar sign")


def _schema(value: str | dict[str, Any], folder: Path) -> str:
    if isinstance(value, dict):
        import json

        return json.dumps(value, default=str)
    return _beside(value, folder) if value.endswith(".json") else value


def _beside(file: str, folder: Path) -> str:
    """A file of a template as `-f` takes it: what a template means must not depend on where it is used."""
    if "://" in file:
        return file
    return str(Path(file).expanduser() if file.startswith("~/") else folder.absolute() / file)
