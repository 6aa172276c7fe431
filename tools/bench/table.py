"""The figures beside what they should be at least, and what they aim at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Bound:
    """A figure's meaning and bounds; ``most`` where smaller is better."""

    meaning: str
    least: float | None = None
    aim: float | None = None
    most: bool = False
    times: str = ""
    """The figure that ``least`` and ``aim`` are multiples of."""


BOUNDS: Final = {
    "bulk_entries_per_s": Bound("prebuilt batches of 512, four sources, all checks", 30_000, 60_000),
    "raw_entries_per_s": Bound("plyvel alone, the same rows in synced batches of 512"),
    "bulk_ratio": Bound("of raw", 0.3, 0.6),
    "coalesced_per_s": Bound("one client, 64 tasks, each its own receipt", 4_000, 10_000),
    "build_per_s": Bound("record to statement, one core", 3_000),
    "build_ratio": Bound("of its hashes, JSON and encryption alone", 0.5, 0.8),
    "single_p50_ms": Bound("one caller, one statement: median", 3, 1.5, most=True, times="single_floor_ms"),
    "single_p99_ms": Bound("the same, 99th percentile"),
    "single_floor_ms": Bound("two raw synced writes and an empty call"),
    "gate_p50_ms": Bound("a release until its data may leave: median", 1.5, most=True, times="single_p50_ms"),
    "gate_whole_p50_ms": Bound("the same, with its DELIVERY"),
    "cosigned_p50_ms": Bound("one caller, receipts cosigned by two of three", 50, most=True),
    "proofs_per_s": Bound("inclusion proofs, single calls", 2_000, 4_000),
    "streamed_proofs_per_s": Bound("inclusion proofs, one stream", 30_000, 60_000),
    "verify_entries_per_s": Bound("fsck from stored bytes, all checks", 100_000, 300_000),
    "tiles_per_s": Bound("tiles over HTTP, 16 connections of wrk", 2_000),
    "tiles_raw_per_s": Bound("the same number of bytes from memory, no files"),
    "recording_with_reads_ratio": Bound("bulk recording while tiles are read, against without", 0.8),
    "tile_reads_per_s": Bound("the requests that were answered meanwhile, of 500"),
    "mirror_entries_per_s": Bound("mirrored from local tiles, every entry verified", 100_000, 250_000),
    "mirror_raw_per_s": Bound("the hashes of the same bytes alone"),
    "report_per_s": Bound("completeness report from local tiles, all checks", 100_000, 250_000),
    "report_raw_per_s": Bound("one SHA-256 over each of the same leaves"),
    "report_rss_mib": Bound("the report's memory at most"),
    "report_tenth_rss_mib": Bound("the same over a tenth of the log"),
    "growth_ratio": Bound("rate at 1,000,000 entries against 10,000", 0.8, 0.95),
    "rss_mib": Bound("server's memory then", 300, 150, most=True),
    "startup_s": Bound("exec to serving then", 1, 0.5, most=True),
    "disk_ratio": Bound("disk against submitted bytes", 1.3, 1.15, most=True),
}


def show(figures: Mapping[str, float]) -> None:
    """Print the table."""
    table = Table("figure", "what", box=None)
    for heading in ("measured", "bound", "aim"):
        table.add_column(heading, justify="right")
    for name, bound in BOUNDS.items():
        if name not in figures:
            continue
        factor = figures[bound.times] if bound.times else 1
        least, aim = (None if value is None else value * factor for value in (bound.least, bound.aim))
        table.add_row(name, bound.meaning, _text(figures[name]), *(_text(value, bound.most) for value in (least, aim)))
    Console(width=120).print(table)


def _text(value: float | None, most: bool | None = None) -> str:
    if value is None:
        return ""
    text = f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
    return text if most is None else f"{'≤' if most else '≥'} {text}"
