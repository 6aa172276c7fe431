"""Whether entries are what their source signed: each batch held against its seal and the key that the log enrolled.

A tree of leaves shows that the log holds an entry, not who said it. Whoever reads an entry as a source's word checks
the seal of its batch (protocol §3), which a receipt brings with everything that it takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.client.reads import Entry, LogClient
from ledger.core.batch import Binding, decode_batch
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.merkle import leaf_hash
from ledger.core.receipt import ReceiptExtra, VerifiedReceipt
from ledger.core.rules import LEDGER
from ledger.core.tlogproof import TlogProof


@dataclass(frozen=True, slots=True)
class Sealing:
    """What is known of an entry's batch: the digest of boxes that its seal signs, or why it is not the source's."""

    digest: Hash = ZERO_HASH
    finding: str = ""


async def check_seals(reader: LogClient, entries: Sequence[Entry]) -> list[Sealing]:
    """Return for each of consecutive entries what the seal of its batch comes to, one receipt a batch."""
    found: list[Sealing] = []
    while len(found) < len(entries):
        entry = entries[len(found)]
        if entry.statement.source_id == LEDGER:
            found.append(Sealing())
            continue
        try:
            receipt, verified = await reader.receipt(entry.index)
        except VerificationFailed as error:
            finding = Sealing(finding=f"not shown to be the source's: {error}")
            found += [finding] * _rest(entries[len(found) :])
            continue
        extra = ReceiptExtra.decode(TlogProof.parse(receipt).extra)
        end = entry.index + extra.count - (entry.statement.sequence - extra.first_sequence)
        sealing = await _held(reader, entries, verified, extra, end)
        found += [sealing] * (min(end, entries[-1].index + 1) - entry.index)
    return found


def _rest(entries: Sequence[Entry]) -> int:
    """Return how many entries there are up to the next seal, or up to the last one."""
    return next((at for at, entry in enumerate(entries, 1) if entry.statement.seal is not None), len(entries))


async def _held(
    reader: LogClient, entries: Sequence[Entry], verified: VerifiedReceipt, extra: ReceiptExtra, end: int
) -> Sealing:
    """Return what a batch comes to once all of its leaves are those that the seal of the receipt signs."""
    begin, at = end - extra.count, {entry.index: entry.leaf for entry in entries}
    missing = [index for index in range(begin, end) if index not in at]
    if missing:
        at |= {entry.index: entry.leaf async for entry in reader.entries(missing[0], missing[-1] + 1)}
    binding = Binding(verified.log_id, leaf_hash(extra.key_statement), extra.previous)
    try:
        batch = decode_batch([at[index] for index in range(begin, end)])
        same = sha256(batch.signed_bytes(binding)) == verified.batch_digest
    except InvalidInput:
        same = False
    if not same:
        return Sealing(finding="seal: the leaves of the batch are not those that it signs")
    return Sealing(extra.seal.sealed_keys_digest)
