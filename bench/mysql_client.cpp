// SPDX-License-Identifier: MIT
//
// One prepared statement whose rows have the user's home.
#include "bench/client.hpp"
#include "bench/lookup.hpp"

#include <cppconn/driver.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>
#include <cppconn/resultset_metadata.h>
#include <cppconn/statement.h>

#include <utility>

namespace pigeon::bench {
namespace {

constexpr const char* kUsers = "/example.com/mailUsers/";

// The statement with parameters, and for each whether it is the user's path.
std::pair<std::string, std::vector<bool>> prepared(const std::string& text) {
  constexpr std::size_t kLength = 6;
  std::string statement;
  std::vector<bool> is_path;
  std::size_t from = 0;
  for (auto at = text.find('{'); at != std::string::npos; at = text.find('{', from)) {
    is_path.push_back(text.compare(at, kLength, "{path}") == 0);
    if (text.compare(at, kLength, "{user}") != 0 && !is_path.back())
      die("the statement has neither {user} nor {path}");
    statement.append(text, from, at - from).push_back('?');
    from = at + kLength;
  }
  return {statement + text.substr(from), is_path};
}

// From rows of which everything is read.
std::string home_in(sql::ResultSet& rows, const std::string& user) {
  std::string home;
  auto* columns = rows.getMetaData();
  while (rows.next()) {
    for (unsigned column = 1; column <= columns->getColumnCount(); ++column) {
      if (rows.isNull(column)) continue;
      const std::string value = rows.getString(column);
      if (columns->getColumnLabel(column) == "home") home = value;
    }
  }
  if (home.empty()) die(user + " is not there");
  return home;
}

}  // namespace

Ask mysql_client(const std::vector<std::string>& arguments) {
  if (arguments.size() != 5) die("mysql takes SOCKET USER PASSWORD DATABASE STATEMENT");
  const std::shared_ptr<sql::Connection> connection(
      ::get_driver_instance()->connect("unix://" + arguments[0], arguments[1], arguments[2]));
  connection->setSchema(arguments[3]);
  const std::unique_ptr<sql::Statement> setting(connection->createStatement());
  setting->execute("SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'");
  const auto [text, is_path] = prepared(arguments[4]);
  const std::shared_ptr<sql::PreparedStatement> statement(connection->prepareStatement(text));
  return [connection, statement, is_path = is_path](const std::string& user) {
    unsigned index = 0;
    for (const bool path : is_path) statement->setString(++index, path ? kUsers + user : user);
    const std::unique_ptr<sql::ResultSet> rows(statement->executeQuery());
    return home_in(*rows, user);
  };
}

}  // namespace pigeon::bench
