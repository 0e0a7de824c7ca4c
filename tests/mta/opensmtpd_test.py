# SPDX-License-Identifier: MIT
"""Debian's OpenSMTPD, with the set-up that docs/mta shows, delivers by PigeonDeliver."""

import unittest

from cases import Cases
from servers import OpenSmtpd


class OpenSmtpdCases(Cases, unittest.TestCase):
    server = OpenSmtpd
    gives_original = False
    most_odd_addresses = 5


if __name__ == "__main__":
    unittest.main()
