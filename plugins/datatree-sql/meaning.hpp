// SPDX-License-Identifier: MIT
//
// What an error of MariaDB means for a mail (always that it waits), and for the administrator.
#pragma once

#include "connection.hpp"

namespace datatree_sql {

struct Meaning {
  int code;
  pigeon_status status;
  Connection::Course course;
  const char* remedy;
};

Meaning meaning_of(int code);

}  // namespace datatree_sql
