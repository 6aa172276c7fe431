"""What a dishonest party might do, who catches it, and which scenario shows that, or why none does yet."""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Act(Enum):
    """The acts that the ledger promises to expose."""

    REWRITTEN = "an entry is rewritten, reordered or dropped, and everything signed anew"
    FORKED = "the log has two histories, one of them private"
    SWALLOWED = "the operator takes an entry and does not log it"
    UNLOGGED = "data is handed over without an entry"
    FORGED = "the operator speaks in a source's name, or exchanges its key"
    MISLABELLED = "an entry is logged under another person, without a key, or with garbage sealed"
    GAGGED = "a disclosure is kept secret for ever behind a gag order"
    FORGOTTEN = "a quiet month is forgotten, or confessed late"
    COLLUDED = "source and operator act together: dates, grace and officers as they need them"
    OVERHEARD = "the operator accredits an auditor of his own"
    DELETED = "a payload is deleted"
    ROLLED_BACK = "yesterday's backup is restored"


@dataclass(frozen=True, slots=True)
class Row:
    """How one party catches an act: by which command, and with which evidence; ``later`` says why it cannot yet.

    ``tests`` are the scenarios, as module and function in this package.
    """

    act: Act
    by: str
    through: str
    evidence: str
    tests: tuple[str, ...] = ()
    later: str = ""

    @property
    def markdown(self) -> str:
        """The row in docs/scenarios.md."""
        shown = f"later: {self.later}" if self.later else ", ".join(f"`{name}`" for name in self.tests)
        return f"| {self.act.value} | {self.by} | {self.through} | {self.evidence} | {shown} |"


NOTHING: Final = "none: exit code and words"
SPLIT: Final = "`.split`, convicts the log"
LOG: Final = "the log's own files, convict it"

