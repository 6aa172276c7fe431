"""Verifier keys, cosignatures and policies that must be refused."""

from functools import partial

from ledger.core.checkpoint import Checkpoint, Cosignature, cosign, sign_checkpoint, verify_cosignatures
from ledger.core.note import COSIGNATURE, SignatureLine, VKey
from ledger.core.policy import Policy
from vectors.plain import Json, case
from vectors.refusing import refused
from vectors.seeds import LOG_KEY, ORIGIN, WITNESS_POLICY, WITNESS_TIME, WITNESSES, seed

_CHECKPOINT = Checkpoint(ORIGIN, 300, seed("root"))


def wrong_vkeys() -> list[Json]:
    """Return texts that are no verifier key."""
    good = LOG_KEY.vkey().format()
    name, hashed, encoded = good.split("+", 2)
    rows = {
        "another key's id": f"{name}+{WITNESSES[0].vkey().key_id.hex()}+{encoded}",
        "an id in upper case": f"{name}+{hashed.upper()}+{encoded}",
        "an id of three bytes": f"{name}+{hashed[:6]}+{encoded}",
        "the key under another name": f"{name}2+{hashed}+{encoded}",
        "a name with a space": f"a {name}+{hashed}+{encoded}",
        "no name": f"+{hashed}+{encoded}",
        "no key": f"{name}+{hashed}+",
        "base64 cut short": good[:-1],
        "a key of 31 bytes": f"{name}+{hashed}+{encoded[:-4]}",
        "a line feed at the end": f"{good}\n",
    }
    return [case(refused(wrong, partial(VKey.parse, vkey)), vkey=vkey) for wrong, vkey in rows.items()]


def wrong_cosignatures() -> list[Json]:
    """Return checkpoint notes that witness 0 did not cosign as they claim."""
    witness, other = WITNESSES[:2]
    vkey, good = witness.vkey(COSIGNATURE), cosign(_CHECKPOINT, WITNESS_TIME, witness)
    signature = Cosignature.parse(good.blob).signature
    blobs = {
        "at another time": Cosignature(WITNESS_TIME + 1, signature).format(),
        "at no time": Cosignature(0, signature).format(),
        "at a time of 2^63": Cosignature(2**63, signature).format(),
        "of another checkpoint": cosign(Checkpoint(ORIGIN, 301, seed("root")), WITNESS_TIME, witness).blob,
        "by another witness under this one's name": cosign(_CHECKPOINT, WITNESS_TIME, other).blob,
        "over the bare checkpoint": Cosignature(
            WITNESS_TIME, witness.secret.sign(_CHECKPOINT.format().encode()).signature
        ).format(),
        "a byte short": good.blob[:-1],
    }
    return [_cosignature(name, vkey, SignatureLine(vkey.name, vkey.key_id, blob)) for name, blob in blobs.items()]


def _cosignature(name: str, vkey: VKey, line: SignatureLine) -> Json:
    signed = sign_checkpoint(_CHECKPOINT, LOG_KEY)
    note = signed.note.with_signature(line)
    cosigned = type(signed)(signed.checkpoint, note)
    refused(name, lambda: verify_cosignatures(cosigned, [vkey]))
    return case(name, vkey=vkey.format(), note=note.format().decode())


def wrong_policies() -> list[Json]:
    """Return files that are no policy."""
    good = WITNESS_POLICY.decode()
    log, w0, w1, w2, group, quorum = good.splitlines(keepends=True)
    witnesses, stranger = w0 + w1 + w2, VKey.of("witness-3.example", COSIGNATURE, seed("witness 3")).format()
    rows = {
        "no quorum": log + witnesses + group,
        "two quorums": good + quorum,
        "a quorum that is not defined": log + witnesses + quorum,
        "a quorum defined after it": log + witnesses + quorum + group,
        "a member that is not defined": log + w0 + w1 + group + quorum,
        "a member in two groups": log + witnesses + group + "group other 1 w0\n" + quorum,
        "a group without members": log + "group two-of-three 1\n" + quorum,
        "a threshold of none": good.replace(" 2 ", " 0 "),
        "a threshold above the members": good.replace(" 2 ", " 4 "),
        "a threshold with a leading zero": good.replace(" 2 ", " 02 "),
        "a name twice": log + witnesses + f"witness w0 {stranger}\n" + group + quorum,
        "a witness's key twice": log + witnesses + w0.replace("w0", "w3") + group + quorum,
        "a log's key twice": log + good,
        "a witness called none": log + w0.replace("w0", "none") + "quorum none\n",
        "a witness with a log's key type": log.replace("log ", "witness w0 ") + "quorum w0\n",
        "a log with a witness's key type": w0.replace("witness w0 ", "log ") + "quorum none\n",
        "an unknown line": good + "auditor a\n",
        "a last line without line feed": good[:-1],
        "a carriage return": good.replace("\n", "\r\n"),
    }
    return [case(refused(name, partial(Policy.parse, text.encode())), policy=text) for name, text in rows.items()]
