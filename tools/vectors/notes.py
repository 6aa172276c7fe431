"""Verifier keys, signed notes, checkpoints, cosignatures and what a witness policy makes of them."""

from functools import partial

from ledger.core.checkpoint import Checkpoint, cosign, cosigned_bytes, open_checkpoint, sign_checkpoint
from ledger.core.encoding import Hash
from ledger.core.merkle import EMPTY_ROOT
from ledger.core.note import COSIGNATURE, ED25519, Note, SigningKey
from ledger.core.policy import Policy, quorum_time
from vectors.plain import Json, case
from vectors.refusing import refused
from vectors.seeds import LOG_KEY, ORIGIN, WITNESS_POLICY, WITNESS_TIME, WITNESSES, seed
from vectors.wrong_notes import wrong_cosignatures, wrong_policies, wrong_vkeys

_TEXT = "A note may hold a blank line.\n\nOnly the last one ends its text.\n"


def notes() -> Json:
    """Return notes of the C2SP formats, and those that must be refused."""
    return {
        "description": [
            "C2SP signed-note, tlog-checkpoint, tlog-cosignature and tlog-policy.",
            (
                "vkeys: key_id and vkey follow from key_name, key_type and public. notes, checkpoints: signed by the "
                "first of vkeys; compare."
            ),
            (
                "cosignatures: of the checkpoint of 300 without extension lines; witness n signs signed_bytes, and "
                "line is its line in the note."
            ),
            (
                "quorum_times: under policy, timestamps by witness name give quorum_time, the largest t such that the "
                "cosignatures at or after t alone make the quorum; null where all together do not."
            ),
            "refused: notes that must not open as a checkpoint under the first of vkeys.",
            "refused_vkeys, refused_policies: texts that must not be taken for one. refused_cosignatures: notes whose "
            "log signature is right, while the line that is said to be of vkey must be refused.",
        ],
        "vkeys": [
            *(_vkey(key, ED25519) for key in (LOG_KEY,)),
            *(_vkey(key, COSIGNATURE) for key in WITNESSES),
        ],
        "notes": [_note("a text with a blank line", _TEXT)],
        "checkpoints": [
            _checkpoint("an empty tree", Checkpoint(ORIGIN, 0, EMPTY_ROOT)),
            _checkpoint("a tree of 300", Checkpoint(ORIGIN, 300, seed("root"))),
            _checkpoint("with extension lines", Checkpoint(ORIGIN, 300, seed("root"), ("one", "two"))),
        ],
        "cosignatures": [_cosignature(number, seed("root")) for number in range(3)],
        "policy": WITNESS_POLICY.decode(),
        "quorum_times": _quorum_times(),
        "refused": _refused(),
        "refused_vkeys": wrong_vkeys(),
        "refused_cosignatures": wrong_cosignatures(),
        "refused_policies": wrong_policies(),
    }


def _vkey(key: SigningKey, algorithm: int) -> Json:
    vkey = key.vkey(algorithm)
    return case(
        f"{key.name}, key type {algorithm:02x}",
        key_name=key.name,
        seed=key.secret.seed,
        public=vkey.public_key,
        key_type=algorithm,
        key_id=vkey.key_id,
        vkey=vkey.format(),
        **({"signer_key": key.format()} if algorithm == ED25519 else {}),
    )


def _note(name: str, text: str) -> Json:
    return case(name, text=text, note=Note(text, (LOG_KEY.sign(text),)).format().decode())


def _checkpoint(name: str, checkpoint: Checkpoint) -> Json:
    signed = sign_checkpoint(checkpoint, LOG_KEY)
    note = signed.note.format().decode()
    return case(name, checkpoint=checkpoint, text=checkpoint.format(), note=note)


def _cosignature(number: int, root: Hash) -> Json:
    checkpoint, time = Checkpoint(ORIGIN, 300, root), WITNESS_TIME + 10 * number
    line = cosign(checkpoint, time, WITNESSES[number])
    return case(
        f"witness {number} over a tree of 300",
        timestamp=time,
        signed_bytes=cosigned_bytes(time, checkpoint.format()).decode(),
        line=line.format(),
    )


def _quorum_times() -> list[Json]:
    policy = Policy.parse(WITNESS_POLICY)
    base = WITNESS_TIME
    rows = {
        "two of three": {"w0": base, "w1": base + 10},
        "three, one of them fast": {"w0": base, "w1": base + 10, "w2": base + 1_000_000},
    }
    times = [case(name, timestamps=given, quorum_time=quorum_time(given, policy)) for name, given in rows.items()]
    return [*times, case("one is no quorum", timestamps={"w0": base}, quorum_time=None)]


def _refused() -> list[Json]:
    good = sign_checkpoint(Checkpoint(ORIGIN, 300, seed("root")), LOG_KEY).note.format().decode()
    first = good.index("—")
    line = good[first:]
    encoded = line.split(" ")[2].rstrip("\n")
    other_bits = encoded[:-2] + chr(ord(encoded[-2]) + 1) + "="
    rows = [
        ("no signature line", good[:first]),
        ("the text changed", good.replace("\n300\n", "\n301\n")),
        ("signed by a stranger only", f"{good[:first]}{cosign_line(seed('root'))}\n"),
        ("base64 with bits that mean nothing", good.replace(encoded, other_bits)),
        ("a hyphen instead of the em dash", good.replace("—", "-")),
        ("a carriage return", good.replace("300\n", "300\r\n")),
        ("no final line feed", good[:-1]),
    ]
    vkey = LOG_KEY.vkey()
    return [case(refused(name, partial(open_checkpoint, note.encode(), vkey)), note=note) for name, note in rows]


def cosign_line(root: Hash) -> str:
    """Return a witness's line over a tree of 300."""
    return cosign(Checkpoint(ORIGIN, 300, root), WITNESS_TIME, WITNESSES[0]).format()
