// SPDX-License-Identifier: MIT
//
// A single query of one user, by a server's own client library and nothing around it.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace pigeon::bench {

// Answers with the home of a user. Its connection is open, and closed with the last copy.
using Ask = std::function<std::string(const std::string& user)>;

// REQUIRES: arguments are those of `usage`. Ends the process if anything is wrong.
Ask ldap_client(const std::vector<std::string>& arguments);   // URI BIND-DN PASSWORD DN-BELOW-WHICH-USERS-ARE
Ask mysql_client(const std::vector<std::string>& arguments);  // SOCKET USER PASSWORD DATABASE STATEMENT

}  // namespace pigeon::bench
