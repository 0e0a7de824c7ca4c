#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the ABI lock: what a compiler must say of the headers in include/pigeon/abi, as static assertions.

    lock.py            writes abi_0.c beside this file
    lock.py --check    says whether abi_0.c is what the headers give, and whether HISTORY.md knows it

From 1.0 on lines are only added to a lock. While the API is 0.x it may be written anew, each time with a line
in HISTORY.md that says what changed and names the SHA-256 of the lock.
"""

import argparse
import hashlib
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
API = HERE.parent
HEADERS = sorted((API / "include" / "pigeon" / "abi").glob("*.h"))
LOCK = HERE / "abi_0.c"
HISTORY = API / "HISTORY.md"

# Not numbers. PIGEON_NOTE_OWNER is text, and the others are parts of declarations.
TEXTS = {"PIGEON_NOTE_OWNER"}
NOT_LOCKED = {"PIGEON_NOEXCEPT", "PIGEON_EXPORT", "PIGEON_PLUGIN_NOTE", "PIGEON_STATUS_RANGE"}

HEAD = """\
/* SPDX-License-Identifier: MIT
 *
 * The ABI of plugin API 0, as every plugin that was built against it relies on it. Written by lock.py; see
 * there for when it may change. A line that fails means that plugins break.
 */
/* clang-format off */
{includes}

#include <stddef.h>

