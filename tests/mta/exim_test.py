# SPDX-License-Identifier: MIT
"""Debian's Exim, with the set-up that docs/mta shows, delivers by PigeonDeliver."""

import unittest

from cases import Cases
from servers import Exim


class EximCases(Cases, unittest.TestCase):
    server = Exim


if __name__ == "__main__":
    unittest.main()
