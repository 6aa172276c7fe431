"""The faults: for each node of a syntax tree, what else could stand there.

Left alone is what no test of behaviour can see: annotations, docstrings, decorators, the wording of messages.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

_COMPARISONS: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
    ast.Pow: ast.Mult,
}
_NAMES: Final = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "append": "extend"}
_TYPING: Final = frozenset({"NewType", "TypeVar", "cast"})
_KEYWORDS: Final = frozenset({"strict"})
"""``zip(strict=True)`` says what is so already."""

Step = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """``node`` in place of what stands at ``path`` from the root; ``what`` says it, ``where`` names the function."""

    path: tuple[Step, ...]
    node: ast.AST
    line: int
    where: str
    what: str

    def key(self, module: str) -> str:
        """Return what tells this mutant from others, whatever line it moves to."""
        return f"{module}.{self.where}: {self.what}"


def mutants(source: str) -> list[Mutant]:
    """Return every mutant of a module's source, in its order."""
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for mutant in _walk(ast.parse(source), (), ""):
        seen[mutant.where, mutant.what] += 1
        count = seen[mutant.where, mutant.what]
        found.append(mutant if count == 1 else replace(mutant, what=f"{mutant.what} #{count}"))
    return found


def mutated(source: str, mutant: Mutant) -> ast.Module:
    """Return the module with one mutant in it."""
    tree = ast.parse(source)
    parent: ast.AST = tree
    for step in mutant.path[:-1]:
        parent = _at(parent, step)
    name, index = mutant.path[-1]
    if index is None:
        setattr(parent, name, mutant.node)
    else:
        getattr(parent, name)[index] = mutant.node
    return ast.fix_missing_locations(tree)


def _at(node: ast.AST, step: Step) -> ast.AST:
    name, index = step
    found = getattr(node, name)
    child: ast.AST = found if index is None else found[index]
    return child


def _walk(node: ast.AST, path: tuple[Step, ...], where: str) -> Iterator[Mutant]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        where = f"{where}.{node.name}".lstrip(".")
    line = getattr(node, "lineno", 0)
    if path:
        before = ast.unparse(node)
        for changed in _changes(node):
            after = ast.unparse(changed).replace("\n", " ")
            yield Mutant(
                path, ast.copy_location(changed, node), line, where or "-", f"{_short(before)} → {_short(after)}"
            )
    for step, child in _children(node):
        yield from _walk(child, (*path, step), where)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:60]} … {line[-37:]}"


def _children(node: ast.AST) -> Iterator[tuple[Step, ast.AST]]:
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "targets", "type_params"):
            continue
        if isinstance(value, ast.AST):
            if not _left_alone(node, value):
                yield (name, None), value
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, ast.AST) and not _left_alone(node, item):
                    yield (name, index), item


def _left_alone(node: ast.AST, child: ast.AST) -> bool:
    match node, child:
        case ast.Expr(), ast.Constant():
            return True  # a docstring
        case ast.Module(), ast.Import() | ast.ImportFrom():
            return True
        case ast.Call(func=ast.Name(id=name)), _ if name in _TYPING:
            return True
        case ast.Call(), ast.keyword(arg=name) if name in _KEYWORDS:
            return True
        case ast.Call(func=ast.Name(id=name)), ast.Constant(value=str(text)) if ": " in text:
            return name[0].isupper()
        case ast.Call(func=ast.Name(id=name), args=[*_, last]), ast.Constant(value=str()) | ast.JoinedStr():
            return child is last and (name[0].isupper() or name == "_require")  # an error's message, not its field
        case ast.JoinedStr(), _:
            return isinstance(child, ast.Constant)
        case ast.FormattedValue(), _:
            return child is not node.value
        case _:
            return False


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare():
            yield from _compared(node)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            for index in range(len(values)):
                rest = values[:index] + values[index + 1 :]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            yield ast.BinOp(left, _ARITHMETIC[type(op)](), right)
        case ast.AugAssign(target=target, op=op, value=value) if type(op) in _ARITHMETIC:
            yield ast.AugAssign(target, _ARITHMETIC[type(op)](), value)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
            yield operand
        case ast.Constant(value=value):
            yield from (ast.Constant(other) for other in _constants(value))
        case ast.Name(id=name, ctx=ctx) if name in _NAMES:
            yield ast.Name(_NAMES[name], ctx)
        case ast.Attribute(value=value, attr=name, ctx=ctx) if name in _NAMES:
            yield ast.Attribute(value, _NAMES[name], ctx)
        case ast.Return(value=value) if value is not None and not (
            isinstance(value, ast.Constant) and value.value is None
        ):
            yield ast.Return(None)
        case ast.Raise() | ast.Expr(value=ast.Call()):
            yield ast.Pass()
        case ast.If() | ast.While() | ast.IfExp():
            yield from _branched(node)
        case ast.comprehension(target=target, iter=iterated, ifs=[_, *_], is_async=kind):
            yield ast.comprehension(target, iterated, [], kind)
        case ast.match_case(pattern=pattern, guard=ast.expr(), body=body):
            yield ast.match_case(pattern, ast.Constant(True), body)  # one that is not the last needs a guard after all
        case _:
            pass


def _compared(node: ast.Compare) -> Iterator[ast.AST]:
    for index, op in enumerate(node.ops):
        for other in _COMPARISONS[type(op)]:
            yield ast.Compare(node.left, [*node.ops[:index], other(), *node.ops[index + 1 :]], node.comparators)


def _constants(value: object) -> tuple[bool | int | str | bytes, ...]:
    match value:
        case bool():
            return (not value,)
        case int():
            return value + 1, value - 1
        case str():
            return (value + "x",)
        case bytes():
            return (value + b"x",)
        case _:
            return ()


def _branched(node: ast.If | ast.While | ast.IfExp) -> Iterator[ast.AST]:
    if not isinstance(node.test, ast.Compare) or len(node.test.ops) > 1:
        inverse = ast.UnaryOp(ast.Not(), node.test)
        match node:
            case ast.If(body=body, orelse=orelse):
                yield ast.If(inverse, body, orelse)
            case ast.While(body=body, orelse=orelse):
                yield ast.While(inverse, body, orelse)
            case ast.IfExp(body=chosen, orelse=other):
                yield ast.IfExp(inverse, chosen, other)
    if isinstance(node, ast.If) and not isinstance(node.body[0], ast.Raise):
        yield ast.If(node.test, [ast.Pass()], node.orelse)
