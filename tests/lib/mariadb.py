# SPDX-License-Identifier: MIT
"""A MariaDB server of one's own: in a temporary directory, on a socket there and on a free port of the loopback.

Started as root, it runs as the user "nobody", who owns the directory. Everything is stopped by its pid.
"""

import atexit
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from ports import free_port

SERVER = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
INSTALL = shutil.which("mariadb-install-db")
CLIENT = shutil.which("mariadb")
AS_ROOT = os.geteuid() == 0
SMALL = ["--innodb-log-file-size=4M", "--innodb-buffer-pool-size=16M", "--innodb-data-file-path=ibdata1:4M:autoextend",
         "--innodb-undo-tablespaces=0", "--key-buffer-size=64K", "--skip-name-resolve"]
PLACE = None  # where servers keep their files, if it is the disk that is looked at
_template = None


def need():
    """Skips the tests of this module or class where there is no server."""
    if not (SERVER and INSTALL and CLIENT):
        raise unittest.SkipTest("mariadbd is not installed: run script/bootstrap --test")


def _as_user(command):
    if not AS_ROOT:
        return command
    user = pwd.getpwnam("nobody")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--", *command]


def _directory(prefix):
    # In memory, where there is any: it is not the disk that is tested. Short: it holds the path of a socket.
    place = PLACE or "/dev/shm"
    if not PLACE and (not os.access(place, os.W_OK | os.X_OK) or shutil.disk_usage(place).free < 1 << 30):
        place = "/tmp"
    directory = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=place))
    directory.chmod(0o755)
    if AS_ROOT:
        shutil.chown(directory, "nobody")
    return directory


def _made():
    """A data directory as it is when nothing was put into it yet; made once, and copied."""
    global _template
    if _template is None:
        _template = _directory("pigeon-mariadb-new.")
        atexit.register(shutil.rmtree, _template, ignore_errors=True)
        command = [INSTALL, "--no-defaults", f"--datadir={_template}/data", "--auth-root-authentication-method=normal",
                   "--skip-test-db", *SMALL]
        # Not in /tmp, from where a server that starts removes the temporary tables of every other.
        done = subprocess.run(_as_user(command), capture_output=True, text=True, check=False, timeout=120,
                              env={**os.environ, "TMPDIR": str(_template)})
        if done.returncode != 0:
            raise AssertionError(f"mariadb-install-db: {done.returncode}\n{done.stdout}{done.stderr}")
    return _template / "data"


class MariaDB:
    """REQUIRES: use as a context manager, or call remove. Runs when it is made. Its root has no password."""

    prefix = ()  # of the command that starts it
    environment = None

    def __init__(self, *options, data=None, start=True):
        """data: the data directory of a server that is stopped, which this one begins as a copy of."""
        self.directory = _directory("pigeon-mariadb.")
        self.socket = self.directory / "socket"
        self.port = free_port()
        self.options = list(options)
        self.process = None
        copy = ["cp", "-r", "--sparse=always", str(data or _made()), str(self.directory / "data")]
        subprocess.run(_as_user(copy), check=True, timeout=60)
        if start:
            try:
                self.start()
            except BaseException:
                self.remove()
                raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def start(self, *options):
        """Starts it with these options beside its own, and waits until it answers."""
        command = [SERVER, "--no-defaults", f"--datadir={self.directory}/data", f"--socket={self.socket}",
                   "--bind-address=127.0.0.1", f"--port={self.port}", f"--pid-file={self.directory}/pid",
                   f"--log-error={self.directory}/error.log", f"--tmpdir={self.directory}", *SMALL, *self.options, *options]
        self.process = subprocess.Popen([*self.prefix, *_as_user(command)], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(AssertionError):
                self.sql("SELECT 1")
                return
            time.sleep(0.02)
        raise AssertionError(f"mariadbd does not answer\n{self.log()[-4000:]}")

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            return (self.directory / "error.log").read_text(errors="replace")
        return ""

    @property
    def pid(self):
        return self.process.pid

    def signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        """At once, as when the machine dies."""
        self._end(signal.SIGKILL)

    def stop(self):
        self._end(signal.SIGTERM)

    def _end(self, number):
        if self.process is None or self.process.poll() is not None:
            return
        self.signal(number)
        self.signal(signal.SIGCONT)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def remove(self):
        self._end(signal.SIGKILL)
        shutil.rmtree(self.directory, ignore_errors=True)

    def sql(self, text, database=None, user="root", password=None):
        """What the client prints, as rows of columns. REQUIRES: no column holds a tabulator."""
        command = [CLIENT, "--no-defaults", f"--socket={self.socket}", f"--user={user}", "--batch",
                   "--skip-column-names", "--connect-timeout=5", "--default-character-set=utf8mb4"]
        command += [f"--password={password}"] if password else []
        done = subprocess.run([*command, *([database] if database else [])], input=text, capture_output=True,
                              text=True, check=False, timeout=120)
        if done.returncode != 0:
            raise AssertionError(f"{text}\n{done.stderr}")
        return [tuple(line.split("\t")) for line in done.stdout.splitlines()]

    def make_account(self, database="pigeon", user="pigeon", password="secret"):
        """A database and who may do everything in it, as the manual says."""
        for host in ("localhost", "127.0.0.1"):
            self.sql(f"CREATE USER '{user}'@'{host}' IDENTIFIED BY '{password}';"
                     f"GRANT ALL ON `{database}`.* TO '{user}'@'{host}';")
        self.sql(f"CREATE DATABASE `{database}` CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")

    def settings(self, database="pigeon", by_socket=True):
        """The plugin's section of a configuration, for the account that make_account makes."""
        host = str(self.socket) if by_socket else f"127.0.0.1:{self.port}"
        return {"hosts": host, "database": database, "user": "pigeon", "password": "secret"}


class Running(MariaDB):
    """A server that somebody else has started, and will stop."""

    def __init__(self, socket):
        self.socket = pathlib.Path(socket)
        self.directory = self.socket.parent

    def remove(self):
        pass
