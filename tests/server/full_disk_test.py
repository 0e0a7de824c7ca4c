# SPDX-License-Identifier: MIT
"""The disk of the server that has the tree is full: who has a mailbox gets mail, and nothing that must be written is lost."""

import contextlib
import os
import shutil
import subprocess
import unittest

import mariadb
import tree_slapd
from pigeon_site import AS_ROOT, Site
from slapd import SUFFIX, Slapd


class Full(unittest.TestCase):
    def setUp(self):
        if not AS_ROOT:
            self.skipTest("to mount a small file system needs root")

    def small_disk(self, data, spare):
        """Puts what is in this directory on a disk with so many bytes to spare."""
        moved = data.with_name(f"{data.name}.moved")
        data.rename(moved)
        data.mkdir()
        status = moved.stat()
        used = sum(f.stat().st_blocks * 512 + 4096 for f in moved.rglob("*"))
        mount = ["mount", "-t", "tmpfs", "-o", f"size={used + spare},uid={status.st_uid},gid={status.st_gid},mode=0700", "tmpfs", data]
        if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
            self.skipTest("this machine does not let us mount a file system")
        self.addCleanup(subprocess.run, ["umount", "--lazy", data], check=False)
        subprocess.run(["cp", "-a", "--sparse=always", f"{moved}/.", data], check=True)
        shutil.rmtree(moved)

    @contextlib.contextmanager
    def nothing_left(self, data):
        """No byte can be written while this lasts."""
        filler = data / "filler"
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        self.assertEqual(os.statvfs(data).f_bavail, 0)
        try:
            yield
        finally:
            filler.unlink()

    def delivers(self, site, recipient, expected=(0,)):
        done = site.deliver(recipient)
        self.assertIn(done.exit, expected, done)
        return done.exit

    def check(self, site, data, mend, use_up=lambda: None):
        """Mail for who has a mailbox, and for who has none, until there is no space for another one.

        use_up: has the server use what space it has kept. mend: what has to be done once there is space again.
        """
        users = [f"user{n}" for n in range(100)]
        site.add_objects(*({"path": f"/example.com/mailUsers/{user}", "class": "mailUser"} for user in users))
        self.delivers(site, "alice@example.com")
        with self.nothing_left(data):
            use_up()
            self.delivers(site, "alice@example.com")
            self.delivers(site, "nobody@example.com", (67,))
            count, status = 0, 0
            while status == 0:
                status = self.delivers(site, f"{users[count]}@example.com", (0, 75))
                count += 1
        mend()
        self.delivers(site, f"{users[count - 1]}@example.com")
        self.delivers(site, f"{users[count]}@example.com")
        self.assertEqual({len(site.messages(user)) for user in users[: count + 1]}, {1})
        self.assertEqual(len(site.messages("alice")), 2)

    @staticmethod
    def fill(server):
        """Entries, ever smaller ones, until there is no space for any."""
        number = 0
        for size in (65536, 4096, 256, 16):
            while server.add(f"dn: cn={number},{SUFFIX}\nobjectClass: device\ncn: {number}\ndescription: {'x' * size}\n",
                             check=False).returncode == 0:
                number += 1

    def test_slapd(self):
        """slapd: who has no mailbox gets his mail from what space the server has kept, and then waits"""
        tree_slapd.need()
        with Slapd(schema=tree_slapd.schema()) as server, Site(
                {"datatree": "datatree-ldap", "datatree-sqlite": None, "datatree-ldap": tree_slapd.section(server)}) as site:
            server.stop()
            self.small_disk(server.data, 1 << 20)
            server.start()
            self.check(site, server.data, lambda: None, lambda: self.fill(server))
            server.stop()

    def test_mariadb(self):
        """MariaDB, which ends itself when it cannot write: the same, until somebody has started it again"""
        mariadb.need()
        with mariadb.MariaDB() as server:
            server.make_account()
            with Site({"datatree": "datatree-sql", "datatree-sql": server.settings()}) as site:
                server.stop()
                data = server.directory / "data"
                self.small_disk(data, 32 << 20)
                server.start()
                self.check(site, data, lambda: (server.stop(), server.start()))  # it may be about to end: asked, it would still be there
                server.stop()
