# SPDX-License-Identifier: MIT
"""Runs of pigeon-conformance, and plugins built for them with a bare compiler, against the installed headers."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from lmtp_server import LmtpServer
from pigeon_site import PLUGINS, PREFIX

RUNNER = PREFIX / "bin" / "pigeon-conformance"
SOURCES = pathlib.Path(__file__).resolve().parents[1] / "conformance" / "plugins"
C = ["gcc", "-std=gnu11"]
CXX = ["g++", "-std=c++20", "-fno-gnu-unique"]
# What a plugin cannot be opened without, and no check can make up.
SETTINGS = {"mailStore": {"mda": "mda-maildir", "creator": "creator-lock"}}
# On servers: tests/server/ runs the checks where there is one.
ON_SERVERS = {"datatree-ldap", "datatree-sql", "mda-sql"}
SHIPPED = sorted(file for file in PLUGINS.glob("*.so") if file.stem not in ON_SERVERS)
# As pigeon_add_plugin has it.
FLAGS = ["-O1", "-shared", "-fPIC", "-fvisibility=hidden", f"-I{PREFIX}/include", "-Wl,-z,relro", "-Wl,-z,now"]


class Bench:
    """A directory with plugins, which is gone when the tests end."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="pigeon conformance."))
        self.root.chmod(0o755)
        self.map = self.root / "plugin.map"
        self.map.write_text("{ global: pigeon_plugin_v0; local: *; };\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def build(self, name, source, *flags, compiler=C, hidden=True):
        """The plugin's file, in a directory of its own: several may have one name."""
        directory = pathlib.Path(tempfile.mkdtemp(dir=self.root))
        directory.chmod(0o755)
        file = directory / f"{name}.so"
        script = [f"-Wl,--version-script={self.map}"] if hidden else []
        command = [*compiler, *FLAGS, *script, f'-DNAME="{name}"', "-o", str(file), str(source), *flags]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}\n{done.stderr}")
        file.chmod(0o644)
        return file


def is_sanitized():
    """Whether this is a build with AddressSanitizer, whose search for leaks does without another who watches."""
    return b"__asan_init" in RUNNER.read_bytes()


def conformance(*arguments, timeout=300, **how):
    """Runs it; answers its CompletedProcess."""
    how.setdefault("env", {**os.environ, "LC_ALL": "C.UTF-8"})
    return subprocess.run([str(RUNNER), *map(str, arguments)], capture_output=True, text=True, check=False,
                          timeout=timeout, **how)


@contextlib.contextmanager
def settings_of(plugin):
    """What the plugin is configured with: empty where what can be made up will do."""
    if plugin.stem != "mda-lmtp":
        yield SETTINGS.get(plugin.stem, {})
        return
    with LmtpServer() as server:  # keeps below the directory of each check what it gets in it
        yield {"server": server.place, "recipient": "{directory}//{user}@{domain}", "forbidden": "keep"}


def outcomes(plugin, *arguments, **how):
    """The exit status of `run`, and the outcome of each check by its id, as --json has it."""
    with tempfile.TemporaryDirectory() as directory, settings_of(plugin) as settings:
        file = pathlib.Path(directory) / "outcomes.json"
        if settings:
            config = pathlib.Path(directory) / "config.json"
            config.write_text(json.dumps(settings), encoding="utf-8")
            arguments += ("--config", config)
        done = conformance("run", *arguments, "--json", file, plugin, **how)
        checks = json.loads(file.read_text(encoding="utf-8"))
    return done.returncode, {each["check"]: each for each in checks}


def processes_with(text):
    """The ids of the processes that have this in their command line."""
    found = []
    for directory in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (directory / "cmdline").read_bytes():
                found.append(int(directory.name))
        except OSError:
            pass
    return found
