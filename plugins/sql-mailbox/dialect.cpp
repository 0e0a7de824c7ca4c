// SPDX-License-Identifier: MIT
#include "dialect.hpp"

namespace sql_mailbox {
namespace {

std::string sqlite_messages(const std::string& name) {
  return "CREATE TABLE IF NOT EXISTS \"" + name + R"(" (
  folder INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  part INTEGER NOT NULL,
  received INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  wire_bytes INTEGER NOT NULL,
  marks INTEGER NOT NULL,
  delivery TEXT NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (folder, uid, part)
);
)";
}

std::string mysql_messages(const std::string& name) {
  return "CREATE TABLE IF NOT EXISTS \"" + name + R"(" (
  folder BIGINT NOT NULL,
  uid BIGINT NOT NULL,
  part BIGINT NOT NULL,
  received BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  wire_bytes BIGINT NOT NULL,
  marks BIGINT NOT NULL,
  delivery VARBINARY(64) NOT NULL,
  content LONGBLOB NOT NULL,
  PRIMARY KEY (folder, uid, part)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;
)";
}

constexpr Dialect kSqlite = {
    .own_tables = R"(PRAGMA application_id = 1346850114;
PRAGMA user_version = 1;
CREATE TABLE IF NOT EXISTS mailboxes (
  mailbox INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  own_table TEXT UNIQUE,
  allocation TEXT,
  state INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  repeats INTEGER NOT NULL DEFAULT 0,
  counted INTEGER NOT NULL,
  forgotten INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS folders (
  folder INTEGER PRIMARY KEY AUTOINCREMENT,
  mailbox INTEGER NOT NULL REFERENCES mailboxes (mailbox),
  name TEXT NOT NULL,
  uidvalidity INTEGER NOT NULL,
  uidnext INTEGER NOT NULL,
  UNIQUE (mailbox, name)
);
CREATE TABLE IF NOT EXISTS deliveries (
  mailbox INTEGER NOT NULL,
  id TEXT NOT NULL,
  week INTEGER NOT NULL,
  folder INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  PRIMARY KEY (mailbox, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fields (
  folder INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  number INTEGER NOT NULL,
  field TEXT NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (folder, uid, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fields_by_value ON fields (field, value);
)",
    .messages_table = sqlite_messages,
    .locking = "",
    .unless_there = " ON CONFLICT DO NOTHING",
    .forget =
        "DELETE FROM deliveries WHERE (mailbox, id) IN "
        "(SELECT mailbox, id FROM deliveries WHERE mailbox = ? AND week < ? LIMIT 500)",
    .has_blocks = false,
    .shows_early = false,
};

constexpr Dialect kMysql = {
    .own_tables = R"(CREATE TABLE IF NOT EXISTS mailbox_layout (
  version BIGINT PRIMARY KEY
) ENGINE=InnoDB;
INSERT INTO mailbox_layout (version) VALUES (1) ON DUPLICATE KEY UPDATE version = version;
CREATE TABLE IF NOT EXISTS mailboxes (
  mailbox BIGINT AUTO_INCREMENT PRIMARY KEY,
  name VARBINARY(700) NOT NULL UNIQUE,
  own_table VARBINARY(64) UNIQUE,
  allocation VARBINARY(64),
  state BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  messages BIGINT NOT NULL,
  repeats BIGINT NOT NULL DEFAULT 0,
  counted BIGINT NOT NULL,
  forgotten BIGINT NOT NULL
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;
CREATE TABLE IF NOT EXISTS folders (
  folder BIGINT AUTO_INCREMENT PRIMARY KEY,
  mailbox BIGINT NOT NULL,
  name VARBINARY(700) NOT NULL,
  uidvalidity BIGINT NOT NULL,
  uidnext BIGINT NOT NULL,
  UNIQUE (mailbox, name)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;
CREATE TABLE IF NOT EXISTS deliveries (
  mailbox BIGINT NOT NULL,
  id VARBINARY(128) NOT NULL,
  week BIGINT NOT NULL,
  folder BIGINT NOT NULL,
  uid BIGINT NOT NULL,
  PRIMARY KEY (mailbox, id)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS fields (
  folder BIGINT NOT NULL,
  uid BIGINT NOT NULL,
  number BIGINT NOT NULL,
  field VARBINARY(32) NOT NULL,
  value VARBINARY(998) NOT NULL,
  PRIMARY KEY (folder, uid, number),
  KEY fields_by_value (field, value(128))
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;
)",
    .messages_table = mysql_messages,
    .locking = " FOR UPDATE",
    .unless_there = " ON DUPLICATE KEY UPDATE week = week",
    .forget = "DELETE FROM deliveries WHERE mailbox = ? AND week < ? LIMIT 500",
    .has_blocks = true,
    .shows_early = true,
};

}  // namespace

const Dialect& sqlite_dialect() {
  return kSqlite;
}
const Dialect& mysql_dialect() {
  return kMysql;
}

}  // namespace sql_mailbox
