r"""Text that anybody may have written: a field that begins and ends where it says, and holds nothing hidden.

A field is a JSON string, so that ``json.loads`` gives back what its author wrote. Escaped is

* what JSON escapes: the quote, the backslash, control characters and with them every newline;
* what nobody sees: bidi overrides and marks, zero-width characters, tags and other default-ignorable code points.
  Joiners and variation selectors stay where scripts and emoji need them, between the characters that they join;
* what a language model takes for structure: the markup of chat templates (``<|im_end|>``, ``[INST]``);
* what looks like a sentence of the prompt: the colon of ``PUE: [``, the first space of ``Please predict``.

A field is at most as long as its cap says (escapes count); of a longer text the begin and the end stay, because amounts
often stand last, and what was cut is told outside of the quotes, where no author can write.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from greensched.prompts.headers import ALL, PHRASES
from greensched.prompts.numbers import NONE

NAME_CHARS: Final = 64
"""Cap of a name of a datacenter, host type or origin (scenario files allow as many)."""

_JOINERS = "\u200c\u200d"
_SELECTORS = "\ufe0e\ufe0f"
_HIDDEN = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f\u2028\u2029"  # controls, ends of lines and paragraphs
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\ud800-\udfff\ufffe\uffff"  # half characters (no encoder takes them) and no characters
    "]"
)
_BREAKING = re.compile(r'["\\]')
_MARKUP = re.compile(
    r"<(?=[A-Za-z/|<!_｜])|\[(?=/?(?:INST|SYS|[A-Z]+_TOOLS?|TOOL_[A-Z]+|SYSTEM_PROMPT|CLS|SEP|MASK|PAD|UNK|BOS|EOS)\])"
)
# longest first, because an alternative that is found ends the search
_HEADER = "|".join(re.escape(h).replace(r"\ ", r"\s+") for h in sorted(ALL, key=len, reverse=True))
_SECTION = re.compile(rf"\b(?:{_HEADER})\s*([:：=])(?=\s*[\[［])", re.IGNORECASE)
_SENTENCE = re.compile(rf"\b(?:{_HEADER})(:)")
_PHRASE = re.compile("|".join(re.escape(p).replace(r"\ ", r"(\s+)", 1).replace(r"\ ", r"\s+") for p in PHRASES), re.I)
_PLAIN_NAME = re.compile(r"[^\W_](?:[\w.+-]*[^\W_])?")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", '"': '\\"', "\\": "\\\\"}
_TOLD = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^".?]|[.?](?! |$))+[.?]')


def field(text: str, cap: int) -> str:
    """``text`` as a quoted field of at most ``cap`` characters (and a marker); an empty one is ``none``, unquoted."""
    if not text:
        return NONE
    if len(text) <= cap:
        units = _escaped(text)
        if sum(map(len, units)) <= cap:
            return f'"{"".join(units)}"'
    tail_cap = cap // 4
    head = _fitting(_escaped(text[: cap - tail_cap]), cap - tail_cap)
    rest = text[len(head) :]
    tail = _fitting(_escaped(rest[max(0, len(rest) - tail_cap) :])[::-1], tail_cap)[::-1]
    cut = len(rest) - len(tail)
    return f'"{"".join(head)}" (+{cut} characters cut) "{"".join(tail)}"'


def place(name: str) -> str:
    """The name of a datacenter or another thing of the scenario: bare if it is one plain word, else a field."""
    if len(name) <= NAME_CHARS and _PLAIN_NAME.fullmatch(name):
        return name
    return field(name, NAME_CHARS)


def sentences(prompt: str) -> list[str]:
    """The sentences of a prompt or a part of one; whatever stands in fields ends none."""
    return [found.strip() for found in _TOLD.findall(prompt)]


def _escaped(text: str) -> list[str]:
    """One item per character of ``text``: itself or its escape."""
    units = list(text)
    for found in _HIDDEN.finditer(text):
        at = found.start()
        if not _belongs(text, at):
            units[at] = _escape(text[at])
    for pattern in (_BREAKING, _MARKUP):
        for found in pattern.finditer(text):
            units[found.start()] = _escape(found[0])
    for pattern in (_SECTION, _SENTENCE, _PHRASE):
        for found in pattern.finditer(text):
            at = found.start(found.lastindex or 0)
            units[at] = _escape(text[at])
    return units


def _belongs(text: str, at: int) -> bool:
    """Whether the hidden character at ``at`` is one that its neighbours need, as in an emoji family or in Persian."""
    char, before = text[at], text[at - 1 : at]
    if not before or (_HIDDEN.match(before) and before not in _SELECTORS):
        return False
    kind = unicodedata.category(before)
    if char in _JOINERS:
        return kind in _JOINED and unicodedata.category(text[at + 1 : at + 2] or "\0") in _JOINED
    if before in _SELECTORS:
        return False
    if char in _SELECTORS:
        return kind not in ("Lu", "Ll", "Zs")
    return kind == "Lo" and unicodedata.name(char, "").startswith("VARIATION SELECTOR")


_JOINED = ("Lo", "Mn", "Mc", "So", "Sk")  # letters of scripts without capitals and their marks, emoji and skin tones


def _escape(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    code = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{code[i : i + 4]}" for i in range(0, len(code), 4))


def _fitting(units: list[str], cap: int) -> list[str]:
    """As many of the first ``units`` as fit into ``cap`` characters."""
    length = 0
    for n, unit in enumerate(units):
        length += len(unit)
        if length > cap:
            return units[:n]
    return units