#define CONSTANT(name, value) \\
  _Static_assert((name) == (value) && _Generic((name), uint32_t : 1, default : 0), #name)
#define TYPE(type, field, ...) \\
  _Static_assert(_Generic(&((type*)0)->field, __VA_ARGS__ : 1, default : 0), #type "." #field)
#define OFFSET(type, field, value) _Static_assert(offsetof(type, field) == (value), #type "." #field)
/* A struct that begins with its size may grow at its end. */
#define GROWS(type, value) _Static_assert(sizeof(type) >= (value), #type)
#define FIXED(type, value) _Static_assert(sizeof(type) == (value), #type)

_Static_assert(_Generic((pigeon_status*)0, uint32_t * : 1, default : 0), "pigeon_status");
_Static_assert(_Generic(&pigeon_plugin_v0, const pigeon_plugin* : 1, default : 0), "pigeon_plugin_v0");
_Static_assert(PIGEON_STATUS_RANGE(UINT32_C(0x2fff)) == 0x2000, "PIGEON_STATUS_RANGE");
"""
LAYOUT = """
/* Offsets and sizes, where a pointer has 64 bits. */
#if UINTPTR_MAX == UINT64_MAX
"""


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)


def constants(text):
    """The names of the macros that are constants."""
    joined = without_comments(text).replace("\\\n", " ")
    names = re.findall(r"^#define (PIGEON_\w+)(?:\(|\s)", joined, flags=re.MULTILINE)
    return [n for n in dict.fromkeys(names) if n not in NOT_LOCKED and not n.endswith("_H")]


def fields(body):
    """Name and type of each field; the type is spelled as that of a pointer to it."""
    for declaration in re.sub(r"\s+", " ", body).split(";"):
        declaration = declaration.replace("PIGEON_NOEXCEPT", "").strip()
        if not declaration:
            continue
        function = re.fullmatch(r"(.+?)\(\*(\w+)\)\s*(\(.*\))", declaration)
        array = re.fullmatch(r"(.+?)\b(\w+)(\[\d+\])", declaration)
        plain = re.fullmatch(r"(.+?)\b(\w+)", declaration)
        if function:
            yield function[2], f"{function[1].strip()} (**){function[3]}"
        elif array:
            yield array[2], f"{array[1].strip()} (*){array[3]}"
        elif plain:
            yield plain[2], f"{plain[1].strip()}*"
        else:
            sys.exit(f"cannot read the declaration '{declaration}'")


def structs(text):
    text = without_comments(text)
    found = re.findall(r"typedef struct (\w+) \{(.*?)\} (\w+);", text, flags=re.DOTALL)
    if len(found) != len(re.findall(r"\bstruct\b", text)):
        sys.exit("a struct is declared otherwise than by typedef struct NAME {...} NAME;")
    for tag, body, name in found:
        assert tag == name, name
        yield name, list(fields(body))


def measured(expressions, compiler):
    """What the compiler says that each expression is."""
    lines = "".join(f'  printf("%llu\\n", (unsigned long long)({e}));\n' for e in expressions)
    includes = "".join(f"#include <pigeon/abi/{h.name}>\n" for h in HEADERS)
    with tempfile.TemporaryDirectory() as directory:
        source = pathlib.Path(directory) / "probe.c"
        program = pathlib.Path(directory) / "probe"
        source.write_text(f"#include <stdio.h>\n{includes}int main(void) {{\n{lines}  return 0;\n}}\n")
        command = [compiler, "-std=c11", f"-I{API / 'include'}", "-o", str(program), str(source)]
        subprocess.run(command, check=True)
        printed = subprocess.run([str(program)], check=True, capture_output=True, text=True)
    return [int(line) for line in printed.stdout.splitlines()]


def written(compiler):
    """The text of the lock for the headers as they are."""
    includes = "\n".join(f"#include <pigeon/abi/{h.name}>" for h in HEADERS)
    texts = [h.read_text(encoding="utf-8") for h in HEADERS]
    names = [n for text in texts for n in constants(text)]
    numbers = [n for n in names if n not in TEXTS]
    declared = [s for text in texts for s in structs(text)]
    layout = [f"offsetof({name}, {field})" for name, all_of in declared for field, _ in all_of]
    layout += [f"sizeof({name})" for name, _ in declared]
    values = iter(measured(numbers + layout, compiler))

    lines = [HEAD.format(includes=includes)]
    lines += [f"CONSTANT({name}, {next(values):#x});" for name in numbers]
    for name in (n for n in names if n in TEXTS):
        text = re.search(rf'^#define {name} ("[^"]*")$', "".join(texts), flags=re.MULTILINE)[1]
        lines.append(f'_Static_assert(__builtin_strcmp({name}, {text}) == 0, "{name}");')
    for name, all_of in declared:
        lines.append("")
        lines += [f"TYPE({name}, {field}, {type_});" for field, type_ in all_of]
    lines.append(LAYOUT.rstrip())
    for name, all_of in declared:
        lines += [f"OFFSET({name}, {field}, {next(values)});" for field, _ in all_of]
    for name, all_of in declared:
        grows = all_of[0][0] == "size"
        lines.append(f"{'GROWS' if grows else 'FIXED'}({name}, {next(values)});")
    return "\n".join(lines + ["#endif"]) + "\n"


def complaints(compiler):
    """What is wrong with the lock and the history, in words; empty if nothing is."""
    found = []
    lock = LOCK.read_text(encoding="utf-8")
    if lock != written(compiler):
        found.append(f"{LOCK.name} is not what the headers give: run {pathlib.Path(__file__).name}")
    digest = hashlib.sha256(lock.encode()).hexdigest()
    entries = re.findall(r"`([0-9a-f]{64})`", HISTORY.read_text(encoding="utf-8"))
    if not entries or entries[0] != digest:
        found.append(f"the first entry of {HISTORY.name} is not {digest}: add a line that says what changed")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if something is not right")
    parser.add_argument("--compiler", default="cc")
    arguments = parser.parse_args()
    if not arguments.check:
        LOCK.write_text(written(arguments.compiler), encoding="utf-8")
        print(f"{LOCK.name}: {hashlib.sha256(LOCK.read_bytes()).hexdigest()}")
    wrong = complaints(arguments.compiler)
    print("\n".join(wrong) or "the lock is what the headers give, and the history knows it")
    sys.exit(1 if arguments.check and wrong else 0)


if __name__ == "__main__":
    main()
