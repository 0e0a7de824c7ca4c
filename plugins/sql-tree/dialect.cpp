// SPDX-License-Identifier: MIT
#include "dialect.hpp"

namespace sql_tree {
namespace {

constexpr Dialect kSqlite = {
    .name = "sqlite",
    .own_tables = R"(PRAGMA application_id = 1346850388;
PRAGMA user_version = 1;
CREATE TABLE IF NOT EXISTS strings (
  id INTEGER PRIMARY KEY,
  value TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS objects (
  id INTEGER PRIMARY KEY AUTOINCREMENT
);
CREATE TABLE IF NOT EXISTS tree (
  "cursor" INTEGER NOT NULL REFERENCES strings (id),
  name INTEGER NOT NULL REFERENCES strings (id),
  class INTEGER NOT NULL REFERENCES strings (id),
  structural INTEGER NOT NULL,
  object INTEGER NOT NULL REFERENCES objects (id),
  PRIMARY KEY ("cursor", name, class)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS one_structural_class ON tree ("cursor", name) WHERE structural = 1;
CREATE TABLE IF NOT EXISTS multivalues (
  "key" INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY ("key", value)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS locks (
  object INTEGER PRIMARY KEY REFERENCES objects (id),
  token TEXT NOT NULL
);
)",
    .object_type = "INTEGER",
    .text_type = "TEXT",
    .integer_type = "INTEGER",
    .table_options = "",
    .add_column = "ADD COLUMN",
    .string_is = "value = ?",
    .new_key = "SELECT ifnull(max(\"key\"), 0) + 1 FROM multivalues",
    .forget_key = "DELETE FROM multivalues WHERE \"key\"",
    .table_exists = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?",
    .columns_of_table = "SELECT name, type FROM pragma_table_info(?)",
    .or_left = [](std::string_view /*column*/) { return std::string(" ON CONFLICT DO NOTHING"); },
};

// A text of any length is found by its digest, which compares octets: no index is long enough for a cursor,
// and a collation has no part in it. A writer changes the version of the object that it changes: that keeps
// other writers out, on this server by the lock on the row, in a cluster by the conflict at the commit.
constexpr Dialect kMysql = {
    .name = "mysql",
    .own_tables = R"(SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES,STRICT_ALL_TABLES');
CREATE TABLE IF NOT EXISTS layout (
  version BIGINT PRIMARY KEY
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
INSERT INTO layout (version) VALUES (1) ON DUPLICATE KEY UPDATE version = version;
CREATE TABLE IF NOT EXISTS strings (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  value LONGTEXT NOT NULL,
  digest BINARY(32) AS (UNHEX(SHA2(value, 256))) PERSISTENT,
  UNIQUE (digest)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS objects (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  version BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS tree (
  "cursor" BIGINT NOT NULL REFERENCES strings (id),
  name BIGINT NOT NULL REFERENCES strings (id),
  class BIGINT NOT NULL REFERENCES strings (id),
  structural BIGINT NOT NULL,
  object BIGINT NOT NULL REFERENCES objects (id),
  named BIGINT AS (IF(structural = 1, name, NULL)) PERSISTENT,
  PRIMARY KEY ("cursor", name, class),
  UNIQUE one_structural_class ("cursor", named)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS multikeys (
  id BIGINT AUTO_INCREMENT PRIMARY KEY
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS multivalues (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  "key" BIGINT NOT NULL REFERENCES multikeys (id) ON DELETE CASCADE,
  value LONGTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS locks (
  object BIGINT PRIMARY KEY REFERENCES objects (id),
  token VARBINARY(64) NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
)",
    .object_type = "BIGINT",
    .text_type = "LONGTEXT",
    .integer_type = "BIGINT",
    .table_options = " ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
    .add_column = "ADD COLUMN IF NOT EXISTS",
    .string_is = "digest = UNHEX(SHA2(?, 256))",
    .new_key = "INSERT INTO multikeys (id) VALUES (NULL)",
    .forget_key = "DELETE FROM multikeys WHERE id",
    .table_exists =
        "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
    .columns_of_table =
        "SELECT column_name, UPPER(data_type) FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name = ?",
    .or_left =
        [](std::string_view column) {
          return " ON DUPLICATE KEY UPDATE " + std::string(column) + " = " + std::string(column);
        },
};

}  // namespace

const Dialect& sqlite_dialect() {
  return kSqlite;
}
const Dialect& mysql_dialect() {
  return kMysql;
}

}  // namespace sql_tree
