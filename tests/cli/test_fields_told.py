"""How ``ledger verify`` tells opened fields, and what ``ledger fields`` makes of payloads that are not the entry's."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest

from ledger.cli.fields import as_file
from ledger.cli.verify import ALONE
from ledger.client.payloads import Sealed, find_key, find_payload
from ledger.core import bodies
from ledger.core.checkpoint import cosign, open_checkpoint
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import NotPermitted, Refused, VerificationFailed
from ledger.core.note import COSIGNATURE, SigningKey
from ledger.core.opened import open_fields, verify_fields
from ledger.core.receipt import verify_receipt
from ledger.core.sealed import payload_digest, payload_plaintext, seal_payload
from ledger.core.sealed_keys import box_batch_key
from ledger.core.slots import slots_root
from ledger.core.tlogproof import TlogProof
from ledger.v1 import disclosure_pb2
from tests.cli.commands import Site, site
from tests.core.openings import ENTRY, joined, logged, opened, openings, say
from tests.core.witnessed import WITNESS
from tests.core.world import AuditorKeys, secret

WORLD: Final = logged()
FILE: Final = opened(WORLD, ENTRY, "outcome", "accounts_disclosed", "recipient", "rejection_reason")
SECRET, SHRED, KEY = (sha256(name) for name in (b"entry", b"shred", b"batch"))
TARGET: Final = bodies.Target(0, sha256(b"target"))


def proof(policy: SigningKey) -> bytes:
    """Return the file with its checkpoint cosigned by a witness."""
    receipt = TlogProof.parse(WORLD.receipt(ENTRY))
    signed = open_checkpoint(receipt.checkpoint, WORLD.vkey)
    note = signed.note.with_signature(cosign(signed.checkpoint, 1_800_000_000, policy)).format()
    return joined(replace(receipt, checkpoint=note).format(), *openings(WORLD, ENTRY, "outcome"))


@pytest.fixture(scope="module")
def files() -> Iterator[Site]:
    """Put files, the log's key and a witness policy into a directory."""
    with site() as here:
        here.path("a.fields").write_bytes(FILE)
        here.path("cosigned.fields").write_bytes(proof(WITNESS))
        here.path("wrong.fields").write_bytes(joined(WORLD.receipt(4), *openings(WORLD, ENTRY, "outcome")))
        here.path("cut.fields").write_bytes(FILE[:200])
        here.path("log.vkey").write_text(WORLD.vkey.format() + "\n")
        vkey = WITNESS.vkey(COSIGNATURE).format()
        here.path("policy").write_text(f"witness one {vkey}\nquorum one\n")
        here.path("other.vkey").write_text(SigningKey("log.example", secret("other")).vkey().format() + "\n")
        yield here


def test_fields_are_told_in_words(files: Site) -> None:
    """Each field is a line, as JSON, an absent one a word; then what the file proves, and what it does not."""
    lines = files.call("ledger", "verify", "a.fields", "--log", "log.vkey").stdout.splitlines()
    assert lines[:6] == [
        "a.fields: a valid opening",
        "  accounts_disclosed: 1",
        '  outcome: "FULL"',
        "  rejection_reason: absent",
        '  recipient: {"key_id":"k1","name":"Example Police"}',
        "proven:",
    ]
    assert f"  + entry {ENTRY} is {ALONE}" in lines
    assert "  + source alpha signed this entry and committed to exactly these values in it" in lines
    assert lines[-4:] == [
        "not proven by this file:",
        "  - that the key was still current: a monitor shows that",
        "  - whether other fields are present, whom it concerns, and that what is said is true",
        "  - whether a later entry corrects it: `ledger history` shows that",
    ]


def test_fields_are_told_to_programs(files: Site) -> None:
    """``--json`` gives the values, null where absent, with all facts of the receipt and the sentences."""
    (facts,) = files.call("ledger", "verify", "a.fields", "--log", "log.vkey", "--json").objects
    assert (facts["verdict"], facts["kind"], facts["index"], facts["sequence"]) == ("proven", "opening", ENTRY, 0)
    assert facts["fields"] == {
        "accounts_disclosed": 1,
        "outcome": "FULL",
        "rejection_reason": None,
        "recipient": {"key_id": "k1", "name": "Example Police"},
    }
    files.path("a.receipt").write_bytes(WORLD.receipt(ENTRY))
    (receipt,) = files.call("ledger", "verify", "a.receipt", "--log", "log.vkey", "--json").objects
    assert {*facts} - {*receipt} == {"fields"}
    assert all(facts[name] == receipt[name] for name in ("leaf_hash", "log_id", "body", "recorded_at", "cosigned"))


CASES: Final = {
    "beside another file": (
        ["a.fields", "cosigned.fields"],
        0,
        f'a.fields: entry {ENTRY} is {ALONE}\n  accounts_disclosed: 1\n  outcome: "FULL"\n',
    ),
    "under a policy": (["cosigned.fields", "--policy", "policy"], 0, "cosigned the tree at 2027-01-15 08:00:00 UTC"),
    "without the quorum": (["a.fields", "--policy", "policy"], 1, "a.fields: NOT VALID: "),
    "of another entry": (["wrong.fields"], 1, "NOT VALID: slot: does not lead to the slots root"),
    "cut short": (["cut.fields"], 1, "cut.fields: NOT VALID: fields: "),
}


