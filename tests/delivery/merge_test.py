# SPDX-License-Identifier: MIT
"""Which object configures a module: the user's, or the domain's. Every row, as whole deliveries."""

import itertools
import unittest

from pigeon_site import Site

# What a side says of mailStore: (enable, force), or nothing at all. None is a property that is not there.
SIDES = {
    "absent": None,
    "plain": (None, None),
    "off": ("FALSE", None),
    "forced": ("TRUE", "TRUE"),
    "forcedoff": ("FALSE", "TRUE"),
    "unforced": ("TRUE", "FALSE"),
}


def mail_store(path, side, **attributes):
    """The objects of one side: none, or a mailStore."""
    if SIDES[side] is None:
        return []
    enable, force = SIDES[side]
    attributes |= {name: value for name, value in (("enable", enable), ("force", force)) if value}
    return [{"path": f"{path}/mailStore", "class": "mailStore", "auxiliary": ["mda-maildir"], "attributes": attributes}]


def expected(user, domain):
    """Whose object decides, and whether the module runs: the table of the design, spelled out once more."""
    if SIDES[user] is None and SIDES[domain] is None:
        return None, False
    if SIDES[user] is None:
        chosen, side = "domain", domain
    elif SIDES[domain] is None:
        chosen, side = "user", user
    else:
        domain_wins = SIDES[domain][1] == "TRUE" and SIDES[user][1] != "TRUE"
        chosen, side = ("domain", domain) if domain_wins else ("user", user)
    return chosen, SIDES[side][0] != "FALSE"


class Table(unittest.TestCase):
    """The user's object puts mail into a folder named by the detail, the domain's into the main folder: so the place
    of the message tells which of them was used."""

    @classmethod
    def setUpClass(cls):
        cls.site = Site(domain=None).__enter__()
        cls.addClassCleanup(cls.site.__exit__)
        objects = []
        for domain in SIDES:
            top = f"/{domain}.example"
            objects += [{"path": top, "class": "mailDomain"}, {"path": f"{top}/mailUsers", "class": "mailUsers"}]
            objects += mail_store(top, domain, detailFolder="FALSE")
            for user in SIDES:
                path = f"{top}/mailUsers/{user}"
                objects.append({"path": path, "class": "mailUser"})
                objects += mail_store(path, user, detailFolder="TRUE", createFolders="TRUE")
        cls.site.add_objects(*objects)

    def test_every_row(self):
        """every combination of the two sides is decided as the table says, and explain says the same"""
        for user, domain in itertools.product(SIDES, SIDES):
            with self.subTest(user=user, domain=domain):
                self.check_row(user, domain)

    def check_row(self, user, domain):
        site, name = self.site, f"{domain}.example"
        recipient = f"{user}+box@{name}"
        chosen, runs = expected(user, domain)
        told = site.explain(recipient)
        done = site.deliver(recipient)

        path = f"/{name}/mailUsers/{user}/mailStore" if chosen == "user" else f"/{name}/mailStore"
        table = [l["line"] for l in told["lines"] if l["who"] == "mailUsers" and l["line"].startswith("mailStore: ")]
        self.assertEqual([line.split(" (")[0] for line in table], [f"mailStore: {path}"] if chosen else [])
        self.assertEqual([line.endswith("; off)") for line in table], [not runs] if chosen else [])
        self.assertEqual((told["exit"], told["outcome"]), (done.exit, done.record["status"]))

        in_folder = len(site.messages(user, name, ".box"))
        in_main = len(site.messages(user, name))
        if runs:
            self.assertEqual((done.exit, done.stderr), (0, ""))
            self.assertEqual((in_main, in_folder), (0, 1) if chosen == "user" else (1, 0))
            return
        self.assertEqual(done.exit, 75)
        self.assertEqual((in_main, in_folder), (0, 0))
        self.assertFalse(site.home(user, name).exists())
        if chosen:
            self.assertEqual(done.stderr, "4.2.1 mailbox disabled; it will be tried again\n")
        else:
            self.assertEqual(done.record["dsn"], "4.3.5")
            self.assertIn("no module took the message", done.record["detail"])


