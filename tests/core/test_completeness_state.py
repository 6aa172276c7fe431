"""A judgment is kept between runs as bytes: it goes on as if it had never stopped, and changed it is refused."""

import json
from collections.abc import Callable

import pytest

from ledger.core import completeness_state
from ledger.core.completeness import Completeness
from ledger.core.completeness_report import report
from ledger.core.completeness_state import HEADER, resume, save
from ledger.core.encoding import sha256, u64
from ledger.core.errors import InvalidInput, LedgerError, WrongLog
from ledger.core.framing import Framer
from ledger.core.note import SigningKey
from tests.core.embargoed import live, with_officers
from tests.core.judging import DAY, anchor, close_as, forced_in, judged, policy_of
from tests.core.test_closings import MONDAY, closing, late, later
from tests.core.world import World, disclosure, mixed, secret


def rich() -> World:
    """Return a log in which every kind of thing that a judgment keeps has happened."""
    world = with_officers(threshold=1)
    live(world, "alpha", "one")
    anchor(world, world.minute - 30)
    later(world, 2)
    close_as(world, 0)
    world.say("alpha", late(world, MONDAY))
    world.enrol("beta")
    world.change_key("alpha", forced=True)
    world.disclose("beta", disclosure(), disclosure())
    world.revoke("beta")
    world.minute += DAY
    world.disclose("alpha")
    return world


@pytest.mark.parametrize("make", [mixed, rich])
@pytest.mark.parametrize("witnessed", [False, True])
def test_a_judgment_goes_on_from_every_batch(make: Callable[[], World], witnessed: bool) -> None:
    """Saved and resumed after each batch, it comes to the same report as one that never stopped."""
    world = make()
    policy = policy_of(world) if witnessed else None
    judgment = Completeness(world.vkey, policy)
    for batch in Framer().take(world.leaves):
        judgment = resume(save(judgment), world.vkey, policy)
        judgment.take(batch)
    through = judged(world, policy)
    assert save(judgment) == save(through)
    for at in (world.minute, world.minute + 400 * DAY):
        assert report(judgment, at) == report(through, at)


def test_a_judgment_that_ended_stays_ended() -> None:
    """What convicts the log is kept with the rest."""
    world = rich()
    judgment = Completeness(world.vkey)
    for batch in Framer().take(forced_in(world, "alpha", closing(world, start=0))):
        judgment.take(batch)
    again = resume(save(judgment), world.vkey)
    again.take([b"more"])
    assert report(again, world.minute) == report(judgment, world.minute)
    assert again.noted.stop is not None


def test_every_changed_byte_is_refused() -> None:
    """The hash at the end covers all before it, and the first line the version."""
    data = save(judged(mixed()))
    vkey = mixed().vkey
    for at in range(0, len(data), 7):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises(InvalidInput, match=r"^state: "):
            resume(bytes(changed), vkey)


@pytest.mark.parametrize("length", [0, 1, len(HEADER), len(HEADER) + 9, -33, -1])
def test_every_truncation_is_refused(length: int) -> None:
    """A file that was not written to its end is no judgment."""
    data = save(judged(mixed()))
    with pytest.raises(InvalidInput, match=r"^state: "):
        resume(data[:length], mixed().vkey)


def test_that_of_another_log_is_refused() -> None:
    """It goes on with the log that it judged, and with no other."""
    other = SigningKey("log.example", secret("other"))
    with pytest.raises(WrongLog, match="state: of another log"):
        resume(save(judged(mixed())), other.vkey())


@pytest.mark.parametrize("policies", [(False, True), (True, False)])
def test_that_under_another_policy_is_refused(policies: tuple[bool, bool]) -> None:
    """Effective times are those of one witness policy."""
    world = mixed()
    before, after = (policy_of(world) if given else None for given in policies)
    with pytest.raises(WrongLog, match="state: judged under another witness policy"):
        resume(save(judged(world, before)), world.vkey, after)


def sealed(small: object, columns: bytes = b"") -> bytes:
    """Return a file with a right hash over wrong content."""
    data = small if isinstance(small, bytes) else json.dumps(small).encode()
    whole = HEADER + u64(len(data)) + data + columns
    return whole + sha256(whole)


@pytest.mark.parametrize(
    "content",
    [b"no JSON", b"\xff", [], {}, ["", "00" * 32], [1, "00" * 32, None, 0, [], [], [], [], []], 7, [[[]]] * 9],
    ids=str,
)
def test_what_has_the_right_hash_and_the_wrong_content_is_refused(content: object) -> None:
    """Whoever wrote it, what does not fit is named as the state's fault, and nothing else is raised."""
    with pytest.raises(LedgerError, match=r"^state: "):
        resume(sealed(content), mixed().vkey)


def test_columns_that_do_not_fit_are_refused() -> None:
    """Each entry has its bytes, neither fewer nor more."""
    data = save(judged(mixed()))
    begin = len(HEADER) + 8
    end = begin + int.from_bytes(data[len(HEADER) : begin], "big")
    small, columns = data[begin:end], data[end:-32]
    assert resume(sealed(small, columns), mixed().vkey).size == mixed().size
    for wrong in (columns[:-8], columns + bytes(8), columns[:-1], b""):
        with pytest.raises(InvalidInput, match=r"^state: "):
            resume(sealed(small, wrong), mixed().vkey)


def test_the_bytes_are_the_same_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are little-endian in the file: a machine of the other byte order turns them round on both ways."""
    judgment = judged(mixed())
    little = save(judgment)
    monkeypatch.setattr(completeness_state, "_LITTLE", False)
    turned = save(judgment)
    assert turned != little
    assert save(resume(turned, mixed().vkey)) == turned


def test_a_judgment_is_small() -> None:
    """An entry costs 25 bytes; what else is kept is by batch and day, source and finding."""
    world = World.open()
    world.enrol("alpha")
    world.add_auditor("one")
    before = len(save(judged(world)))
    world.disclose("alpha", *[disclosure() for _ in range(400)])
    assert (len(save(judged(world))) - before) / 400 < 27


def test_the_bytes_are_what_the_format_says() -> None:
    """Its first line, the length of what is small, and little-endian numbers, of which the last is an offset."""
    judgment = judged(mixed())
    data = save(judgment)
    assert data.startswith(b"disclosure-ledger/v1/completeness-state\n" + bytes(6))
    last = list(judgment.entries.chains.values())[-1].run_offsets[-1]
    assert data[-40:-32] == last.to_bytes(8, "little")
    assert last > 0


def test_one_of_another_version_is_refused() -> None:
    """Whatever follows its first line, and though its hash is right."""
    whole = save(judged(mixed()))[:-32].replace(b"/v1/", b"/v2/", 1)
    with pytest.raises(InvalidInput, match=r"^state: is no judgment, or one of another version$"):
        resume(whole + sha256(whole), mixed().vkey)


def test_a_longer_log_keeps_no_more_than_its_columns() -> None:
    """Ten times the entries add 25 bytes for each; all else grows by the digits of larger numbers alone."""
    world = World.open()
    world.enrol("alpha")
    world.add_auditor("one")
    kept = []
    for batches in (1, 9):
        for _ in range(batches):
            world.disclose("alpha", *[disclosure() for _ in range(100)])
        data = save(judged(world))
        small = int.from_bytes(data[len(HEADER) : len(HEADER) + 8], "big")
        kept.append((small, len(data) - small))
    (few, columns), (many, more) = kept
    assert many - few < 20
    assert more - columns == 25 * 900
