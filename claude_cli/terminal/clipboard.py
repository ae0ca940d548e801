"""The image on the clipboard, by the desktop's own programs: no library reaches every kind of desktop.

Wayland by `wl-paste`, X11 by `xclip`, macOS by `pngpaste` or what comes with it, Windows by PowerShell from inside WSL.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..core.errors import UsageError

WAIT_S = 10.0
"""For each program: the one that owns the clipboard may have hung. PowerShell alone takes two to start."""
MAX_BYTES = 100 << 20
# In the order of preference; what the API does not read is converted later.
_IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/tiff", "image/bmp")
_TEXT_TYPES = ("text/", "UTF8_STRING", "STRING", "TEXT")
_POWERSHELL = (
    "Add-Type -AssemblyName System.Windows.Forms, System.Drawing;"
    "$i = [Windows.Forms.Clipboard]::GetImage();"
    "if ($i) { $m = New-Object IO.MemoryStream; $i.Save($m, [Drawing.Imaging.ImageFormat]::Png);"
    "[Convert]::ToBase64String($m.ToArray()) } elseif ([Windows.Forms.Clipboard]::ContainsText()) { '(text)' }"
)


@dataclass(frozen=True, slots=True)
class _Desktop:
    """How one kind of display gives its clipboard.

    Attributes:
        variable: of the environment; set where there is such a display.
        list_types: prints the types that the clipboard has.
        read: prints the clipboard as the type that is the next word.
        package: brings the program.
    """

    variable: str
    list_types: Sequence[str]
    read: Sequence[str]
    package: str


_XCLIP = ("xclip", "-selection", "clipboard", "-o", "-t")
_DESKTOPS = (
    _Desktop("WAYLAND_DISPLAY", ("wl-paste", "--list-types"), ("wl-paste", "--type"), "wl-clipboard"),
    _Desktop("DISPLAY", (*_XCLIP, "TARGETS"), _XCLIP, "xclip"),
)


def read_image(
    environ: Mapping[str, str], *, platform: str = sys.platform, wait_s: float = WAIT_S, max_bytes: int = MAX_BYTES
) -> bytes:
    """The image that was copied last.

    Args:
        environ: says where programs are and which display is there.
        platform: as `sys.platform`.
        wait_s: how long each program may take, in seconds.
        max_bytes: what it may print.
    Raises:
        UsageError: no program can read the clipboard, it fails, or there is no image.
    """
    run = _Programs(environ, wait_s, max_bytes)
    if platform == "darwin":
        return _from_macos(run)
    if environ.get("WSL_DISTRO_NAME") and run.find("powershell.exe"):
        return _from_windows(run)
    displays = [desktop for desktop in _DESKTOPS if environ.get(desktop.variable)]
    for desktop in displays:
        if run.find(desktop.read[0]):
            return _from_types(run, desktop)
    if displays:
        program, package = displays[0].read[0], displays[0].package
        raise UsageError(f"the clipboard is read by {program}, which is not there: install {package}, or name a file")
    raise UsageError("there is no clipboard here, as neither WAYLAND_DISPLAY nor DISPLAY is set: name a file")


class _Programs:
    """Runs programs within bounds."""

    def __init__(self, environ: Mapping[str, str], wait_s: float, max_bytes: int) -> None:
        self._environ, self._wait_s, self._max_bytes = environ, wait_s, max_bytes

    def find(self, name: str) -> str | None:
        """Its path, if it is installed."""
        return shutil.which(name, path=self._environ.get("PATH"))

    def __call__(self, *command: str) -> bytes:
        """What it prints; nothing where it fails, as all of them do when what is asked for is not on the clipboard.

        Raises:
            UsageError: it took too long or printed too much.
        """
        with subprocess.Popen(
            command, env=self._environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            try:
                printed = self._collect(process)
                return b"" if process.wait(self._wait_s) else printed
            except subprocess.TimeoutExpired as error:
                late = f"{command[0]} gave no clipboard within {self._wait_s:g} s"
                raise UsageError(f"{late}: copy the image again, or name a file") from error
            finally:
                process.kill()

    def _collect(self, process: subprocess.Popen[bytes]) -> bytes:
        end = time.monotonic() + self._wait_s
        printed = bytearray()
        assert process.stdout
        while len(printed) <= self._max_bytes:
            if not select.select([process.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
                raise subprocess.TimeoutExpired(process.args, self._wait_s)
            piece = os.read(process.stdout.fileno(), 1 << 20)
            if not piece:
                return bytes(printed)
            printed += piece
        raise UsageError(f"the clipboard holds more than {self._max_bytes:,} bytes: name a file")


def _from_types(run: _Programs, desktop: _Desktop) -> bytes:
    types = run(*desktop.list_types).decode("utf-8", "replace").split()
    wanted = next((kind for kind in _IMAGE_TYPES if kind in types), None)
    image = run(*desktop.read, wanted) if wanted else b""
    if not image:
        raise _no_image(text=any(kind.startswith(_TEXT_TYPES) for kind in types))
    return image


def _from_macos(run: _Programs) -> bytes:
    image = run("pngpaste", "-") if run.find("pngpaste") else b""
    if not image:
        # AppleScript prints data as «data PNGf89504E47…».
        match = re.search(rb"PNGf((?:[0-9A-Fa-f]{2})+)", run("osascript", "-e", "the clipboard as «class PNGf»"))
        image = binascii.unhexlify(match[1]) if match else b""
    if not image:
        raise _no_image(text=bool(run("osascript", "-e", "the clipboard as text").strip()))
    return image


def _from_windows(run: _Programs) -> bytes:
    printed = run("powershell.exe", "-NoProfile", "-NonInteractive", "-STA", "-Command", _POWERSHELL).strip()
    try:
        image = base64.b64decode(printed, validate=True)
    except binascii.Error:
        image = b""
    if not image:
        raise _no_image(text=printed == b"(text)")
    return image


def _no_image(*, text: bool) -> UsageError:
    if text:
        return UsageError("the clipboard holds no image; it holds text: paste it into the prompt")
    return UsageError("the clipboard holds no image: copy one, or name a file")
