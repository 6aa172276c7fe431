"""What a disclosing service or a reader imports: a recorder, verified reads, profiles and key files."""

from ledger.client.approvals import Draft, OfficerApproval
from ledger.client.gate import Release, gated
from ledger.client.gate_sync import SyncRelease
from ledger.client.keyfile import load as load_key
from ledger.client.opening import draft_closing, open_reader, open_recorder, put_off
from ledger.client.profile import Profile
from ledger.client.profile import load as load_profile
from ledger.client.range_receipt import Receipt
from ledger.client.reads import Entry, LogClient, Pins
from ledger.client.recorder import Recorder
from ledger.client.sync import SyncRecorder
from ledger.core.errors import GateShut, Unresolved
from ledger.core.record import DisclosureRecord
from ledger.core.record_input import Disclosure

__all__ = [
    "Disclosure",
    "DisclosureRecord",
    "Draft",
    "Entry",
    "GateShut",
    "LogClient",
    "OfficerApproval",
    "Pins",
    "Profile",
    "Receipt",
    "Recorder",
    "Release",
    "SyncRecorder",
    "SyncRelease",
    "Unresolved",
    "draft_closing",
    "gated",
    "load_key",
    "load_profile",
    "open_reader",
    "open_recorder",
    "put_off",
]
