# SPDX-License-Identifier: MIT
"""Real slapd processes: each in a directory of its own, on loopback and a unix socket, as an ordinary user.

slapd is the one that script/fetch-servers has unpacked, or else an installed one; where there is neither, tests that
need it are skipped.
"""

import base64
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

from pigeon_site import AS_ROOT, USER
from ports import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNPACKED = ROOT / ".deps" / "slapd"
HERE = UNPACKED if (UNPACKED / "usr/sbin/slapd").exists() else pathlib.Path("/")
SLAPD = HERE / "usr/sbin/slapd"
AVAILABLE = SLAPD.exists()
WHY_NOT = "there is no slapd; script/fetch-servers slapd fetches it"

SUFFIX = "dc=example,dc=com"
BASE = f"ou=mail,{SUFFIX}"
ADMIN = f"cn=admin,{SUFFIX}"
PASSWORD = "se'cret \\pass"


def environment():
    """What lets the unpacked programs find their libraries, and keeps libldap from the machine's own settings."""
    libraries = [str(HERE / "usr/lib/x86_64-linux-gnu"), str(HERE / "usr/lib/ldap")]
    found = [str(p.parent) for p in HERE.glob("usr/lib/*/libltdl.so.7")] if HERE != pathlib.Path("/") else []
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(found or libraries), "LDAPNOINIT": "1"}


def identity():
    """How subprocess becomes the user that owns a server's directory."""
    return {"user": USER.pw_uid, "group": USER.pw_gid, "extra_groups": []} if AS_ROOT else {}


