// SPDX-License-Identifier: MIT
//
// What an error of MariaDB means for a mail (always that it waits), and for the administrator.
#pragma once

#include "connection.hpp"

#include <string>
#include <string_view>

namespace sql_server {

struct Meaning {
  int code;
  pigeon_status status;
  Connection::Course course;
  const char* remedy;  // "{}" in it stands for the plugin

  [[nodiscard]] std::string remedy_for(const std::string& plugin) const;
};

Meaning meaning_of(int code);

// Whether a variable of the server, as it answers it, is off. MariaDB 12 gives some by name.
inline bool is_off(std::string_view variable) {
  return variable == "0" || variable == "OFF";
}

}  // namespace sql_server
