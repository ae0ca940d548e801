"""A batch's answers under fifty kills, and on a disk that really is full."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

from ..batch.keeping import PROGRAM, kill_again_and_again

pytestmark = pytest.mark.proof


def test_fifty_kills(tmp_path):
    """After each, what was said to be kept is there, once; in the end OUT has every row, in order."""
    kill_again_and_again(tmp_path, kills=50, rows=5_000, chance=random.Random(20261122))


MOUNT = """
mount -t tmpfs -o size=$1k none disk || exit 77
shift; head -c 200k /dev/zero >disk/out.filler
"$@"; status=$?
cp -r disk/. left; exit $status
"""


@pytest.mark.parametrize("order", [(), ("chance",)])
@pytest.mark.parametrize("kib", range(216, 248, 4))
def test_a_disk_that_is_full(tmp_path, kib, order):
    """Whichever file finds no room: both are whole. With room again the run ends well, and so does a next one."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "left").mkdir()
    mounted = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh", str(kib)]
    program = [sys.executable, PROGRAM]

    def run(*words):
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    first = run(*mounted, *program, "disk/out", "200", "first", *order)
    if first.returncode == 77 or first.stderr.startswith("unshare"):
        pytest.skip(f"unshare may not mount a disk here: {first.stderr}")
    assert first.stderr == "" and "cannot be written: No space left on device; make room" in first.stdout
    kept = {each["row"]["id"] for each in lines(tmp_path / "left/out.journal")[1:]}
    partial = [each["id"] for each in lines(tmp_path / "left/out.partial")]
    assert {*partial} <= kept and len(partial) == len({*partial})
    second = run(*program, "left/out", "200", "second", *order)
    assert second.stdout.startswith(f"open {200 - len(kept)}\n") and second.stderr == ""
    answers = lines(tmp_path / "left/out")
    assert sorted(each["id"] for each in answers) == sorted(f"id {number}" for number in range(200))
    assert {each["id"] for each in answers if each["text"] == "first"} == kept

    with_room = run(*mounted, *program, "disk/out", "200", "first", "room", *order)
    assert with_room.stderr == "" and "No space left on device" in with_room.stdout
    answers = lines(tmp_path / "left/out")
    assert sorted(each["id"] for each in answers) == sorted(f"id {number}" for number in range(200))
    assert {each["text"] for each in answers} == {"first"}


def lines(path):
    """The objects in a file of JSON lines, all of them whole; none where there is no file."""
    data = path.read_bytes() if path.exists() else b""
    assert data.endswith(b"\n") or not data
    return [json.loads(line) for line in data.splitlines()]
