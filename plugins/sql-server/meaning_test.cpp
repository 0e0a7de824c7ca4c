// SPDX-License-Identifier: MIT
#include "meaning.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("a server that can be written to says so by a number or, since MariaDB 12, by a name") {
  for (const std::string off : {"0", "OFF"}) CHECK(sql_server::is_off(off));
  for (const std::string on : {"1", "ON", "NO_LOCK", "NO_LOCK_NO_ADMIN", "2", ""}) {
    CAPTURE(on);
    CHECK_FALSE(sql_server::is_off(on));
  }
}
