# SPDX-License-Identifier: MIT
"""What the tests of LDAP servers share: a site whose deliveries have a deadline, and how one ends."""

import functools
import time
import unittest

import tree_slapd
from slapd import PASSWORD

DEADLINE = 12  # seconds

site_on = functools.partial(tree_slapd.site_on, deadline=DEADLINE)


class Case(unittest.TestCase):
    def ldap(self, site, **section):
        site.configure({"datatree-ldap": section})

    def delivers(self, site, recipient="alice@example.com", user="alice", domain="example.com"):
        before = len(site.messages(user, domain))
        done = site.deliver(recipient)
        self.assertEqual(done.exit, 0, done)
        self.assertEqual(len(site.messages(user, domain)), before + 1)

    def waits(self, site, recipient="alice@example.com"):
        begin = time.monotonic()
        done = site.deliver(recipient)
        self.assertEqual(done.exit, 75, done)
        self.assertNotIn(PASSWORD, str(done))
        self.assertLess(time.monotonic() - begin, DEADLINE + 3)
        return done.record["detail"]
