"""``python -m bench [--quick]``: a table for people, then one JSON object as the last line."""

import argparse
import asyncio
import json
import shutil
import sys
import time
from dataclasses import dataclass, field
from typing import Final

import uvloop

from bench import building, bulk, growth, judging, mirroring, recording, tiling
from bench.checking import disk_bytes, fsck_rate, settled, told
from bench.scene import BATCH, CLASS, builders, folder, served
from bench.table import show
from ledger.core.sealed import HEADER_SIZE


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    bulk: int
    coalesced: int
    single: int
    build: int
    proof_seconds: float
    mirror: int
    report: int
    tiles: int
    growth: int


QUICK: Final = Sizes(
    bulk=184_320,
    coalesced=6_000,
    single=150,
    build=2_048,
    proof_seconds=2.0,
    mirror=51_200,
    report=102_400,
    tiles=65_536,
    growth=0,
)
LONG: Final = Sizes(
    bulk=409_600,
    coalesced=20_000,
    single=500,
    build=8_192,
    proof_seconds=5.0,
    mirror=256_000,
    report=1_000_000,
    tiles=409_600,
    growth=1_000_000,
)
WRK_SECONDS: Final = 1


@dataclass(slots=True)
class Figures:
    """What was measured, by its key in the JSON."""

    values: dict[str, float] = field(default_factory=dict)

    def set(self, **values: float) -> None:
        """Take figures in, three significant places behind the point."""
        self.values.update({name: round(value, 3) for name, value in values.items()})


async def measure(sizes: Sizes) -> dict[str, float]:
    """Return every figure."""
    figures = Figures()
    figures.set(batch=BATCH, payload_bytes=CLASS + HEADER_SIZE, key_class=4, auditors=1, sources=4)
    async with served() as stage:
        with told("bulk: prebuilt batches of 512 from four sources"):
            found = await bulk.run(stage, sizes.bulk)
            figures.set(bulk_entries_per_s=found.rate, bulk_entries=found.entries)
        with told("proofs: single calls, then one stream, once what was written is compacted"):
            await settled(stage.server.process.pid)
            figures.set(proofs_per_s=await recording.proofs(stage, sizes.proof_seconds))
            figures.set(streamed_proofs_per_s=await recording.streamed(stage))
        stage.server.stop()
        figures.set(disk_ratio=disk_bytes(stage.ledger) / found.submitted)
        with told("fsck of the stopped store"):
            figures.set(verify_entries_per_s=await fsck_rate(stage.ledger))
        with told("raw: plyvel alone, the same rows"), folder() as path:
            raw = bulk.raw(stage.ledger / "store", path / "raw")
            figures.set(raw_entries_per_s=raw, bulk_ratio=found.rate / raw)
    async with served() as stage:
        with told("coalesced: one client, 64 tasks"):
            figures.set(coalesced_per_s=await recording.coalesced(stage, sizes.coalesced))
        with told("single: one caller, one statement, and its floor"):
            one = await recording.single(stage, sizes.single)
            figures.set(single_p50_ms=one.p50, single_p99_ms=one.p99, single_floor_ms=one.floor)
        with told("gate: one release after another, until data may leave, and to the end of the block"):
            gate = await recording.gate(stage, sizes.single)
            figures.set(gate_p50_ms=gate.opens, gate_whole_p50_ms=gate.whole)
        with told("build: record to statement on one core, and its raw cost"):
            (builder, *_) = await builders(stage, int(time.time()) // 60)
            built = building.run(builder, sizes.build)
            figures.set(build_per_s=built.rate, build_ratio=built.rate / built.raw)
    async with served(witnessed=True) as stage:
        with told("cosigned: one caller, each receipt under a quorum of two of three witnesses"):
            figures.set(cosigned_p50_ms=(await recording.single(stage, sizes.single)).p50)
    figures.set(**await tiles(sizes.tiles))
    with told("mirror: entries of 600 bytes from local tiles, all verified"), folder() as path:
        mirrored = mirroring.run(path, sizes.mirror)
        figures.set(mirror_entries_per_s=mirrored.rate, mirror_raw_per_s=mirrored.raw)
    with told("report: completeness of a log from local tiles, all checks"), folder() as path:
        judged = judging.run(path, sizes.report)
        figures.set(report_per_s=judged.rate, report_raw_per_s=judged.raw)
        figures.set(report_rss_mib=judged.rss, report_tenth_rss_mib=judged.tenth_rss)
    if sizes.growth:
        figures.set(**await growth.run(sizes.growth))
    return figures.values


async def tiles(count: int) -> dict[str, float]:
    """Return the figures of tiles over HTTP; those by wrk are left out where it is not installed."""
    found = {}
    async with served(tiles=True) as stage:
        with told(f"tiles: {tiling.RATE} requests a second while four sources record"):
            recorded = await tiling.recording(stage, count)
            found["recording_with_reads_ratio"] = recorded.beside / recorded.alone
            found["tile_reads_per_s"] = recorded.reads
        if shutil.which("wrk") is None:
            print("· tiles by wrk: left out, because wrk is missing: apt-get install wrk", file=sys.stderr)
            return found
        address = stage.server.bound.http
        paths = await asyncio.to_thread(tiling.published, address, recorded.size)
        with told("tiles: as many requests as wrk gets answered"), folder() as path:
            seconds = WRK_SECONDS
            found["tiles_per_s"] = await asyncio.to_thread(tiling.by_wrk, address, paths, path, seconds)
            with tiling.bare(tiling.mean_length(address, paths)) as bare:
                found["tiles_raw_per_s"] = await asyncio.to_thread(tiling.by_wrk, bare, paths, path, seconds)
    return found


def main() -> None:
    """Measure, show the table, print the object."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="within 50 seconds, without the growth to a million")
    figures = uvloop.run(measure(QUICK if parser.parse_args().quick else LONG))
    show(figures)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
