"""The clipboard's programs, played by scripts on the PATH: what is asked of them, and what is made of their answers."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.terminal.clipboard import read_image

IMAGE = b"\x89PNG\r\n\x1a\nany bytes \0\xff"
WAYLAND, X11 = {"WAYLAND_DISPLAY": "wayland-0"}, {"DISPLAY": ":0"}
WSL = {"WSL_DISTRO_NAME": "Debian", "DISPLAY": ":0"}
Install = Callable[..., dict[str, str]]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Puts programs on a PATH of their own: each a dictionary from a word of its arguments to what it prints.

    The first word that is among the arguments counts; "" stands for any. Without one the program fails.
    """

    def put(display: dict[str, str], **programs: dict[str, bytes]) -> dict[str, str]:
        for name, answers in programs.items():
            path = tmp_path / name.replace("_", "-").replace("powershell", "powershell.exe")
            path.write_text(
                f"#!{sys.executable} -IS\n"
                "import os, sys\n"
                f"for word, answer in {answers!r}.items():\n"
                "    if word in ('', *sys.argv[1:]):\n"
                "        os.write(1, answer)\n"
                "        sys.exit(0)\n"
                "sys.exit('nothing of that kind')\n"
            )
            path.chmod(0o755)
        return {"PATH": str(tmp_path), **display}

    return put


def refusal(environ: dict[str, str], **how: object) -> str:
    with pytest.raises(UsageError) as caught:
        read_image(environ, **how)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "types", [b"text/html\nimage/png\nimage/bmp\n", b"image/png\r\n"], ids=["among others", "alone"]
)
def test_the_image_is_read_where_there_is_one(install, types):
    """A browser copies a picture together with its HTML."""
    assert read_image(install(WAYLAND, wl_paste={"--list-types": types, "image/png": IMAGE})) == IMAGE
    assert read_image(install(X11, xclip={"TARGETS": types, "image/png": IMAGE})) == IMAGE


def test_the_best_type_is_asked_for(install):
    """What the API reads comes before what has to be converted."""
    answers = {"--list-types": b"image/bmp\nimage/tiff\nimage/jpeg\n", "image/jpeg": IMAGE, "": b"wrong"}
    assert read_image(install(WAYLAND, wl_paste=answers)) == IMAGE


def test_x11_serves_where_wayland_has_no_program(install):
    environ = install(WAYLAND | X11, xclip={"TARGETS": b"image/png\n", "image/png": IMAGE})
    assert read_image(environ) == IMAGE


@pytest.mark.parametrize(
    ("program", "answer"),
    [
        pytest.param("pngpaste", IMAGE, id="pngpaste"),
        pytest.param(
            "osascript", "«data PNGf".encode() + IMAGE.hex().upper().encode() + "»\n".encode(), id="osascript"
        ),
    ],
)
def test_macos_gives_it_by_either_program(install, program, answer):
    assert read_image(install({}, **{program: {"": answer}}), platform="darwin") == IMAGE


def test_windows_gives_it_from_inside_wsl(install):
    """Its screenshots are on the clipboard of Windows, not on that of the display in WSL."""
    answer = base64.b64encode(IMAGE) + b"\r\n"
    assert read_image(install(WSL, powershell={"-NonInteractive": answer}, xclip={})) == IMAGE


@pytest.mark.parametrize(
    ("environ", "programs"),
    [
        pytest.param(WAYLAND, {"wl_paste": {"--list-types": b"text/plain;charset=utf-8\nUTF8_STRING\n"}}, id="wayland"),
        pytest.param(X11, {"xclip": {"TARGETS": b"TARGETS\nUTF8_STRING\nTEXT\n"}}, id="x11"),
        pytest.param(WSL, {"powershell": {"": b"(text)\r\n"}}, id="wsl"),
        pytest.param({}, {"osascript": {"the clipboard as text": b"some words\n"}}, id="macos"),
    ],
)
def test_text_is_named_as_text(install, environ, programs):
    """Who meant to paste words is told where they go."""
    platform = "linux" if environ else "darwin"
    message = refusal(install(environ, **programs), platform=platform)
    assert message == "the clipboard holds no image; it holds text: paste it into the prompt"


@pytest.mark.parametrize(
    ("environ", "programs"),
    [
        pytest.param(WAYLAND, {"wl_paste": {}}, id="wayland"),
        pytest.param(WAYLAND, {"wl_paste": {"--list-types": b"image/png\n"}}, id="gone meanwhile"),
        pytest.param(X11, {"xclip": {}}, id="x11"),
        pytest.param(X11, {"xclip": {"TARGETS": b"TARGETS\nimage/x-odd\n"}}, id="another kind"),
        pytest.param(WSL, {"powershell": {"": b"\r\n"}}, id="wsl"),
        pytest.param(WSL, {"powershell": {}}, id="wsl, failing"),
        pytest.param({}, {"osascript": {}}, id="macos"),
        pytest.param({}, {"osascript": {}, "pngpaste": {}}, id="macos, both"),
    ],
)
def test_no_image_is_said(install, environ, programs):
    platform = "linux" if environ else "darwin"
    assert "the clipboard holds no image: copy one" in refusal(install(environ, **programs), platform=platform)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        pytest.param(WAYLAND, "by wl-paste, which is not there: install wl-clipboard", id="wayland"),
        pytest.param(X11, "by xclip, which is not there: install xclip", id="x11"),
        pytest.param(WAYLAND | X11, "install wl-clipboard", id="both"),
        pytest.param(WSL, "install xclip", id="wsl without windows programs"),
        pytest.param({}, "neither WAYLAND_DISPLAY nor DISPLAY is set", id="no display"),
    ],
)
def test_what_is_missing_is_named_with_its_package(install, environ, words):
    assert words in refusal(install(environ), platform="linux")


def test_a_program_that_hangs_is_given_up(install, tmp_path):
    """The owner of the clipboard may be frozen: X11 and Wayland wait for it without end."""
    environ = install(WAYLAND, wl_paste={})
    (tmp_path / "wl-paste").write_text(
        "#!/bin/sh\necho $$ > pid\nexec /bin/sleep 100\n".replace("pid", str(tmp_path / "pid"))
    )
    assert "wl-paste gave no clipboard within 0.3 s" in refusal(environ, wait_s=0.3)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_program_that_never_ends_its_output_is_given_up(install, tmp_path):
    environ = install(WAYLAND, wl_paste={})
    (tmp_path / "wl-paste").write_text("#!/bin/sh\nwhile :; do echo image/png; done\n")
    assert "holds more than 1,000 bytes" in refusal(environ, max_bytes=1000)


def test_a_program_that_closes_its_output_but_stays_is_given_up(install, tmp_path):
    environ = install(WAYLAND, wl_paste={})
    (tmp_path / "wl-paste").write_text("#!/bin/sh\nexec /bin/sleep 100 >&-\n")
    assert "gave no clipboard within 0.3 s" in refusal(environ, wait_s=0.3)
