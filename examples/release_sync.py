"""Hand a file over without an event loop: python examples/release_sync.py PROFILE ARTIFACT OUTBOX."""

import shutil
import sys
from pathlib import Path

from describing import describe_file

from ledger.client import GateShut, SyncRecorder, load_key, load_profile, open_recorder


def main(folder: str, artifact: Path, outbox: Path) -> int:
    """Return 0 once the file is handed over, 1 where the gate stayed shut."""
    profile = load_profile(folder)
    key = load_key(profile.path("source.key"))
    disclosure = describe_file(artifact)
    with SyncRecorder(lambda: open_recorder(profile, key, patience=10)) as recorder:
        try:
            with (
                recorder.release(disclosure, artifact, timeout=10) as release,
                release.open() as source,
                (outbox / "by-thread").open("wb") as out,
            ):
                shutil.copyfileobj(source, out)
        except GateShut as shut:
            print(shut, file=sys.stderr)
            return 1
    print("handed over with entry", release.receipt.index)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
