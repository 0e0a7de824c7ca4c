// SPDX-License-Identifier: MIT
//
// One prepared statement that selects the user's home.
#include "bench/client.hpp"
#include "bench/lookup.hpp"

#include <cppconn/driver.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>

namespace pigeon::bench {

Ask mysql_client(const std::vector<std::string>& arguments) {
  if (arguments.size() != 5) die("mysql takes SOCKET USER PASSWORD DATABASE STATEMENT");
  const std::shared_ptr<sql::Connection> connection(
      ::get_driver_instance()->connect("unix://" + arguments[0], arguments[1], arguments[2]));
  connection->setSchema(arguments[3]);
  const std::shared_ptr<sql::PreparedStatement> statement(connection->prepareStatement(arguments[4]));
  return [connection, statement](const std::string& user) {
    statement->setString(1, user);
    const std::unique_ptr<sql::ResultSet> rows(statement->executeQuery());
    if (!rows->next()) die(user + " is not there");
    return std::string(rows->getString(1).asStdString());
  };
}

}  // namespace pigeon::bench
