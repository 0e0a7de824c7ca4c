// SPDX-License-Identifier: MIT
//
// Queries of one user, by a server's own client library and nothing around it: the least that gives the home,
// or the same that the plugin sends, of which everything is read.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace pigeon::bench {

// Answers with the home of a user. Its connection is open, and closed with the last copy.
using Ask = std::function<std::string(const std::string& user)>;

// These end the process if anything is wrong.
// URI BIND-DN PASSWORD DN-BELOW-WHICH-USERS-ARE [TYPE...]: with types, the user's entry and the level below
// it are searched for these, both before either is answered.
Ask ldap_client(const std::vector<std::string>& arguments);
// SOCKET USER PASSWORD DATABASE STATEMENT: each {user} in it is the user's name, and each {path} the user's
// path; the home is in the column "home" of one of the rows.
Ask mysql_client(const std::vector<std::string>& arguments);

}  // namespace pigeon::bench