ROWS: Final = (
    Row(
        Act.REWRITTEN,
        "a mirror of before",
        "`ledger mirror`",
        f"{SPLIT}; both checkpoints",
        ("test_rewritten.test_a_mirror_of_before_convicts",),
    ),
    Row(
        Act.REWRITTEN,
        "whoever holds an old receipt",
        "`ledger compare`",
        SPLIT,
        ("test_rewritten.test_an_old_receipt_convicts",),
    ),
    Row(
        Act.REWRITTEN,
        "a reader who remembers a checkpoint",
        "`ledger checkpoint`, `ledger entries`",
        NOTHING,
        ("test_rewritten.test_a_reader_that_remembers_refuses",),
    ),
    Row(
        Act.REWRITTEN,
        "the operator's own check",
        "`ledgerctl fsck`",
        NOTHING,
        ("test_rewritten.test_the_operators_own_check_names_it",),
    ),
    Row(
        Act.FORKED,
        "a witness",
        "`ledger witness serve`, by itself",
        SPLIT,
        ("test_two_histories.test_a_witness_keeps_what_convicts",),
    ),
    Row(
        Act.FORKED,
        "a source that would record there",
        "`ledger record`",
        "none: no quorum, no receipt",
        ("test_two_histories.test_a_recorder_gets_no_receipt",),
    ),
    Row(
        Act.FORKED,
        "a release gate",
        "`ledger gate`",
        "none: no quorum, nothing leaves",
        ("test_two_histories.test_a_gate_stays_shut",),
    ),
    Row(
        Act.FORKED,
        "whoever is shown its receipt and has the policy",
        "`ledger verify --policy`",
        NOTHING,
        ("test_two_histories.test_a_receipt_of_a_private_fork_is_none",),
    ),
    Row(
        Act.FORKED,
        "whoever sees both",
        "`ledger compare`",
        SPLIT,
        ("test_two_histories.test_whoever_sees_both_convicts",),
    ),
    Row(
        Act.SWALLOWED,
        "the source",
        "`ledger record`",
        "none: silence proves nothing; no receipt, and the entry is sent again",
        ("test_swallowed.test_the_source_gets_no_receipt", "test_swallowed.test_the_source_sends_it_again"),
    ),
    Row(
        Act.SWALLOWED,
        "a release gate",
        "`ledger gate`",
        "none: no receipt, nothing leaves",
        ("test_swallowed.test_a_gate_stays_shut",),
    ),
    Row(
        Act.SWALLOWED,
        "any ledger that is asked for the next number",
        "the answer to the source",
        NOTHING,
        ("test_swallowed.test_the_next_number_is_refused",),
    ),
    Row(
        Act.UNLOGGED,
        "a release gate, of data that has to pass it",
        "`ledger gate`",
        "none: no receipt, nothing leaves",
        ("test_gated.test_without_a_ledger_nothing_passes",),
    ),
    Row(
        Act.UNLOGGED,
        "the recipient",
        "opening a package",
        "the package without its receipt",
        later="packages for recipients are not made yet",
    ),
    Row(
        Act.UNLOGGED,
        "the person concerned",
        "a lookup with its proof of absence",
        "the answer",
        later="the lookup map is not served yet",
    ),
    Row(
        Act.UNLOGGED,
        "the source's own egress log",
        "reconciliation",
        "the signed closing, which is false then",
        later="egress logs are not reconciled with the log yet",
    ),
    Row(
        Act.UNLOGGED,
        "the ledger, of a closing that leaves an entry out",
        "the answer to the source",
        NOTHING,
        ("test_miscounted.test_an_honest_ledger_refuses_it",),
    ),
    Row(
        Act.UNLOGGED,
        "everybody, of a closing that leaves an entry out",
        "`ledger completeness`, `ledgerctl fsck`",
        LOG,
        ("test_miscounted.test_replaying_contradicts_it",),
    ),
    Row(
        Act.FORGED,
        "whoever is given its receipt",
        "`ledger verify`, `ledger receipt`",
        "the receipt, which the log signed",
        ("test_forged.test_its_receipt_shows_it_offline", "test_forged.test_readers_refuse_it"),
    ),
    Row(
        Act.FORGED,
        "everybody",
        "`ledger completeness`, `ledgerctl fsck`",
        LOG,
        ("test_forged.test_a_report_on_the_log_convicts_it", "test_forged.test_replaying_names_it"),
    ),
    Row(
        Act.FORGED,
        "an auditor",
        "`ledger audit open`",
        "the receipt, which the log signed",
        ("test_forged.test_an_auditor_takes_it_for_nobodys_word",),
    ),
    Row(
        Act.FORGED,
        "the source",
        "`ledger record`",
        NOTHING,
        (
            "test_forged.test_the_source_sees_another_head",
            "test_forged.test_the_source_notices_that_its_key_is_another",
        ),
    ),
    Row(
        Act.FORGED,
        "everybody, of an exchanged key",
        "`ledger verify`, `ledger completeness`, `ledgerctl status`",
        "every later receipt says FORCED",
        ("test_forged.test_a_forced_key_is_marked_for_good", "test_forged.test_a_report_on_the_log_tells_of_it"),
    ),
    Row(
        Act.MISLABELLED,
        "an auditor",
        "`ledger audit open --evidence`",
        "`.conviction`, convicts the source",
        ("test_mislabelled.test_an_auditor_convicts_the_source",),
    ),
    Row(
        Act.MISLABELLED,
        "an auditor, of a box that opens nothing for another",
        "`ledger audit open --evidence`",
        "`.conviction`, convicts the source",
        ("test_mislabelled.test_a_box_that_opens_nothing_is_convicted_by_whose_box_opens",),
    ),
    Row(
        Act.MISLABELLED,
        "the ledger, of a batch that too few auditors can open",
        "the answer to the source",
        NOTHING,
        ("test_mislabelled.test_what_no_auditor_can_open_is_not_logged",),
    ),
    Row(
        Act.MISLABELLED,
        "the recipient",
        "the keys that a package opens",
        "the package",
        later="packages for recipients are not made yet",
    ),
    Row(
        Act.GAGGED,
        "everybody",
        "`ledger embargo list`, `ledger completeness`",
        "the entry, whose end is public",
        ("test_gagged.test_it_is_counted_and_due_in_public", "test_gagged.test_a_report_on_the_log_finds_it_overdue"),
    ),
    Row(
        Act.GAGGED,
        "everybody, of extensions",
        "`ledger history`, `ledger embargo list`",
        "numbered entries",
        ("test_gagged.test_extensions_are_numbered_and_the_third_is_not_its_own",),
    ),
    Row(
        Act.GAGGED,
        "everybody, of a correction that is not lifted with it",
        "`ledger embargo list`, `ledger completeness`",
        "the entry, whose corrections are public",
        ("test_gagged.test_a_correction_that_is_not_lifted_keeps_it_open",),
    ),
    Row(
        Act.GAGGED,
        "the ledger, of one past the cap",
        "the answer to the source",
        NOTHING,
        ("test_gagged.test_no_embargo_is_past_the_cap",),
    ),
    Row(
        Act.FORGOTTEN,
        "everybody, of a month without a closing",
        "`ledger completeness`",
        "the log's own files, which lack it",
        ("test_forgotten.test_a_month_without_a_word_is_missing",),
    ),
    Row(
        Act.FORGOTTEN,
        "everybody, of a closing that came late",
        "`ledger completeness`",
        "the closing's entry",
        ("test_forgotten.test_a_late_confession_is_told_as_late",),
    ),
    Row(
        Act.FORGOTTEN,
        "everybody, of a closing that is dated back",
        "`ledger completeness --policy`",
        "the ANCHOR before it, which witnesses dated",
        ("test_backdated.test_an_anchor_tells_that_it_is_late",),
    ),
    Row(
        Act.COLLUDED,
        "everybody, of a time in which dates may be anything",
        "`ledger completeness --policy`",
        "the ANCHOR after it, which witnesses dated",
        ("test_backdated.test_the_time_that_no_quorum_saw_is_told",),
    ),
    Row(
        Act.COLLUDED,
        "everybody, of an ANCHOR that belongs to another history",
        "`ledger completeness`",
        "the ANCHOR, which the log signed, convicts it",
        ("test_weakened.test_an_anchor_of_another_history_convicts_the_log",),
    ),
    Row(
        Act.COLLUDED,
        "everybody, of grace that is raised for periods that are over",
        "`ledger completeness`",
        "the log's own files, which lack the closings",
        ("test_weakened.test_more_grace_excuses_nothing_that_is_over",),
    ),
    Row(
        Act.COLLUDED,
        "everybody, of officers who are sent away",
        "`ledger completeness`",
        "the key change, which both signed",
        ("test_weakened.test_officers_that_are_sent_away_are_told",),
    ),
    Row(
        Act.OVERHEARD,
        "the source",
        "`ledger record` seals to whom its profile allows, `ledger audit open` opens nothing",
        "the newcomer's entry in the log",
        ("test_eavesdropper.test_nothing_is_sealed_to_it",),
    ),
    Row(
        Act.OVERHEARD,
        "an auditor, of a box that is put beside",
        "`ledger audit open`, `ledgerctl fsck`",
        NOTHING,
        ("test_eavesdropper.test_a_box_put_beside_is_found",),
    ),
    Row(
        Act.DELETED,
        "an auditor",
        "`ledger audit open`, `ledger audit report`",
        "the report's receipt",
        ("test_deleted.test_an_auditor_finds_what_is_missing",),
    ),
    Row(
        Act.DELETED,
        "the operator's own check",
        "`ledgerctl fsck`",
        NOTHING,
        ("test_deleted.test_the_operators_own_check_finds_it",),
    ),
    Row(
        Act.DELETED,
        "everybody, of one that is declared, which is no finding",
        "`ledger history`",
        "the ERASURE, which is approved",
        ("test_deleted.test_a_declared_erasure_is_no_finding",),
    ),
    Row(
        Act.ROLLED_BACK,
        "the ledger's own mark",
        "`ledger serve`",
        NOTHING,
        ("test_rolled_back.test_its_own_mark_keeps_it_from_starting",),
    ),
    Row(
        Act.ROLLED_BACK,
        "the ledger's witnesses, of mark and store",
        "`ledgerctl status`, `ledger record`",
        NOTHING,
        ("test_two_histories.test_a_backup_asks_its_witnesses_first",),
    ),
    Row(
        Act.ROLLED_BACK,
        "the source, and a reader who remembers",
        "`ledger record`, `ledger checkpoint`",
        NOTHING,
        ("test_rolled_back.test_whoever_remembers_is_told",),
    ),
    Row(
        Act.ROLLED_BACK,
        "whoever holds a receipt of what was taken back, once the log goes on",
        "`ledger compare`",
        SPLIT,
        ("test_rolled_back.test_a_receipt_convicts_once_it_goes_on",),
    ),
)
"""Every act, once for each party that catches it."""
