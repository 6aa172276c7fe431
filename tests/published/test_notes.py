"""Verifier keys, notes, checkpoints and policies of the vectors hold, and their wrong ones do not."""

import pytest

from ledger.core.checkpoint import (
    Checkpoint,
    Cosignature,
    cosigned_bytes,
    open_checkpoint,
    sign_checkpoint,
    verify_cosignatures,
)
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.note import COSIGNATURE, Note, SignatureLine, SigningKey, VKey, open_note, verify_bytes
from ledger.core.policy import Policy, quorum_time
from ledger.core.signing import SecretKey
from tests.published.reading import Case, cases, raw, rebuild, vectors

NOTES = vectors("notes")
VKEYS = [VKey.parse(case["vkey"]) for case in NOTES["vkeys"]]


@pytest.mark.parametrize("case", cases("notes", "vkeys"))
def test_verifier_keys(case: Case) -> None:
    """Key id and verifier key follow from name, type and key."""
    key = SigningKey(case["key_name"], SecretKey.from_seed(raw(case["seed"])))
    vkey = key.vkey(case["key_type"])
    assert (vkey.public_key.hex(), vkey.key_id.hex(), vkey.format()) == (case["public"], case["key_id"], case["vkey"])
    assert VKey.parse(case["vkey"]) == vkey
    assert "signer_key" not in case or SigningKey.parse(case["signer_key"]) == key


@pytest.mark.parametrize("case", cases("notes", "notes", "checkpoints"))
def test_notes(case: Case) -> None:
    """The first key's note over the text is the one given, and opens to the text."""
    key = SigningKey.parse(NOTES["vkeys"][0]["signer_key"])
    assert Note(case["text"], (key.sign(case["text"]),)).format().decode() == case["note"]
    assert open_note(case["note"].encode(), VKEYS[:1]).text == case["text"]


@pytest.mark.parametrize("case", cases("notes", "checkpoints"))
def test_checkpoints(case: Case) -> None:
    """A checkpoint's text and note are those of its fields."""
    checkpoint = rebuild(Checkpoint, case["checkpoint"])
    signed = sign_checkpoint(checkpoint, SigningKey.parse(NOTES["vkeys"][0]["signer_key"]))
    assert (signed.note.text, signed.note.format().decode()) == (case["text"], case["note"])
    assert open_checkpoint(case["note"].encode(), VKEYS[0]).checkpoint == checkpoint


@pytest.mark.parametrize("number", range(3))
def test_cosignatures(number: int) -> None:
    """A witness's line holds its time and its signature over header, time and checkpoint."""
    case, vkey = NOTES["cosignatures"][number], VKEYS[number + 1]
    line = SignatureLine.parse(case["line"])
    cosignature = Cosignature.parse(line.blob)
    assert (line.name, line.key_id, vkey.algorithm) == (vkey.name, vkey.key_id, COSIGNATURE)
    assert cosignature.timestamp == case["timestamp"]
    message = cosigned_bytes(case["timestamp"], NOTES["checkpoints"][1]["text"])
    assert message.decode() == case["signed_bytes"]
    assert verify_bytes(vkey, message, cosignature.signature) == message


@pytest.mark.parametrize("case", cases("notes", "quorum_times"))
def test_quorum_times(case: Case) -> None:
    """A quorum has the time that it has without its fastest clocks, and too few have none."""
    policy = Policy.parse(NOTES["policy"].encode())
    if case["quorum_time"] is None:
        with pytest.raises(VerificationFailed, match="quorum"):
            quorum_time(case["timestamps"], policy)
    else:
        assert quorum_time(case["timestamps"], policy) == case["quorum_time"]


@pytest.mark.parametrize("case", cases("notes", "refused"))
def test_wrong_notes(case: Case) -> None:
    """A changed note is no checkpoint of the log."""
    with pytest.raises((InvalidInput, VerificationFailed)):
        open_checkpoint(case["note"].encode(), VKEYS[0])


@pytest.mark.parametrize("case", cases("notes", "refused_vkeys"))
def test_wrong_verifier_keys(case: Case) -> None:
    """A text with another key's id, or in another spelling, is no verifier key."""
    with pytest.raises(InvalidInput):
        VKey.parse(case["vkey"])


@pytest.mark.parametrize("case", cases("notes", "refused_cosignatures"))
def test_wrong_cosignatures(case: Case) -> None:
    """The log signed the checkpoint, and the witness did not as its line claims."""
    signed = open_checkpoint(case["note"].encode(), VKEYS[0])
    with pytest.raises(VerificationFailed):
        verify_cosignatures(signed, [VKey.parse(case["vkey"])])


@pytest.mark.parametrize("case", cases("notes", "refused_policies"))
def test_wrong_policies(case: Case) -> None:
    """A file that breaks a rule of policies is none."""
    with pytest.raises(InvalidInput):
        Policy.parse(case["policy"].encode())
