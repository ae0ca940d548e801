"""The figures: for each what is run, what of a run counts, and what it should reach."""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .mock import TEXT, Mock
from .process import ProgramFailed, Run, environment, run

PEERS = Path(__file__).parent / "peers"
PROMPT = "hi"


@dataclass(frozen=True, slots=True)
class Program:
    """A command line that is given one prompt, or none."""

    name: str
    command: list[str]


@dataclass(frozen=True, slots=True)
class Programs:
    """Everybody who takes part; `sdk` is None where the official SDK cannot be imported."""

    version: Program
    empty: Program
    ours: Program
    httpx: Program
    sdk: Program | None

    @classmethod
    def of(cls, ours: str, base_python: str, peer_python: str, *, with_sdk: bool) -> Programs:
        """The command lines; the mock's address comes at the end of the peers' when they are run."""
        return cls(
            version=Program("claude-cli --version", [ours, "--version"]),
            empty=Program("python -c pass", [base_python, "-c", "pass"]),
            ours=Program("claude-cli complete", [ours, "complete", PROMPT]),
            httpx=Program("ten lines of httpx", [base_python, str(PEERS / "httpx_oneshot.py"), "{url}", PROMPT]),
            sdk=Program("SDK .stream()", [peer_python, str(PEERS / "sdk_stream.py"), "{url}", PROMPT])
            if with_sdk
            else None,
        )


@dataclass(slots=True)
class Figure:
    """One row of the table: our values, the yardstick's, one for each round, and the target.

    Attributes:
        unit: of the values.
        target: the most that may be reached; of the ratio where there is a yardstick, else of our value.
    """

    what: str
    unit: str
    target: float
    ours: list[float] = field(default_factory=list)
    yardstick: list[float] = field(default_factory=list)
    note: str = ""