@pytest.mark.parametrize(("words", "code", "said"), CASES.values(), ids=CASES)
def test_exit_codes(words: list[str], code: int, said: str, files: Site) -> None:
    """0 where all holds, 1 where anything does not."""
    ran = files.call("ledger", "verify", *words, "--log", "log.vkey", code=code)
    assert said in ran.stdout + ran.stderr
    assert (code == 0) == ("outcome" in ran.stdout)


def test_the_key_is_needed_and_has_to_be_the_logs(files: Site) -> None:
    """Without the log's key nothing can be checked, and under another nothing is valid."""
    missing = files.call("ledger", "verify", "a.fields", code=2).stderr
    assert "--log: missing" in missing
    wrong = files.call("ledger", "verify", "a.fields", "--log", "other.vkey", code=1)
    assert wrong.stderr == "a.fields: NOT VALID: note: no signature by a known key\n"


def test_a_value_steers_no_terminal(files: Site) -> None:
    """What a terminal would act on is replaced or escaped, and programs get it as it is."""
    world, record = logged(), {"notes": "a\u202eb\x1b[31mc\u2028d"}
    root = slots_root(record, SECRET)
    index = say(world, bodies.Delivery(TARGET, bodies.DeliveryResult.DELIVERED, root, sha256(b"")))
    files.path("odd.fields").write_bytes(open_fields(record, SECRET, ["notes"], world.receipt(index)).format())
    ran = files.call("ledger", "verify", "odd.fields", "--log", "log.vkey")
    assert '  notes: "a\ufffdb\\u001b[31mc\ufffdd"\n' in ran.stdout
    told = files.call("ledger", "verify", "odd.fields", "--log", "log.vkey", "--json").stdout
    assert json.loads(told)["fields"] == record


def sealed_as(plaintext: bytes, root: Hash) -> tuple[bytes, bytes]:
    """Return a payload, and the receipt of the DELIVERY by alpha that is said to be about it."""
    world = logged()
    sequence = world.state.sources["alpha"].next_sequence
    payload = seal_payload(KEY, world.log_id, "alpha", sequence, SHRED, bytes(24), plaintext)
    body = bodies.Delivery(TARGET, bodies.DeliveryResult.DELIVERED, root, payload_digest(payload))
    return payload, world.receipt(say(world, body))


def open_it(payload: bytes, receipt: bytes) -> bytes:
    """Return the file that opens the notes of a payload."""
    sealed = Sealed(payload, SHRED, disclosure_pb2.SealedBatch())
    return as_file(verify_receipt(receipt, WORLD.vkey), sealed, KEY, ["notes"], receipt)


def test_a_delivery_opens() -> None:
    """What became of a disclosure opens like the disclosure."""
    record = {"notes": "handed over"}
    file = open_it(*sealed_as(payload_plaintext(SECRET, (), record), slots_root(record, SECRET)))
    assert [field.value for field in verify_fields(file, WORLD.vkey).fields] == ["handed over"]


def test_a_payload_that_is_no_record_is_its_sources_fault() -> None:
    """A payload that holds what no record does is disproven, and so is one that the leaf does not name."""
    text = f'{{"entry_secret":"{SECRET.hex()}","keys":[],"record":{{"subject":"x"}}}}'.encode() + b"\x80"
    payload, receipt = sealed_as(text.ljust(512, b"\x00"), SECRET)
    with pytest.raises(VerificationFailed, match=r"^payload content: record: has an unknown field$"):
        open_it(payload, receipt)
    with pytest.raises(VerificationFailed, match=r"^payload digest: not the one in the leaf$"):
        open_it(payload + b"\x00", receipt)


def test_a_payload_that_is_not_there() -> None:
    """Where the ledger gives another payload or none, or says that it was erased, the refusal says so."""
    batch = disclosure_pb2.SealedBatch(
        payloads=[disclosure_pb2.SealedPayload(index=at, payload=b"%d" % at) for at in (4, 5)],
        erased=[disclosure_pb2.ErasedPayload(index=6, sequence=3, erasure=9)],
    )
    assert find_payload([disclosure_pb2.SealedBatch(), batch], 5).payload == b"5"
    for batches in ([], [batch]):
        with pytest.raises(Refused, match=r"^payload: the ledger gives none of this entry, and no erasure$"):
            find_payload(batches, 3)
    with pytest.raises(Refused, match=r"^payload: the ledger says that it was erased, at entry 9$"):
        find_payload([batch], 6)


def test_a_deposited_box_opens_too() -> None:
    """A box that was deposited for an auditor accredited later gives the batch key like one under the seal."""
    late, stranger = AuditorKeys.of("late"), AuditorKeys.of("stranger")
    junk = [disclosure_pb2.SealedKey(box=b"short"), disclosure_pb2.SealedKey(box=bytes(80))]
    boxes = [*junk, disclosure_pb2.SealedKey(box=box_batch_key(KEY, late.x25519))]
    for batch in (disclosure_pb2.SealedBatch(sealed_keys=boxes), disclosure_pb2.SealedBatch(deposited=boxes)):
        assert find_key(batch, late.x25519_secret) == KEY
        with pytest.raises(NotPermitted, match=r"^key: opens no box of the entry's batch"):
            find_key(batch, stranger.x25519_secret)
