# SPDX-License-Identifier: MIT
"""Who may include whom, and that the host knows no plugin by name."""

import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
SOURCES = (".c", ".cpp", ".h", ".hpp")


def tracked(*folders):
    """The files below these folders, as they are to be committed; all that are there, where there is no git."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run([*command, *folders], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if name]
        return sorted(ROOT / name for name in names if (ROOT / name).is_file())
    return sorted(f for folder in folders for f in (ROOT / folder).rglob("*") if f.is_file())


def sources(*folders):
    return [f for f in tracked(*folders) if f.suffix in SOURCES]


def layer_of(path):
    """The layer that a source is of: one of ALLOWED, for plugins and examples with its name."""
    parts = path.relative_to(ROOT).parts
    if parts[0] == "plugin-api":
        return f"example/{parts[2]}" if parts[1] == "example" and len(parts) > 3 else "plugin-api"
    if parts[0] == "host":
        return {"loader": "loader", "testing": "host-testing"}.get(parts[1], "host")
    if parts[0] == "plugins":
        return f"plugin/{parts[1]}" if len(parts) > 2 else "plugins"
    return parts[0]


# What each layer may include of ours, itself not named.
ALLOWED = {
    "plugin-api": set(),
    "example": {"plugin-api"},
    "plugin": {"plugin-api"},
    "loader": {"plugin-api"},
    "host": {"plugin-api", "loader"},
    "host-testing": {"plugin-api", "loader", "host"},
    "conformance": {"plugin-api", "loader"},
}

# What plugins have in common, and is no plugin.
SHARED = {f"plugin/{name}" for name in
          ("home-template", "mailbox-rules", "sql-database", "sql-mailbox", "sql-server", "sql-tree", "sqlite-file")}


def resolve(include, quote, source):
    """The file of ours that an include means; None for one of the system's or of a library's."""
    api = ROOT / "plugin-api"
    candidates = [source.parent / include] if quote == '"' else []
    candidates += [ROOT / include, api / "include" / include, api / "testing" / include]
    candidates += [d / include for parent in ("plugins", "conformance") for d in (ROOT / parent).glob("*")]
    for candidate in candidates:
        if candidate.is_file():
            return candidate.resolve()
    return None


def reached(source):
    """The files of ours that a source includes, directly or not."""
    found, waiting = set(), [source]
    while waiting:
        file = waiting.pop()
        for quote, include in INCLUDE.findall(file.read_text(encoding="utf-8")):
            target = resolve(include, quote, file)
            if target is not None and target not in found:
                found.add(target)
                waiting.append(target)
    return found


def plugin_names():
    plugins = (ROOT / "plugins").glob("*/plugin.cpp")
    examples = (ROOT / "plugin-api" / "example").glob("*/CMakeLists.txt")
    return sorted(file.parent.name for file in [*plugins, *examples])


class Includes(unittest.TestCase):
    def test_layers(self):
        """each layer includes itself and what stands below it, and nothing else of ours"""
        seen = set()
        for source in sources("plugin-api", "host", "plugins", "conformance"):
            layer = layer_of(source)
            allowed = ALLOWED.get(layer.split("/")[0])
            if allowed is None:
                continue
            seen.add(layer.split("/")[0])
            if layer.startswith("plugin/"):
                allowed = allowed | SHARED
            if layer in ("host", "loader") and source.name.endswith("_test.cpp"):
                allowed = allowed | {"host-testing"}
            for quote, include in INCLUDE.findall(source.read_text(encoding="utf-8")):
                target = resolve(include, quote, source)
                if target is None:
                    self.assertFalse(
                        quote == '"' or include.startswith(("pigeon/", "host/", "plugins/", "conformance/")),
                        f"{source.relative_to(ROOT)} includes {include}, which is nowhere",
                    )
                    continue
                other = layer_of(target)
                with self.subTest(source=str(source.relative_to(ROOT)), include=include):
                    why = f"{source.relative_to(ROOT)} includes {include}: {layer} may not see {other}"
                    self.assertTrue(other == layer or other in allowed, why)
        self.assertLessEqual({"plugin-api", "example", "plugin", "loader", "host"}, seen)

    def test_abi_alone(self):
        """the ABI includes itself and the C library, so that any language can speak it"""
        for header in sources("plugin-api/include/pigeon/abi"):
            for _, include in INCLUDE.findall(header.read_text(encoding="utf-8")):
                with self.subTest(header=header.name, include=include):
                    self.assertTrue(include.startswith("pigeon/abi/") or include in ("stddef.h", "stdint.h"))

    def test_fakes(self):
        """no product code sees what is for tests, not even by way of another header"""
        fakes = {ROOT / "plugin-api" / "testing", ROOT / "host" / "testing"}
        for source in sources("host", "plugins", "plugin-api/include", "plugin-api/example"):
            is_test = "testing" in source.parts or source.name.endswith(("_test.cpp", "_fuzz.cpp"))
            if not is_test and source.suffix in (".c", ".cpp"):
                with self.subTest(source=str(source.relative_to(ROOT))):
                    self.assertFalse([file for file in reached(source) if fakes.intersection(file.parents)])

    def test_links(self):
        """a plugin links plugin-api and libraries of others, not the host"""
        for file in [*tracked("plugins"), *tracked("plugin-api")]:
            if file.name == "CMakeLists.txt":
                with self.subTest(file=str(file.relative_to(ROOT))):
                    self.assertNotRegex(file.read_text(encoding="utf-8"), r"\bpigeon-(host|loader|json)\b")


class Names(unittest.TestCase):
    def test_host_names_no_plugin(self):
        """nothing in host/ contains the name of a plugin, be it in a string, a comment or a name"""
        names = plugin_names()
        self.assertIn("mailStore", names)
        self.assertIn("mda-maildir", names)
        # A plugin's own namespace is its name in other letters.
        pattern = re.compile("|".join(rf"{re.escape(n)}|\b{spelled(n)}::" for n in names), re.IGNORECASE)
        for file in tracked("host"):
            if file.suffix not in SOURCES + (".txt", ".cmake", ".in"):
                continue
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                with self.subTest(file=str(file.relative_to(ROOT)), line=number):
                    self.assertNotRegex(line, pattern)

    def test_kind_in_name(self):
        """the kind of a plugin shows in its name"""
        for name in plugin_names():
            with self.subTest(name):
                self.assertRegex(name, r"^(datatree|mda|creator)-[a-z][a-z0-9-]*$|^mail[A-Z][A-Za-z]*$")


def spelled(name):
    """The namespace of a plugin: mda_maildir, mail_store."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).replace("-", "_").lower()


if __name__ == "__main__":
    unittest.main()
