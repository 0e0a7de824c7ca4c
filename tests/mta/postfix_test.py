# SPDX-License-Identifier: MIT
"""Debian's Postfix, with the set-up that docs/mta shows, delivers by PigeonDeliver."""

import unittest

from cases import Cases
from servers import Postfix


class PostfixCases(Cases, unittest.TestCase):
    server = Postfix


if __name__ == "__main__":
    unittest.main()
