"""XML of others as a small tree with lines: no document type, no entities, names without their namespaces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from greensched.core.errors import DataError
from greensched.signals.ingest.values import shown

_DEEPEST = 50


@dataclass
class Node:
    """An element: its local name, its own text, its line, what it holds."""

    name: str
    line: int
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Node]:
        """Direct children called ``name``."""
        return (child for child in self.children if child.name == name)

    def find(self, *path: str) -> Node | None:
        """The first element on a path of names, or None."""
        node: Node | None = self
        for name in path:
            node = next(node.all(name), None) if node is not None else None
        return node

    def need(self, place: str, *path: str) -> Node:
        """The first element on a path of names.

        Raises:
            DataError: there is none.
        """
        node = self.find(*path)
        if node is None:
            raise DataError(f"{place}:{self.line}: <{shown(self.name)}> has no <{'/'.join(path)}>, expected one")
        return node


def parse_xml(data: bytes, place: str) -> Node:
    """The root element.

    Raises:
        DataError: not well-formed, a document type (it could define entities that grow without bound), or deeper than
            50 elements; names the line.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    root = Node("", 0)
    stack = [root]

    def start(name: str, _: dict[str, str]) -> None:
        if len(stack) > _DEEPEST:
            raise DataError(f"{place}:{parser.CurrentLineNumber}: more than {_DEEPEST} elements deep")
        node = Node(name.rpartition(" ")[2], parser.CurrentLineNumber)
        stack[-1].children.append(node)
        stack.append(node)

    def text(data: str) -> None:
        stack[-1].text += data

    def end(_: str) -> None:
        node = stack.pop()
        node.text = node.text.strip()

    def doctype(*_: object) -> NoReturn:
        raise DataError(f"{place}:{parser.CurrentLineNumber}: has a document type, expected plain XML of ENTSO-E")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, doctype
    parser.buffer_text = True
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise DataError(
            f"{place}:{error.lineno}: not XML ({expat.ErrorString(error.code)}), expected a whole document; "
            "it may be cut off: fetch it again"
        ) from error
    return root.children[0]
