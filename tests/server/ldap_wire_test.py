# SPDX-License-Identifier: MIT
"""What datatree-ldap asks a server for one delivery: how much, and who is asked to witness it."""

import re
import unittest

import tree_slapd
from pigeon_site import Site
from proxy import Proxy
from slapd import BASE, Slapd


def setUpModule():
    global schema
    tree_slapd.need()
    schema = tree_slapd.schema()


class Searches(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Slapd(schema=schema))
        self.site = self.enterContext(Site({"datatree": "datatree-ldap", "datatree-sqlite": None,
                                            "datatree-ldap": tree_slapd.section(self.server)}))
        self.assertEqual(self.site.deliver().exit, 0)

    def searched(self, recipient, wanted):
        """The bases of the searches of one delivery, as names of the path from the top, with their scopes."""
        read = len(self.server.log.read_bytes())
        done = self.site.deliver(recipient)
        self.assertEqual(done.exit, wanted, done)
        self.server.stop()  # then all of it is written
        said = self.server.log.read_bytes()[read:].decode()
        self.server.start()
        found = re.findall(r'SRCH base="([^"]*)" scope=(\d)', said)
        return [("/".join(n.split("=")[1] for n in reversed(base.removesuffix(BASE).rstrip(",").split(",")) if n), scope)
                for base, scope in found if base.endswith(BASE)]

    def test_found(self):
        """the root is read once for a connection; a user who is there costs two searches more"""
        domain, user = "example.com", "example.com/mailUsers/alice"
        self.assertEqual(sorted(self.searched("alice@example.com", 0)),
                         sorted([("", "0"), (domain, "0"), (domain, "1"), (user, "0"), (user, "1")]))

    def test_not_there(self):
        """that a user is not there is said when the root and the parent were read in the same go, once more"""
        user = "example.com/mailUsers/nobody"
        searched = self.searched("nobody@example.com", 67)
        self.assertEqual(sorted(searched[-4:]),
                         sorted([("", "0"), ("example.com/mailUsers", "0"), (user, "0"), (user, "1")]))
        self.assertEqual(len(searched), 3 + 2 + 4)


    def test_round_trips(self):
        """what is asked for an object and what is below it goes in one round trip, after the one that says who we are"""
        with Proxy(self.server.port, delay=0.1) as proxy:
            self.site.configure({"datatree-ldap": {"uris": [f"ldap://127.0.0.1:{proxy.port}"]}})
            for recipient, status, trips in (("alice@example.com", 0, 3), ("alice@example.net", 67, 2),
                                             ("nobody@example.com", 67, 4)):
                with self.subTest(recipient):
                    proxy.turns = 0
                    self.assertEqual(self.site.deliver(recipient).exit, status)
                    self.assertEqual(proxy.turns, trips)


class Many(unittest.TestCase):
    def test_few_at_a_time(self):
        """a server that lets few requests of a connection wait lists many objects all the same"""
        with Slapd(schema=schema, top="threads 2\nconn_max_pending 40\nconn_max_pending_auth 40") as server, Site(
                {"datatree": "datatree-ldap", "datatree-sqlite": None, "datatree-ldap": tree_slapd.section(server)}) as site:
            site.add_objects(*({"path": f"/example.com/mailUsers/user{n}", "class": "mailUser"} for n in range(300)))
            for _ in range(5):
                listed = site.ctl("tree", "list", "/example.com/mailUsers", check=False)
                self.assertEqual(listed.returncode, 0, listed.stderr)
                self.assertEqual(len(re.findall("user[0-9]+", listed.stdout)), 300)


if __name__ == "__main__":
    unittest.main()
