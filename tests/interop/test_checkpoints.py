"""Checkpoints and cosignatures are those of transparency-dev/formats and torchwood."""

import pytest

from ledger.core.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    cosign,
    open_checkpoint,
    sign_checkpoint,
    verify_cosignatures,
)
from ledger.core.encoding import MAX_SIZE, sha256
from ledger.core.errors import InvalidInput, LedgerError, Uncheckable
from ledger.core.merkle import EMPTY_ROOT
from ledger.core.note import COSIGNATURE, Note, SigningKey, VKey, open_note
from tests.core.world import mixed
from tests.interop.ecosystem import Ecosystem, Job, Verdict
from tests.interop.material import every_bit_off, identity, key

LOG = key("log.example")
ROOT = sha256(b"root")
WITNESSES = [key("witness.example"), key("Zeuge/é"), key("n" * 255)]
TIMES = [1, 2**32, MAX_SIZE]


def open_job(raw: bytes, log: VKey, origin: str, witnesses: list[SigningKey]) -> Job:
    """Return the job that opens a checkpoint, and the cosignatures of ``witnesses`` on it."""
    vkeys = [witness.vkey(COSIGNATURE).format() for witness in witnesses]
    return Job.of("open-checkpoint", Note=raw, VKey=log.format(), Origin=origin, Witnesses=vkeys)


def cosigned(checkpoint: Checkpoint, witnesses: list[SigningKey], times: list[int]) -> Note:
    """Return the checkpoint under the log's signature and a cosignature of each witness."""
    note = sign_checkpoint(checkpoint, LOG).note
    for witness, time in zip(witnesses, times, strict=True):
        note = note.with_signature(cosign(checkpoint, time, witness))
    return note


def ours(raw: bytes, witnesses: list[SigningKey]) -> tuple[int, bytes, dict[str, int]] | None:
    """Return size, root and times of a cosigned checkpoint as this package reads it, None when it refuses."""
    try:
        signed = open_checkpoint(raw, LOG.vkey())
        times = verify_cosignatures(signed, [witness.vkey(COSIGNATURE) for witness in witnesses])
    except LedgerError:
        return None
    return signed.checkpoint.size, signed.checkpoint.root, {vkey.name: time for vkey, time in times.items()}


def theirs(verdict: Verdict) -> tuple[int, bytes, dict[str, int]] | None:
    """Return the same of the verdict on it."""
    return None if verdict.refused else (verdict["size"], verdict.raw("root"), verdict["times"])


def test_checkpoints_of_a_log_open_in_go(ecosystem: Ecosystem) -> None:
    """Every checkpoint of a growing log opens in Go, with its size and root."""
    world = mixed()
    sizes = range(1, world.size + 1)
    jobs = [open_job(world.checkpoint(size), world.vkey, world.log.name, []) for size in sizes]
    for size, verdict in zip(sizes, ecosystem.judge(jobs), strict=True):
        assert (verdict["origin"], verdict["size"], verdict.raw("root")) == (world.log.name, size, world.root(size))
        assert verdict["verified"] == [identity(world.vkey)]


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("log.example", 0, EMPTY_ROOT),
        Checkpoint("log.example", MAX_SIZE, ROOT),
        Checkpoint("an origin with spaces + plus", 1, ROOT),
        Checkpoint("été 🔑", 1, ROOT, ("one", " two ", "— three")),
    ],
)
def test_any_checkpoint_opens_in_go(ecosystem: Ecosystem, checkpoint: Checkpoint) -> None:
    """The empty and the largest tree, odd origins and extension lines arrive in Go as they were signed."""
    raw = sign_checkpoint(checkpoint, LOG).note.format()
    verdict = ecosystem.judge([open_job(raw, LOG.vkey(), checkpoint.origin, [])])[0]
    assert (verdict["origin"], verdict["size"]) == (checkpoint.origin, checkpoint.size)
    assert verdict.raw("root") == checkpoint.root
    assert verdict["extensions"] == "".join([f"{line}\n" for line in checkpoint.extensions])