class Bench:
    """Runs programs against the mock, round by round, each round in another order."""

    def __init__(self, mock: Mock, home: Path) -> None:
        """Use the running `mock`; `home` is an empty folder, so nobody's settings take part."""
        self._mock = mock
        self.url = mock.url
        self._environment = environment(mock.url, home)
        self._order = random.Random(1)

    def one(
        self, program: Program, deltas: int = 1, period_us: int = 0, *, terminal: bool = False,
        environ: Mapping[str, str] | None = None,
    ) -> Run:  # fmt: skip
        """Run `program` once, with the variables of `environ` besides; the mock answers with `deltas` words.

        Raises:
            ProgramFailed: it failed, or it printed less than the whole answer.
        """
        self._mock.set(deltas, period_us)
        command = [word.replace("{url}", self._mock.url) for word in program.command]
        variables = {name: value for name, value in {**self._environment, **(environ or {})}.items() if value}
        result = run(command, variables, terminal=terminal)
        if self._mock.log() and result.output_bytes < deltas * len(TEXT):
            raise ProgramFailed(f"{program.name}: {result.output_bytes} bytes of {deltas * len(TEXT)} were printed")
        return result

    def request(self) -> dict[str, int]:
        """The log entry of the request of the last run.

        Raises:
            ProgramFailed: there was none.
        """
        for entry in self._mock.log():
            if entry["path"].startswith("/v1/messages"):
                return entry
        raise ProgramFailed("the program sent no request to ANTHROPIC_BASE_URL")

    def rounds(self, number: int, steps: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
        """Each step once in every round, in shuffled order, after one warm-up round that does not count."""
        values: dict[str, list[float]] = {name: [] for name in steps}
        for turn in range(number + 1):
            order = list(steps)
            self._order.shuffle(order)
            for name in order:
                value = steps[name]()
                if turn:
                    values[name].append(value)
        return values


def start_up(bench: Bench, programs: Programs, rounds: int) -> Iterator[Figure]:
    """`--version` beside an interpreter that does nothing."""
    got = bench.rounds(
        rounds,
        {
            "ours": lambda: bench.one(programs.version).wall_s * 1e3,
            "yardstick": lambda: bench.one(programs.empty).wall_s * 1e3,
        },
    )
    yield Figure("`--version` against `python -c pass`", "ms", 3, got["ours"], got["yardstick"])


def one_shot(bench: Bench, programs: Programs, rounds: int) -> Iterator[Figure]:
    """Exec to the first byte of the request, memory, and the size of the request, all from the same runs."""
    memory: list[float] = []
    sizes: list[float] = []

    def to_wire(program: Program) -> float:
        result = bench.one(program)
        request = bench.request()
        if program is programs.ours:
            memory.append(result.rss_mb)
            sizes.append(request["body_bytes"])
        return (request["first_byte_ns"] - result.start_ns) / 1e6

    got = bench.rounds(rounds, {"ours": lambda: to_wire(programs.ours), "yardstick": lambda: to_wire(programs.httpx)})
    what = "exec to request on the wire, against ten lines of httpx"
    yield Figure(what, "ms", 1.7, got["ours"], got["yardstick"], "aim: 1.4 x")
    yield Figure("resident memory of a one-shot to a pipe", "MB", 45, memory[1:])
    yield Figure(f'request body for "{PROMPT}"', "bytes", 400, sizes[1:])


def on_a_terminal(bench: Bench, programs: Programs, rounds: int) -> Iterator[Figure]:
    """What a terminal adds before the request is out: the status line, and what draws the answer."""

    def to_wire(*, terminal: bool) -> float:
        result = bench.one(programs.ours, terminal=terminal)
        return (bench.request()["first_byte_ns"] - result.start_ns) / 1e6

    steps = {"pipe": lambda: to_wire(terminal=False), "terminal": lambda: to_wire(terminal=True)}
    got = bench.rounds(rounds, steps)
    more = [seen - piped for seen, piped in zip(got["terminal"], got["pipe"], strict=True)]
    yield Figure("exec to request on the wire on a terminal, less the same to a pipe", "ms", 60, more)


def with_a_stored_key(bench: Bench, programs: Programs, rounds: int) -> Iterator[Figure]:
    """What a key in a real keyring adds before the request is out; left out where the system has none."""
    from tests.secret_service import SecretService, missing_programs

    if missing_programs():
        log(f"left out, not installed: {', '.join(missing_programs())}")
        return
    with tempfile.TemporaryDirectory() as folder, SecretService(Path(folder)) as service:
        service.store(f"default@{bench.url}", "bench")
        stored = {**service.environ, "ANTHROPIC_API_KEY": ""}

        def to_wire(environ: Mapping[str, str]) -> float:
            result = bench.one(programs.ours, environ=environ)
            return (bench.request()["first_byte_ns"] - result.start_ns) / 1e6

        steps = {"environment": lambda: to_wire(service.environ), "keyring": lambda: to_wire(stored)}
        got = bench.rounds(rounds, steps)
    more = [kept - given for kept, given in zip(got["keyring"], got["environment"], strict=True)]
    what = "exec to request on the wire with the key in a Secret Service, less the same with it in the environment"
    yield Figure(what, "ms", 250, more)


def photograph(bench: Bench, programs: Programs, rounds: int) -> Iterator[Figure]:
    """What a photograph of 24 megapixels adds to a dry run: reading, shrinking, encoding, and Pillow's own start."""
    from PIL import Image, ImageFilter

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        # Grain as a sensor has it: the file is as large as a camera's, about 8 MB.
        grain = [Image.effect_noise((6000, 4000), 32).filter(ImageFilter.GaussianBlur(0.8)) for _ in "rgb"]
        Image.merge("RGB", grain).save(path, quality=92)
        dry = Program("a dry run", [*programs.ours.command, "-n"])
        attached = Program("a dry run with a photograph", [*dry.command, "-a", str(path)])
        got = bench.rounds(
            rounds, {"dry": lambda: bench.one(dry).wall_s, "attached": lambda: bench.one(attached).wall_s}
        )
    more = [large - small for large, small in zip(got["attached"], got["dry"], strict=True)]
    yield Figure("a 24-megapixel JPEG to the model's useful size, Pillow's start included", "s", 0.6, more)


def streaming(bench: Bench, programs: Programs, rounds: int, deltas: int, period_us: int = 0) -> Iterator[Figure]:
    """CPU time for an answer of `deltas` words, less that of an answer of one word: start-up is not what is asked."""
    late: list[int] = []

    def cpu(program: Program) -> float:
        short = bench.one(program, 1)
        long = bench.one(program, deltas, period_us)
        late.append(bench.request()["late"])
        return long.cpu_s - short.cpu_s

    sdk = programs.sdk
    steps = {"ours": lambda: cpu(programs.ours)}
    if sdk:
        steps["yardstick"] = lambda: cpu(sdk)
    got = bench.rounds(rounds, steps)
    pace = f"one every {period_us} µs" if period_us else "all at once"
    figure = Figure(f"CPU for {deltas:,} deltas to a pipe, {pace}, against the SDK's `.stream()`", "s", 0.25)
    figure.ours, figure.yardstick = got["ours"], got.get("yardstick", [])
    if period_us:
        figure.target = 1.0
        figure.note = f"aim: 0.5 x; deltas sent over a period late: at most {max(late) / deltas:.1%}"
    yield figure


def log(text: str) -> None:
    """Progress, on standard error: standard output is the table alone."""
    print(text, file=sys.stderr, flush=True)