class Slapd:
    """One server with one mdb database. REQUIRES: use as a context manager.

    schema      slapd.conf lines or files' text that define what `pigeonctl schema ldap` prints
    config      more lines for the database, such as access rules
    top         more lines for the whole server
    config_db   keep the configuration as cn=config, which ADMIN may change
    """

    def __init__(self, schema="", config="", top="", suffix=SUFFIX, config_db=False, tls=None, password=PASSWORD,
                 fill=True, address="127.0.0.1"):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="pigeon-slapd."))
        self.directory.chmod(0o755)
        self.suffix, self.admin, self.password = suffix, f"cn=admin,{suffix}", password
        self.address = address
        self.port = free_port()
        self.tls_port = free_port() if tls else None
        self.socket = self.directory / "ldapi"
        self.data = self.directory / "data"
        self.data.mkdir()
        self.log = self.directory / "log"
        self.configuration = self.directory / "slapd.conf"
        self._maxsize = 1 << 28
        self._schema, self._config, self._top, self._config_db, self._tls = schema, config, top, config_db, tls
        self.process = None
        self.write_configuration()
        if AS_ROOT:
            for path in (self.directory, self.data):
                os.chown(path, USER.pw_uid, USER.pw_gid)
        try:
            self.start_somewhere()
            if fill:
                self.add_suffix()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def uri(self):
        return f"ldap://{self.address}:{self.port}"

    @property
    def ldaps(self):
        # libldap takes "localhost" for another name, the machine's own.
        return f"ldaps://127.0.0.1:{self.tls_port}"

    @property
    def ldapi(self):
        return "ldapi://" + urllib.parse.quote(str(self.socket), safe="")

    def binds(self):
        """The DNs that somebody has tried to bind with so far."""
        return set(re.findall(r'BIND dn="([^"]*)"', self.log.read_text(errors="replace")))

    def write_configuration(self):
        schemas = HERE / "etc/ldap/schema"
        standard = ("core", "cosine", "nis", "inetorgperson")
        lines = [f"include {quoted(schemas / (name + '.schema'))}" for name in standard]
        schema = self.directory / "pigeon.schema"
        schema.write_text(self._schema)
        lines += [f"include {quoted(schema)}", f"pidfile {quoted(self.directory / 'pid')}",
                  f"modulepath {quoted(HERE / 'usr/lib/ldap')}", "moduleload back_mdb", "moduleload syncprov",
                  self._top]
        if self._tls:
            lines += [f"TLSCACertificateFile {quoted(self._tls.ca)}",
                      f"TLSCertificateFile {quoted(self._tls.certificate)}",
                      f"TLSCertificateKeyFile {quoted(self._tls.key)}"]
        if self._config_db:
            lines += ["database config", f'access to * by dn.exact="{self.admin}" manage by * none']
        lines += ["database mdb", f'suffix "{self.suffix}"', f'rootdn "{self.admin}"',
                  f"rootpw {quoted(self.password)}",
                  f"directory {quoted(self.data)}", f"maxsize {self._maxsize}", "index objectClass,entryUUID,entryCSN eq",
                  "dbnosync", self._config]
        self.configuration.write_text("\n".join(lines) + "\n")

    def start(self):
        """Starts it, and waits until it answers."""
        where = ["-f", str(self.configuration)]
        if self._config_db:
            tree = self.directory / "slapd.d"
            is_new = not tree.exists()
            if is_new:
                tree.mkdir()
                if AS_ROOT:
                    os.chown(tree, USER.pw_uid, USER.pw_gid)
            # With both, slapd makes the directory from the file.
            where = (where if is_new else []) + ["-F", str(tree)]
        urls = [self.uri, self.ldapi] + ([self.ldaps] if self._tls else [])
        # In the foreground (-d), so that it is ours to stop.
        command = [str(SLAPD), *where, "-h", " ".join(urls), "-d", "stats"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=environment(), **identity())
        self.wait_until_it_answers()

    def start_somewhere(self):
        """As start, on other ports where somebody else has taken these meanwhile."""
        for _ in range(5):
            try:
                return self.start()
            except AssertionError as failed:
                if "Address already in use" not in str(failed):
                    raise
                self.port, self.tls_port = free_port(), self.tls_port and free_port()
        return self.start()

    def wait_until_it_answers(self, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            if self.search("", "-s", "base", "1.1", check=False, who="").returncode == 0:
                return
            time.sleep(0.02)
        raise AssertionError("slapd does not answer:\n" + self.log.read_text(errors="replace")[-3000:])

    def stop(self, how=signal.SIGTERM):
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
                self.process.send_signal(how)
            self.process.wait(30)

    def kill(self):
        self.stop(signal.SIGKILL)

    def freeze(self):
        """It keeps its connections and its ports, and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def restart(self, **changes):
        """With other schema, config or top lines, or the same."""
        self.stop()
        for name, value in changes.items():
            setattr(self, f"_{name}", value)
        self.write_configuration()
        self.start()

    # What an administrator does at the command line.

    def tool(self, name, *arguments, input=None, check=True):
        """slaptest, slapadd and so on, which work without the server."""
        command = [str(SLAPD), "-T", name.removeprefix("slap"), *arguments]
        done = subprocess.run(command, input=input, capture_output=True, text=True, check=False, env=environment(),
                              timeout=300, **identity())
        if check and done.returncode != 0:
            raise AssertionError(f"{name}: {done.stdout}{done.stderr}")
        return done

    def client(self, program, *arguments, input=None, check=True, who=None, password=None):
        bound = ["-x", "-H", self.ldapi]
        if who != "":
            bound += ["-D", who or self.admin, "-w", password or self.password]
        command = [str(HERE / "usr/bin" / program), *bound, *arguments]
        done = subprocess.run(command, input=input, capture_output=True, text=True, check=False, env=environment(),
                              timeout=60)
        if check and done.returncode != 0:
            raise AssertionError(f"{program} {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done

    def search(self, base, *arguments, **how):
        return self.client("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", base, *arguments, **how)

    def add(self, ldif, **how):
        return self.client("ldapadd", input=ldif, **how)

    def modify(self, ldif, **how):
        return self.client("ldapmodify", input=ldif, **how)

    def delete(self, *arguments, **how):
        return self.client("ldapdelete", *arguments, **how)

    def add_suffix(self):
        """The entry that the suffix names, so that something can be put below it."""
        kind, value = self.suffix.split(",")[0].split("=")
        what = {"dc": "objectClass: domain", "ou": "objectClass: organizationalUnit",
                "o": "objectClass: organization"}.get(kind)
        if what:
            self.add(f"dn: {self.suffix}\n{what}\n{kind}: {value}\n")

    def entries(self, base=None):
        """Every entry below the base: DN and attributes, decoded."""
        return parse(self.search(base or self.suffix).stdout)


def parse(ldif):
    """LDIF without folded lines, as a list of (dn, {attribute: [value]})."""
    found = []
    for block in ldif.strip().split("\n\n"):
        entry = {}
        for line in block.splitlines():
            name, _, value = line.partition(":")
            decoded = base64.b64decode(value[1:]).decode() if value.startswith(":") else value.strip()
            entry.setdefault(name, []).append(decoded)
        if "dn" in entry:
            found.append((entry.pop("dn")[0], entry))
    return found


def quoted(text):
    """One word of slapd.conf."""
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