class Malformed(unittest.TestCase):
    """What is neither TRUE nor FALSE is a mistake, whichever object it is on and whatever the others say."""

    @classmethod
    def setUpClass(cls):
        cls.site = Site().__enter__()
        cls.addClassCleanup(cls.site.__exit__)
        cls.site.add_objects({"path": "/example.com/mailUsers/alice/mailStore", "class": "mailStore"})

    def object_of(self, path):
        """The number of an object in the tree's tables."""
        above, name = path.rsplit("/", 1)
        select = "SELECT object FROM tree WHERE structural = 1 AND name = (SELECT id FROM strings WHERE value = ?) AND"
        return self.site.sql(f"{select} cursor = (SELECT id FROM strings WHERE value = ?)", name, above or "/")[0][0]

    def check(self, path, table, attribute, value):
        number = self.object_of(path)
        self.site.sql(f"UPDATE class_{table} SET {attribute} = ? WHERE object_id = ?", value, number)
        try:
            done = self.site.deliver()
            told = self.site.explain("alice@example.com")
        finally:
            self.site.sql(f"UPDATE class_{table} SET {attribute} = NULL WHERE object_id = ?", number)
        self.assertEqual((done.exit, done.record["dsn"]), (75, "4.3.5"))
        self.assertEqual(done.stderr, "4.3.5 mail system trouble; it will be tried again\n")
        self.assertIn(f"property '{attribute}' of {path}", done.record["detail"])
        self.assertIn(f"pigeonctl tree set {path} {attribute}=TRUE", done.record["remedy"])
        self.assertEqual((told["exit"], told["detail"]), (75, done.record["detail"]))

    def test_module_objects(self):
        """enable or force of a module's object that is malformed is an error, also where the object is not chosen"""
        for path in ("/example.com/mailStore", "/example.com/mailUsers/alice/mailStore"):
            for attribute, value in (("enable", "yes"), ("enable", "true"), ("force", "1"), ("force", "TRUE ")):
                with self.subTest(path=path, attribute=attribute, value=value):
                    self.check(path, "mailstore", attribute, value)

    def test_users_module(self):
        """so it is on the object of the module that finds the users"""
        for attribute in ("enable", "force"):
            with self.subTest(attribute=attribute):
                self.check("/example.com/mailUsers", "mailusers", attribute, "on")

    def test_user_and_domain(self):
        """so it is on the user and on the domain"""
        self.check("/example.com/mailUsers/alice", "mailuser", "enable", "no")
        self.check("/example.com", "maildomain", "enable", "0")

    def test_accept_unknown(self):
        """acceptUnknown that is malformed neither accepts nor refuses"""
        number = self.object_of("/example.com")
        self.site.sql("UPDATE class_maildomain SET acceptunknown = 'maybe' WHERE object_id = ?", number)
        try:
            done = self.site.deliver("nobody@example.com")
        finally:
            self.site.sql("UPDATE class_maildomain SET acceptunknown = NULL WHERE object_id = ?", number)
        self.assertEqual(done.exit, 75)
        self.assertIn("property 'acceptUnknown' of /example.com", done.record["detail"])

    def test_two_of_one_class(self):
        """two objects of one class on a level are an error, on either side"""
        for path in ("/example.com", "/example.com/mailUsers/alice"):
            with self.subTest(path=path):
                self.site.ctl("tree", "add", f"{path}/second", "mailStore")
                done = self.site.deliver()
                self.site.ctl("tree", "remove", f"{path}/second")
                self.assertEqual((done.exit, done.record["dsn"]), (75, "4.3.5"))
                self.assertIn(f"{path}/mailStore and {path}/second are both of class mailStore", done.record["detail"])

    def test_well_formed(self):
        """the same site without any of these delivers"""
        self.assertEqual(self.site.deliver().exit, 0)


if __name__ == "__main__":
    unittest.main()
