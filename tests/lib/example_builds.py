# SPDX-License-Identifier: MIT
"""The example plugins, built as a third party would build them: elsewhere, against the installed package."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from pigeon_site import PREFIX

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "plugin-api" / "example"
EXAMPLES = sorted(file.parent.name for file in SOURCES.glob("*/CMakeLists.txt"))


def run(*command, **how):
    """Runs to the end; what it printed is the message of a failure."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **how)
    if done.returncode != 0:
        told = f"exit {done.returncode}\n{done.stdout}{done.stderr}"
        raise AssertionError(f"{' '.join(map(str, command))}: {told}")
    return done.stdout


class ExampleBuilds:
    """Every example, built in a directory that is gone when the tests end; plugins: where the .so files are."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="pigeon examples."))
        self.root.chmod(0o755)
        self.plugins = self.root / "plugins"
        self.plugins.mkdir(mode=0o755)

    def __enter__(self):
        try:
            for name in EXAMPLES:
                self.build(name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def build(self, name):
        source = shutil.copytree(SOURCES / name, self.root / "source" / name)
        build = self.root / "build" / name
        # The same compiler cache as the build of everything else, if there is one.
        environment = {**os.environ, "CMAKE_PREFIX_PATH": str(PREFIX)}
        run("cmake", "-S", str(source), "-B", str(build), "-DCMAKE_BUILD_TYPE=Debug", env=environment)
        run("cmake", "--build", str(build), env=environment)
        self.take(build / f"{name}.so")

    def take(self, file):
        """Where the programs find it, and writable by nobody else, whatever the umask is."""
        target = self.plugins / file.name
        shutil.copyfile(file, target)
        target.chmod(0o644)
