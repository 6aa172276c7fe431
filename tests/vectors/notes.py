"""Notes, checkpoints and cosignatures of the C2SP formats (protocol §1)."""

import base64
import binascii
import re
from dataclasses import dataclass

from tests.vectors.basics import Disproven, Unchecked, check_signature, require, sha256, u


def read_base64(text: str) -> bytes:
    """Return the bytes of canonical base64."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Disproven("base64") from None
    require(base64.b64encode(data).decode() == text, "base64")
    return data


def read_decimal(text: str) -> int:
    """Return a canonical decimal of at most 2^63 - 1."""
    require(re.fullmatch("0|[1-9][0-9]{0,18}", text) is not None and int(text) < 2**63, "decimal")
    return int(text)


@dataclass(frozen=True, slots=True)
class VKey:
    """A verifier key."""

    name: str
    type: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The key id."""
        return sha256(self.name.encode() + b"\n" + u(1, self.type) + self.public)[:4]

    def format(self) -> str:
        """Return its text."""
        material = base64.b64encode(u(1, self.type) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    @classmethod
    def parse(cls, text: str) -> "VKey":
        """Read a verifier key."""
        require(text.count("+") >= 2, "vkey")
        name, key_id, material = text.split("+", 2)
        decoded = read_base64(material)
        if decoded[:1] not in (b"\x01", b"\x04"):
            raise Unchecked("key type")
        key = cls(name, decoded[0], decoded[1:])
        require(_named(name) and len(key.public) == 32 and key.key_id.hex() == key_id, "vkey")
        return key


def _named(name: str) -> bool:
    return name != "" and "+" not in name and not any(map(str.isspace, name))


@dataclass(frozen=True, slots=True)
class Note:
    """A note's text and its lines: name, key id, signature."""

    text: str
    lines: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def parse(cls, data: bytes) -> "Note":
        """Read a note."""
        try:
            decoded = data.decode()
        except UnicodeDecodeError:
            raise Disproven("UTF-8") from None
        require(len(data) <= 1 << 20 and re.search("[\x00-\x09\x0b-\x1f]", decoded) is None, "control byte")
        text, blank, tail = decoded.rpartition("\n\n")
        require(blank != "" and tail.endswith("\n"), "empty line")
        lines = [_line(line) for line in tail[:-1].split("\n")]
        require(len(lines) <= 100, "lines")
        return cls(text + "\n", tuple(lines))

    def by(self, key: VKey) -> list[bytes]:
        """Return the signatures of lines that belong to ``key``."""
        return [signature for name, key_id, signature in self.lines if (name, key_id) == (key.name, key.key_id)]

    def check(self, key: VKey) -> None:
        """Raise Disproven unless ``key`` signed the text."""
        signatures = self.by(key)
        require(len(signatures) > 0, "no signature of the key")
        for signature in signatures:
            check_signature(key.public, self.text.encode(), signature)


def _line(line: str) -> tuple[str, bytes, bytes]:
    parts = line.split(" ")
    require(len(parts) == 3 and parts[0] == "\u2014" and _named(parts[1]), "signature line")
    decoded = read_base64(parts[2])
    require(len(decoded) > 4, "signature line")
    return parts[1], decoded[:4], decoded[4:]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read a checkpoint's text."""
        *lines, last = text.split("\n")
        require(last == "" and len(lines) >= 3 and all(lines), "lines")
        checkpoint = cls(lines[0], read_decimal(lines[1]), read_base64(lines[2]))
        require(len(checkpoint.root) == 32, "root")
        require(checkpoint.size > 0 or checkpoint.root == sha256(b""), "root of the empty tree")
        return checkpoint


def open_checkpoint(note: Note, key: VKey) -> Checkpoint:
    """Return the checkpoint that a log signed."""
    note.check(key)
    checkpoint = Checkpoint.parse(note.text)
    require(checkpoint.origin == key.name, "origin")
    return checkpoint


def cosigned_bytes(time: int, text: str) -> bytes:
    """Return what a cosignature is over."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def cosigned_at(note: Note, witness: VKey) -> int | None:
    """Return when a witness cosigned, None where it did not."""
    times = []
    for blob in note.by(witness):
        time = int.from_bytes(blob[:8], "big")
        require(len(blob) == 72 and 1 <= time < 2**63, "cosignature")
        check_signature(witness.public, cosigned_bytes(time, note.text), blob[8:])
        times.append(time)
    return max(times, default=None)
