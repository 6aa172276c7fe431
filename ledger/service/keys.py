"""The server's private keys, one file each under DIR/keys, mode 0600, text of one line."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from ledger.core.encoding import HASH_SIZE, check_hash, decode_hex
from ledger.core.errors import ConfigInvalid, LedgerError
from ledger.core.note import SigningKey
from ledger.core.signing import PublicKey, SecretKey
from ledger.engine.sequencer import Keys

T = TypeVar("T")
CHECKPOINT: Final = "checkpoint.key"
CHAIN: Final = "ledger.key"
VRF: Final = "vrf.key"
QUEUE: Final = "queue.key"


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """What one ledger signs, maps and queues with; ``vrf`` is a 32-byte seed (RFC 9381 §5.5)."""

    writer: Keys
    vrf: bytes

    @property
    def vrf_public(self) -> PublicKey:
        """The VRF public key, which is the Ed25519 one of the same seed (RFC 9381 §5.5)."""
        return SecretKey.from_seed(self.vrf).public


def generate(origin: str) -> ServerKeys:
    """Return fresh keys for a log of ``origin``."""
    seeds = [os.urandom(HASH_SIZE) for _ in range(4)]
    checkpoint = SigningKey(origin, SecretKey.from_seed(seeds[0]))
    return ServerKeys(Keys(checkpoint, SecretKey.from_seed(seeds[1]), seeds[2]), seeds[3])


def save(directory: Path, keys: ServerKeys) -> None:
    """Write the keys into a new directory; raise FileExistsError rather than overwrite one."""
    directory.mkdir(mode=0o700)
    write_secret(directory / CHECKPOINT, keys.writer.checkpoint.format())
    write_secret(directory / CHAIN, keys.writer.chain.seed.hex())
    write_secret(directory / QUEUE, keys.writer.queue.hex())
    write_secret(directory / VRF, keys.vrf.hex())


def load(directory: Path) -> ServerKeys:
    """Return the keys of ``directory``; raise ConfigInvalid naming every file that is missing, malformed or open."""
    problems: list[str] = []
    checkpoint = _read(directory / CHECKPOINT, SigningKey.parse, problems)
    chain, queue, vrf = (_read(directory / name, _seed, problems) for name in (CHAIN, QUEUE, VRF))
    if checkpoint is None or chain is None or queue is None or vrf is None:
        raise ConfigInvalid(problems)
    return ServerKeys(Keys(checkpoint, SecretKey.from_seed(chain), queue), vrf)


def write_secret(path: Path, text: str) -> None:
    """Write a line to a new file that only its owner may read, durably."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(descriptor)


def _read(path: Path, parse: Callable[[str], T], problems: list[str]) -> T | None:
    try:
        if path.stat().st_mode & 0o077:
            problems.append(f"{path}: readable by others; chmod 600 it")
            return None
        return parse(path.read_text().strip())
    except OSError as error:
        problems.append(f"{path}: {error.strerror}")
    except UnicodeDecodeError:
        problems.append(f"{path}: not text")
    except LedgerError as error:
        problems.append(f"{path}: {error}")
    return None


def _seed(text: str) -> bytes:
    return check_hash(decode_hex(text, "seed"), "seed")
