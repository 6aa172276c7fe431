"""Hand a file over with asyncio: python examples/release.py PROFILE ARTIFACT OUTBOX."""

import asyncio
import sys
from pathlib import Path

from describing import describe_file

from ledger.client import GateShut, Release, gated, load_key, load_profile, open_recorder


async def main(folder: str, artifact: Path, outbox: Path) -> int:
    """Return 0 once the file is handed over, 1 where the gate stayed shut."""
    profile = load_profile(folder)
    disclosure = describe_file(artifact)
    async with open_recorder(profile, load_key(profile.path("source.key")), patience=10) as recorder:
        try:
            async with recorder.release(disclosure, artifact, timeout=10) as release:
                parts = [part async for part in release.chunks()]
                (outbox / "by-block").write_bytes(b"".join(parts))
                (outbox / "by-block.tlog-proof").write_bytes(release.receipt.data)
        except GateShut as shut:
            print(shut, file=sys.stderr)
            return 1

        @gated(lambda: recorder, lambda path: (disclosure, path), timeout=10)
        async def hand_over(release: Release, path: Path) -> int:
            return (outbox / "by-function").write_bytes(release.open().read())

        print(await hand_over(artifact), "bytes handed over, twice")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
