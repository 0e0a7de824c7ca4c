# SPDX-License-Identifier: MIT
"""The system calls of a program, as strace tells them.

A call is read back from one line of strace's output; where strace had to break a line because another process came in
between, the two halves are joined, at the place where the call ended.
"""

import codecs
import dataclasses
import re
import shutil
import unittest


def strace():
    """The path of strace."""
    found = shutil.which("strace")
    if not found:
        raise unittest.SkipTest("strace is not installed: run script/bootstrap --test")
    return found


@dataclasses.dataclass(frozen=True)
class Call:
    """One call: its arguments as strace spells them, with -y the path of a descriptor in angle brackets."""

    pid: int
    name: str
    arguments: tuple
    result: str

    @property
    def failed(self):
        return self.result.startswith("-1") or self.result.startswith("?")

    def string(self, index):
        """The bytes of an argument that is a string."""
        quoted = self.arguments[index]
        assert quoted.startswith('"') and quoted.endswith('"'), self
        return codecs.escape_decode(quoted[1:-1].encode("latin-1"))[0]

    def path(self, index):
        """The path of an argument that is a descriptor; "" if it has none."""
        return path_of(self.arguments[index])

    def __str__(self):
        shown = ", ".join(a if len(a) < 120 else a[:100] + '..."' for a in self.arguments)
        return f"{self.name}({shown}) = {self.result}"


def path_of(descriptor):
    """The path in N<PATH>, or N<PATH>(deleted)."""
    begin, end = descriptor.find("<"), descriptor.rfind(">")
    return descriptor[begin + 1 : end] if 0 <= begin < end else ""


def split(text):
    """The arguments of a call; a string, a structure or an array is one."""
    arguments, depth, begin, at = [], 0, 0, 0
    while at < len(text):
        c = text[at]
        if c == '"':
            at += 1
            while text[at] != '"':
                at += 2 if text[at] == "\\" else 1
        elif c == "<":
            at = text.index(">", at)
        elif c in "({[":
            depth += 1
        elif c in ")}]":
            depth -= 1
        elif c == "," and depth == 0:
            arguments.append(text[begin:at].strip())
            begin = at + 1
        at += 1
    last = text[begin:].strip()
    return tuple(arguments + [last] if last else arguments)


WHOLE = re.compile(r"^(\w+)\((.*)\)\s+= (.*)$", re.DOTALL)
BEGUN = re.compile(r"^(\w+)\((.*?),? ?<unfinished \.\.\.>$", re.DOTALL)
RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$", re.DOTALL)


def calls(path):
    """The calls in a file that strace -f -o has written, in the order in which they ended."""
    found, begun = [], {}
    for line in open(path, encoding="latin-1").read().splitlines():
        pid, _, text = line.partition(" ")
        text = text.strip()
        if match := BEGUN.match(text):
            begun[pid] = match.group(1), match.group(2)
            continue
        if match := RESUMED.match(text):
            name, first = begun.pop(pid)
            rest = match.group(2)
            joint = ", " if first and not rest.lstrip().startswith(")") else ""
            text = f"{name}({first}{joint}{rest}"
        if match := WHOLE.match(text):
            found.append(Call(int(pid), match.group(1), split(match.group(2)), match.group(3)))
    return found
