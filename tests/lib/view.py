# SPDX-License-Identifier: MIT
"""The machine with a server on it that is not installed.

script/fetch-servers unpacks servers into .deps/NAME/. A view is a mount namespace in which such a tree lies over /usr
and /etc, so that the server finds its files where it was built to look for them, and in which its users exist. Nothing
outside of the namespace changes, and nothing is left when the last process in it ends.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

DEPS = pathlib.Path(os.environ.get("PIGEON_DEPS", pathlib.Path(__file__).resolve().parents[2] / ".deps"))

# Mounts the trees, then becomes the command. $0 is the scratch directory.
MOUNT = r"""
set -e
mount -t overlay overlay -o "lowerdir=$0/etc:$1:/etc" /etc
mount -t overlay overlay -o "lowerdir=$2:/usr" /usr
shift 2
exec "$@"
"""


class View:
    """REQUIRES: use as a context manager.

    names: what fetch-servers calls them. users: {name: uid} to exist besides the machine's own, each with a group of
    its name; groups: {name: gid} besides.
    """

    def __init__(self, *names, users=None, groups=None):
        for name in names:
            if not (DEPS / name).is_dir():
                raise unittest.SkipTest(f"{name} was not fetched: run script/bootstrap --test")
        if os.geteuid() != 0:
            raise unittest.SkipTest("a view of the file system needs root")
        self.trees = [DEPS / name for name in names]
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="pigeon-view."))
        self.scratch.chmod(0o755)
        for directory in ("etc", "none"):
            (self.scratch / directory).mkdir()
        users, groups = users or {}, groups or {}
        passwd = "".join(f"{n}:x:{i}:{i}::/nonexistent:/usr/sbin/nologin\n" for n, i in users.items())
        group = "".join(f"{n}:x:{i}:\n" for n, i in {**users, **groups}.items())
        for file, lines in (("passwd", passwd), ("group", group)):
            text = pathlib.Path("/etc", file).read_text()
            kept = [l for l in text.splitlines(True) if l.split(":")[0] not in {**users, **groups}]
            (self.scratch / "etc" / file).write_text("".join(kept) + lines)
        if subprocess.run(self.command(["true"]), capture_output=True, check=False).returncode != 0:
            self.__exit__()
            raise unittest.SkipTest("this machine does not let us mount an overlay in a namespace of our own")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.scratch, ignore_errors=True)

    def command(self, arguments):
        """The command line that runs these arguments in the view."""

        def escaped(path):  # overlay's own syntax: "," and ":" separate
            return str(path).replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")

        etc = ":".join(escaped(t / "etc") for t in self.trees if (t / "etc").is_dir()) or escaped(self.scratch / "none")
        usr = ":".join(escaped(t / "usr") for t in self.trees)
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", MOUNT, str(self.scratch), etc, usr,
                *map(str, arguments)]
