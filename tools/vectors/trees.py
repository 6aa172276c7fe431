"""Ed25519 signatures, and trees of up to eight leaves with every proof."""

from ledger.core.encoding import Hash
from ledger.core.merkle import leaf_hash, tree_root
from ledger.core.proof import prove_consistency, prove_inclusion, prove_range
from ledger.core.signing import PublicKey, SecretKey, Signature, approver_id, verify_signature
from vectors.plain import Json, case
from vectors.proving import fetch_from
from vectors.refusing import refused
from vectors.seeds import seed
from vectors.wrong_proofs import wrong_consistency, wrong_inclusion, wrong_range

SIZE = 8
_ORDER = 2**252 + 27742317777372353535851937790883648493
_SMALL_ORDER = (
    (1).to_bytes(32, "little"),
    bytes(32),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
)


def signing() -> Json:
    """Return keys, key ids and signatures, and signatures that must be refused."""
    return {
        "description": [
            "Ed25519 as libsodium verifies it: cofactorless, S < L, small-order A and R refused.",
            (
                'cases: public comes of seed, signature of message. approver_id = SHA-256(L("approver") ‖ u8 1 ‖ '
                "public)."
            ),
            "refused: signatures that must not verify.",
        ],
        "cases": [_signed(f"key {n}", seed(f"signing {n}"), message) for n, message in enumerate(_messages())],
        "refused": _refused(),
    }


def _messages() -> tuple[bytes, ...]:
    return b"", b"\x00", bytes(range(64))


def _signed(name: str, key_seed: bytes, message: bytes) -> Json:
    key = SecretKey.from_seed(key_seed)
    return case(
        name,
        seed=key.seed,
        public=key.public.key,
        approver_id=approver_id(key.public),
        message=message,
        signature=key.sign(message).signature,
    )


def _refused() -> list[Json]:
    key = SecretKey.from_seed(seed("signing 0"))
    good = key.sign(b"message").signature
    point, scalar = good[:32], int.from_bytes(good[32:], "little")
    rows = [
        ("S + L instead of S", key.public.key, b"message", point + (scalar + _ORDER).to_bytes(32, "little")),
        ("another message", key.public.key, b"massage", good),
        ("one flipped bit in R", key.public.key, b"message", bytes([good[0] ^ 1]) + good[1:]),
        ("a signature of 63 bytes", key.public.key, b"message", good[:63]),
    ]
    for number, small in enumerate(_SMALL_ORDER):
        rows.append((f"small-order A number {number}, R the same, S zero", small, b"message", small + bytes(32)))
    rows.append(("small-order R", key.public.key, b"message", _SMALL_ORDER[0] + good[32:]))
    return [_refused_signature(*row) for row in rows]


def _refused_signature(name: str, public: bytes, message: bytes, signature: bytes) -> Json:
    refused(name, lambda: verify_signature(PublicKey(1, public), message, Signature(1, signature), "vector"))
    return case(name, public=public, message=message, signature=signature)


def merkle() -> Json:
    """Return roots of all sizes up to eight, and every inclusion, consistency and range proof between them."""
    data = [bytes([n]) * n for n in range(SIZE)]
    hashes = [leaf_hash(item) for item in data]
    return {
        "description": [
            "RFC 6962 trees over the first n of leaves. roots[n] is the root of size n.",
            (
                "inclusion, consistency: each path and proof must come out as given and verify; of consistency from "
                "size 0 the proof is empty."
            ),
            (
                "range: left and right are the maximal perfect subtrees left and right of [begin, end), left to "
                "right; with the leaves in between they give the root of size 7."
            ),
            "refused_inclusion, refused_consistency, refused_range: proofs that must not verify with what is beside.",
        ],
        "leaves": [item.hex() for item in data],
        "leaf_hashes": [item.hex() for item in hashes],
        "roots": [tree_root(hashes[:size]).hex() for size in range(SIZE + 1)],
        "inclusion": [_inclusion(index, size, hashes) for size in range(1, SIZE + 1) for index in range(size)],
        "consistency": [
            _consistency(first, second, hashes) for second in range(1, SIZE + 1) for first in range(second + 1)
        ],
        "range": [_range(begin, end, hashes[:7]) for end in range(1, 8) for begin in range(end)],
        "refused_inclusion": wrong_inclusion(hashes),
        "refused_consistency": wrong_consistency(hashes),
        "refused_range": wrong_range(hashes),
    }


def _inclusion(index: int, size: int, hashes: list[Hash]) -> Json:
    path = prove_inclusion(index, size, fetch_from(hashes))
    return case(f"index {index} of {size}", index=index, size=size, path=path)


def _consistency(first: int, second: int, hashes: list[Hash]) -> Json:
    proof = prove_consistency(first, second, fetch_from(hashes))
    return case(f"{first} to {second}", first=first, second=second, proof=proof)


def _range(begin: int, end: int, hashes: list[Hash]) -> Json:
    proof = prove_range(begin, end, len(hashes), fetch_from(hashes))
    members = {"begin": begin, "end": end, "size": len(hashes), "left": proof.left, "right": proof.right}
    return case(f"[{begin}, {end}) of {len(hashes)}", **members)
