"""The soak in short, and the arithmetic that says whether something grew."""

import re
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.faults.harness import harness
from tests.faults.seen import Violation
from tests.faults.soak import MEASURES, SOURCES, Measure, Sample, percentile, report, soak
from tests.faults.soak_watching import Size, watched
from tests.faults.sources import dice

MB = 1_000_000
SIZE = Size(memory=100 * MB, descriptors=30, threads=10, written=5 * MB)
SAMPLE = Sample(10.0, 20_000, (0.01, 0.02), (0.005,), SIZE)

GROWN = [
    ("memory, MB", replace(SAMPLE, size=replace(SIZE, memory=200 * MB))),
    ("descriptors", replace(SAMPLE, size=replace(SIZE, descriptors=60))),
    ("threads", replace(SAMPLE, size=replace(SIZE, threads=20))),
    ("submit p50, ms", replace(SAMPLE, submits=(0.02, 0.02, 0.02))),
    ("submit p99, ms", replace(SAMPLE, submits=(0.01, 0.01, 0.09))),
    ("read p50, ms", replace(SAMPLE, reads=(0.01, 0.01, 0.01))),
    ("read p99, ms", replace(SAMPLE, reads=(0.005, 0.005, 0.09))),
]


@pytest.mark.parametrize(("name", "last"), GROWN, ids=[name for name, _ in GROWN])
def test_what_grows_between_the_thirds_is_told_alone(name: str, last: Sample) -> None:
    """One measure that is worse in the last third is one violation, whatever the middle was."""
    lines = report([SAMPLE] * 3 + [last] + [last] * 3, rate=2000)
    assert [line for line in lines if line.startswith("VIOLATION")] == [f"VIOLATION: {name}"]
    assert [line.endswith("| GREW |") for line in lines[3:-1]] == [item.name == name for item in MEASURES]


def test_a_steady_run_is_flat_but_for_a_single_bad_sample() -> None:
    """Medians are compared: one sample out of the row is no growth."""
    bad = replace(SAMPLE, submits=(9.0,), reads=(9.0,))
    lines = report([SAMPLE] * 8 + [bad], rate=2000)
    assert lines[0] == (
        "1.5 minutes, 180,000 entries (2,000/s of 2,000/s asked), 9 verified reads, 0.01 GB written, 9 samples"
    )
    assert all(line.endswith("| flat |") for line in lines[3:])
    assert len(lines) == 3 + len(MEASURES)


def test_a_rate_that_was_not_kept_is_a_violation() -> None:
    """A soak at another rate than asked for says nothing about the one asked for."""
    assert report([SAMPLE] * 3, rate=2200)[-1] == "VIOLATION: the rate was not kept"
    assert report([SAMPLE] * 3, rate=2100)[-1].endswith("| flat |")


def test_too_few_samples_make_no_report() -> None:
    """Below three samples there are no thirds."""
    with pytest.raises(Violation, match=r"^2 samples make no thirds"):
        report([SAMPLE] * 2, rate=2000)


@pytest.mark.parametrize(
    ("first", "last", "flat"),
    [(100.0, 110.0, True), (100.0, 115.0, True), (100.0, 115.1, False), (0.0, 5.0, True), (0.0, 5.1, False)],
)
def test_a_measure_may_grow_by_its_factor_and_allowance(first: float, last: float, flat: bool) -> None:
    """Factor 1.1 and allowance 5: up to 1.1 times and 5 more is flat."""
    measure = Measure("seconds", lambda sample: sample.seconds, 1.1, 5)
    row = measure.row([replace(SAMPLE, seconds=seconds) for seconds in (first, 1e9, last)])
    assert (row.first, row.last, row.flat) == (first, last, flat)


@pytest.mark.parametrize(
    ("count", "percent", "found"),
    [(1, 50, 1), (1, 99, 1), (2, 50, 1), (100, 50, 50), (100, 99, 99), (101, 99, 100), (3, 0, 1), (3, 100, 3)],
)
def test_a_percentile_is_one_of_the_values(count: int, percent: int, found: int) -> None:
    """It is the smallest value that so many percent do not exceed."""
    assert percentile([float(value) for value in range(1, count + 1)], percent) == found


def test_a_percentile_of_nothing_is_zero() -> None:
    """A sample without calls has no latency."""
    assert percentile([], 99) == 0


def test_a_process_is_measured_from_outside() -> None:
    """Memory, descriptors and threads are those of the process: one more open file is one more descriptor."""
    code = "print(flush=True); input(); held = open('/dev/null'); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        before = Size.of(process.pid)
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()
        held = Size.of(process.pid)
        process.stdin.write("\n")
    assert held.descriptors == before.descriptors + 1
    assert before.memory > MB
    assert before.threads == 1
    assert held.written >= before.written


async def test_a_short_soak_samples_load_and_reads() -> None:
    """Each sample has entries, verified reads and the server's size."""
    async with harness(dice(1), [f"source-{number}" for number in range(SOURCES)]) as ledger:
        samples = await soak(ledger, minutes=4 / 60, rate=400, every=1.0, limit=10**9)
        async with watched(ledger) as seen:
            assert seen.look().memory > 10 * MB
        assert await ledger.stop() == 0
    assert len(samples) == 4
    assert all(sum(map(len, found)) for found in zip(*((item.submits, item.reads) for item in samples), strict=True))
    assert re.match(r"^[\d.]+ minutes, [\d,]+ entries ", report(samples, rate=1)[0])


async def test_a_soak_ends_early_once_enough_was_written() -> None:
    """The bound on what is written is looked at with each sample."""
    async with harness(dice(1), [f"source-{number}" for number in range(SOURCES)]) as ledger:
        assert len(await soak(ledger, minutes=60, rate=400, every=0.5, limit=0)) == 1