def test_cosignatures_of_ours_verify_in_go(ecosystem: Ecosystem) -> None:
    """Go finds the log's signature and each witness's, with its time, up to the largest one."""
    raw = cosigned(Checkpoint("log.example", 9, ROOT, ("extension",)), WITNESSES, TIMES).format()
    verdict = ecosystem.judge([open_job(raw, LOG.vkey(), "log.example", WITNESSES)])[0]
    vkeys = [LOG.vkey(), *[witness.vkey(COSIGNATURE) for witness in WITNESSES]]
    assert verdict["verified"] == [identity(vkey) for vkey in vkeys]
    assert theirs(verdict) == ours(raw, WITNESSES) is not None


@pytest.mark.parametrize("library", ["formats", "torchwood"])
def test_cosignatures_of_go_verify_here(ecosystem: Ecosystem, library: str) -> None:
    """What either library adds to a checkpoint as a witness verifies under the type 04 key."""
    checkpoint = Checkpoint("log.example", 9, ROOT, ("extension",))
    signed = sign_checkpoint(checkpoint, LOG)
    for witness in WITNESSES:
        raw = ecosystem.ask("cosign", Note=signed.note.format(), SKey=witness.format(), Name=library).raw("note")
        opened = open_checkpoint(raw, LOG.vkey())
        times = verify_cosignatures(opened, [witness.vkey(COSIGNATURE)])
        assert times[witness.vkey(COSIGNATURE)] > 0
        assert opened.note.signatures[0] == signed.note.signatures[0]


def test_cosignatures_of_another_kind_are_passed_over(ecosystem: Ecosystem) -> None:
    """A line by ML-DSA-44, under a witness's own name, changes nothing for who has its Ed25519 key."""
    witness = WITNESSES[0]
    quantum = ecosystem.ask("new-quantum-key", Name=witness.name)
    note = cosigned(Checkpoint("log.example", 9, ROOT), [witness], [5])
    raw = ecosystem.ask("cosign", Note=note.format(), SKey=quantum["skey"], Name="formats").raw("note")
    assert len(Note.parse(raw).signatures) == len(note.signatures) + 1
    assert ours(raw, [witness]) == ours(note.format(), [witness]) is not None
    with pytest.raises(Uncheckable, match="vkey"):
        VKey.parse(quantum["vkey"])


def test_every_changed_bit_is_judged_alike(ecosystem: Ecosystem) -> None:
    """Of a cosigned checkpoint each flipped bit has one verdict in Go and here.

    Only a second spelling of the same base64 is taken there and refused here.
    """
    witnesses = WITNESSES[:1]
    note = cosigned(Checkpoint("log.example", 9, ROOT), witnesses, [1_763_900_000])
    changes = every_bit_off(note.format())
    verdicts = ecosystem.judge([open_job(raw, LOG.vkey(), "log.example", witnesses) for raw in changes])
    for raw, verdict in zip(changes, verdicts, strict=True):
        found = ours(raw, witnesses)
        if theirs(verdict) != found:
            assert found is None
            with pytest.raises(InvalidInput, match="not canonical base64"):
                open_note(raw, [LOG.vkey()])


@pytest.mark.parametrize(
    "text",
    [
        "log.example\n1\n",
        f"\n1\n{'A' * 43}=\n",
        f"log.example\n1\n{'A' * 43}=\n\nextension\n",
        f"log.example\n1\n{'A' * 44}\n",
        f"log.example\n1\n{'A' * 42}\n",
        f"log.example\n1\n{'-' * 43}=\n",
        *(f"log.example\n{size}\n{'A' * 43}=\n" for size in ("", "01", "+1", "-1", " 1", "1_0", "٣", str(2**63))),
    ],
)
def test_malformed_checkpoints_are_refused_by_all(ecosystem: Ecosystem, text: str) -> None:
    """What is no checkpoint is refused in Go and here, even under the log's signature."""
    raw = Note(text, (LOG.sign(text),)).format()
    assert ecosystem.judge([open_job(raw, LOG.vkey(), "log.example", [])])[0].refused
    with pytest.raises(InvalidInput, match="checkpoint"):
        open_checkpoint(raw, LOG.vkey())


def test_another_origin_is_refused_by_both(ecosystem: Ecosystem) -> None:
    """A checkpoint that its log signed for another origin does not open as this one's."""
    signed: SignedCheckpoint = sign_checkpoint(Checkpoint("other.example", 1, ROOT), LOG)
    raw = signed.note.format()
    assert ecosystem.judge([open_job(raw, LOG.vkey(), "log.example", [])])[0].refused
    assert ours(raw, []) is None
    assert open_checkpoint(raw, LOG.vkey(), "other.example") == signed
