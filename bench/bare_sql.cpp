// SPDX-License-Identifier: MIT
#include "bench/store.hpp"

#include <pigeon/sdk/text.hpp>

#include <cppconn/driver.h>
#include <cppconn/exception.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/statement.h>

#include <map>
#include <memory>

namespace pigeon::bench {
namespace {

class Server {
 public:
  Server(const std::string& place, std::string message) : message_(std::move(message)) {
    const auto words = split(place, ' ');
    if (words.size() != 4) die("sql takes SOCKET USER PASSWORD DATABASE");
    const auto word = [&](std::size_t at) { return std::string(words[at]); };
    connection_.reset(::get_driver_instance()->connect("unix://" + word(0), word(1), word(2)));
    const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
    statement->execute("CREATE DATABASE IF NOT EXISTS " + word(3));
    connection_->setSchema(word(3));
    statement->execute("CREATE TABLE bare (id BIGINT AUTO_INCREMENT PRIMARY KEY, text LONGBLOB NOT NULL)");
    connection_->setAutoCommit(false);
  }

  void store(std::size_t messages) {
    auto& insert = inserts_[messages];
    if (!insert) {
      std::string rows = "(?)";
      for (std::size_t i = 1; i < messages; ++i) rows += ",(?)";
      insert.reset(connection_->prepareStatement("INSERT INTO bare (text) VALUES " + rows));
    }
    for (std::size_t i = 0; i < messages; ++i) insert->setString(static_cast<unsigned>(i + 1), message_);
    insert->executeUpdate();
    connection_->commit();
  }

 private:
  std::string message_;
  std::unique_ptr<sql::Connection> connection_;
  std::map<std::size_t, std::unique_ptr<sql::PreparedStatement>> inserts_;
};

}  // namespace

Bare bare_sql(const std::string& place, const std::string& message) {
  try {
    const auto server = std::make_shared<Server>(place, message);
    return [server](std::size_t messages) { server->store(messages); };
  } catch (const sql::SQLException& exception) {
    die(exception.what());
  }
}

}  // namespace pigeon::bench
