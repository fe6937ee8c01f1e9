"""Symbolic sizes as exported programs write them, read by a small grammar of our own: nothing is ever evaluated.

Two spellings occur: `Mul(Integer(2), Symbol('s77', integer=True))` (torch 2.6 and later), and `2*s77` before.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LENGTH = 4000
MAX_DEPTH = 40
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|'(?P<quoted>[\w.+-]+)'|(?P<sign>//|\*\*|[<>=!]=|[-+*/%<>(),=&|~]))",
    re.ASCII,
)
SYMBOL = re.compile(r"[a-z]+\d+", re.ASCII)
"""`s0` stands for a size; `u0`, `zuf0` and the like for values that are known only when the program runs."""
OPTION = re.compile("commutative|finite|integer|negative|nonnegative|nonzero|positive|real|size_like|zero")
TRUTH = re.compile("True|False")
DECIMAL = re.compile(r"-?\d+(\.\d*)?(e[+-]?\d+)?", re.ASCII)
FUNCTIONS = re.compile(
    "Abs|Add|And|CeilDiv|CeilToInt|CleanDiv|Eq|Equality|FloatPow|FloatTrueDiv|FloorDiv|FloorToInt|Ge|GreaterThan|Gt"
    "|Identity|IntTrueDiv|Integer|IsNonOverlappingAndDenseIndicator|LShift|Le|LessThan|Lt|Max|Min|Mod|ModularIndexing"
    "|Mul|Ne|Not|OpaqueUnaryFn_log2|OpaqueUnaryFn_sqrt|Or|Pow|PowByNatural|PythonMod|RShift|Rational|RoundDecimal"
    "|RoundToInt|StrictGreaterThan|StrictLessThan|ToFloat|TruncToFloat|TruncToInt|Unequality|Where|ceiling|floor"
)
CONSTANTS = frozenset({"true", "false", "True", "False", "oo", "int_oo"})
PRECEDENCE = {
    "|": 1,
    "&": 2,
    "==": 3,
    "!=": 3,
    "<": 3,
    "<=": 3,
    ">": 3,
    ">=": 3,
    "+": 4,
    "-": 4,
    "*": 5,
    "/": 5,
    "//": 5,
    "%": 5,
    "**": 7,
}
PREFIX_PRECEDENCE = 6


class NotAnExpression(ValueError):
    """The text is outside the grammar."""


@dataclass(frozen=True)
class Expression:
    """A size: a symbol, a number, or a function of sizes."""

    head: str
    """Name of the symbol, digits of the number, or name of the function."""
    operands: "tuple[Expression, ...]" = ()
    is_symbol: bool = False

    def symbols(self) -> frozenset[str]:
        """Names of all symbols in it."""
        inner = (operand.symbols() for operand in self.operands)
        return frozenset({self.head} if self.is_symbol else ()).union(*inner)


def parse_size(text: str) -> Expression:
    """Read a size; raises `NotAnExpression` for whatever is outside the grammar."""
    if len(text) > MAX_LENGTH:
        raise NotAnExpression(f"a size of {len(text)} characters")
    parser = _Parser(text)
    result = parser.read(0, 0)
    parser.expect("end", "")
    return result


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position, end = 0, len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise NotAnExpression(f"`{text[position : position + 20]}`")
        yield match.lastgroup, match[match.lastgroup]
        position = match.end()
    yield "end", ""


class _Parser:
    """A precedence climber over the tokens."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._kind, self._value = next(self._tokens)

    def expect(self, kind: str, value: str) -> None:
        """The next token must be this one; it is consumed."""
        if (self._kind, self._value) != (kind, value):
            raise NotAnExpression(f"`{self._value or 'its end'}`")
        self._advance()

    def read(self, minimum: int, depth: int) -> Expression:
        """An expression whose operators bind at least as tightly as `minimum`."""
        if depth > MAX_DEPTH:
            raise NotAnExpression("too many levels")
        left = self._operand(depth)
        while self._kind == "sign" and PRECEDENCE.get(self._value, -1) >= minimum:
            operator = self._value
            self._advance()
            left = Expression(operator, (left, self.read(PRECEDENCE[operator] + 1, depth + 1)))
        return left

    def _operand(self, depth: int) -> Expression:
        kind, value = self._kind, self._value
        self._advance()
        if kind == "number":
            return Expression(value)
        if kind == "name":
            return self._named(value, depth)
        if (kind, value) in (("sign", "-"), ("sign", "~")):
            return Expression(value, (self.read(PREFIX_PRECEDENCE, depth + 1),))
        if (kind, value) == ("sign", "("):
            inner = self.read(0, depth + 1)
            self.expect("sign", ")")
            return inner
        raise NotAnExpression(f"`{value or 'its end'}`")

    def _named(self, name: str, depth: int) -> Expression:
        is_call = self._is_at("(")
        if name == "Symbol" and is_call:
            return self._symbol()
        if name == "Float" and is_call:
            return self._float()
        if is_call and FUNCTIONS.fullmatch(name):
            return Expression(name, tuple(self._arguments(depth)))
        if not is_call and SYMBOL.fullmatch(name):
            return Expression(name, is_symbol=True)
        if not is_call and name in CONSTANTS:
            return Expression(name)
        raise NotAnExpression(f"`{name}`")

    def _arguments(self, depth: int) -> Iterator[Expression]:
        self.expect("sign", "(")
        while not self._is_at(")"):
            yield self.read(0, depth + 1)
            if not self._is_at(")"):
                self.expect("sign", ",")
        self._advance()

    def _symbol(self) -> Expression:
        """`Symbol('s0', integer=True)`."""
        self.expect("sign", "(")
        name = self._take("quoted", SYMBOL)
        while self._is_at(","):
            self._advance()
            self._take("name", OPTION)
            self.expect("sign", "=")
            self._take("name", TRUTH)
        self.expect("sign", ")")
        return Expression(name, is_symbol=True)

    def _float(self) -> Expression:
        """`Float('0.5', precision=53)`."""
        self.expect("sign", "(")
        digits = self._take("quoted", DECIMAL)
        self.expect("sign", ",")
        self.expect("name", "precision")
        self.expect("sign", "=")
        self._take("number", DECIMAL)
        self.expect("sign", ")")
        return Expression(digits)

    def _is_at(self, sign: str) -> bool:
        return (self._kind, self._value) == ("sign", sign)

    def _take(self, kind: str, pattern: re.Pattern[str]) -> str:
        value = self._value
        if self._kind != kind or not pattern.fullmatch(value):
            raise NotAnExpression(f"`{value or 'its end'}`")
        self._advance()
        return value

    def _advance(self) -> None:
        self._kind, self._value = next(self._tokens, ("end", ""))
