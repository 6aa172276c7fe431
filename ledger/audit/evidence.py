"""Evidence against a source, made of what an auditor opened (``ledger.core.conviction``)."""

from ledger.audit.boxes import Auditor, held_key, sealed_keys
from ledger.audit.payloads import Opened
from ledger.client.reads import LogClient
from ledger.core.conviction import Conviction, verify_conviction
from ledger.core.errors import NotPermitted, VerificationFailed
from ledger.core.merkle import leaf_hash
from ledger.core.receipt import ReceiptExtra
from ledger.core.tlogproof import TlogProof


async def evidence(reader: LogClient, auditor: Auditor, opened: Opened) -> bytes:
    """Return the file that convicts the source of what was found in one of its entries.

    Raises:
        VerificationFailed: it would convince nobody: what is wrong is not of the source's making, or not shown to be.
        NotPermitted: the batch key is not known, without which nothing can be shown.
        InvalidInput, Uncheckable: it cannot be written, or not be checked.
    """
    sealed = opened.sealed
    if sealed is None:
        raise VerificationFailed("no fault: what the ledger gives is not what the source sealed, or nothing is wrong")
    batch_key = held_key(sealed.batch, auditor)
    if not batch_key:
        raise NotPermitted("batch key: the box for this auditor opens to nobody, and no other is at hand")
    receipt, _ = await reader.receipt(opened.entry.index)
    key_statement = ReceiptExtra.decode(TlogProof.parse(receipt).extra).key_statement
    leaves = {leaf_hash(key_statement): key_statement, **{to: item.leaf for to, item in auditor.known.items()}}
    boxes = sealed_keys(sealed.batch)
    recipients = tuple([leaves[box.key_id] for box in boxes if box.key_id in leaves])
    data = Conviction(batch_key, sealed.payload, sealed.shred, boxes, recipients, receipt).format()
    verify_conviction(data, reader.pins.vkey)
    return data
