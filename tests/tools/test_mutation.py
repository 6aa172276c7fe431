"""Mutants are small, each in one place, and a campaign tells which of them the tests notice."""

import ast
from pathlib import Path

import pytest

from mutation.operators import mutants, mutated
from mutation.running import CORE, other_tests, own_tests


def others(source: str) -> set[str]:
    """Return what a module becomes, mutant by mutant."""
    return {ast.unparse(mutated(source, mutant)) for mutant in mutants(source)}


GUARDED = "match a:\n    case _ if b:\n        c\n    case _:\n        d"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", {"a <= b", "a >= b"}),
        ("a == b", {"a != b"}),
        ("a is not None", {"a is None"}),
        ("a in b", {"a not in b"}),
        ("a and b", {"a or b", "a", "b"}),
        ("not a", {"a"}),
        ("a + 1", {"a - 1", "a + 2", "a + 0"}),
        ("a << b", {"a >> b"}),
        ("a = True", {"a = False"}),
        ("a = b'x'", {"a = b'xx'"}),
        ("min(a)", {"max(a)", "pass"}),
        ("check(a)", {"pass"}),
        ("if a:\n    raise b", {"if not a:\n    raise b", "if a:\n    pass"}),
        ("if a > b:\n    c = d", {"if a >= b:\n    c = d", "if a <= b:\n    c = d", "if a > b:\n    pass"}),
        ("def f():\n    return a", {"def f():\n    return"}),
        ("[a for a in b if c]", {"[a for a in b]"}),
        (GUARDED, {GUARDED.replace("if b", "if True")}),
    ],
    ids=lambda value: repr(value) if isinstance(value, str) else "its mutants",
)
def test_what_else_could_stand_there(source: str, expected: set[str]) -> None:
    """Each construct has its own faults, and each mutant has one of them."""
    assert others(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "import a",
        "a: int",
        "def f(a: int | None) -> int | None:\n    ...",
        "@dataclass(frozen=True)\nclass A:\n    pass",
        "A = NewType('A', b)",
        "zip(a, strict=True)",
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_left_alone(source: str) -> None:
    """What says nothing that a test of behaviour could see has no mutant but the removal of a call."""
    assert others(source) <= {"pass"}


def test_messages_keep_their_words_but_not_their_field() -> None:
    """A refusal's field is what tests look for, its sentence is not."""
    assert others("raise InvalidInput('field', 'a sentence')") == {"pass", "raise InvalidInput('fieldx', 'a sentence')"}
    assert others("raise KeySuperseded('field: a sentence', current)") == {"pass"}


def test_the_same_change_in_two_places_has_two_keys() -> None:
    """A key names function and change, and counts where there are more of them."""
    source = "def f(a):\n    g(a, 1)\n    g(a, 1)\n"
    keys = [mutant.key("module") for mutant in mutants(source)]
    assert len(set(keys)) == len(keys) == 6
    assert "module.f: 1 → 2 #2" in keys


@pytest.mark.parametrize("path", sorted(CORE.glob("*.py")), ids=lambda path: path.stem)
def test_every_mutant_of_the_core_compiles(path: Path) -> None:
    """What is run is always a module, and never the one it came from."""
    source = path.read_text()
    original = ast.unparse(ast.parse(source))
    found = mutants(source)
    for mutant in found[:: max(1, len(found) // 20)]:
        tree = mutated(source, mutant)
        assert ast.unparse(tree) != original
        compile(tree, path.name, "exec")


def test_tests_of_a_module_come_first() -> None:
    """Those that bear its name or are listed for it are its own, those that import it come after."""
    own = {Path(name).stem for name in own_tests("batch")}
    other = {Path(name).stem for name in other_tests("batch")}
    assert own == {"test_batch", "test_parts", "test_seal"}
    assert "test_chain" in other
    assert own.isdisjoint(other)
