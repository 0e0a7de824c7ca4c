// SPDX-License-Identifier: MIT
#include "meaning.hpp"

#include <algorithm>
#include <array>

namespace sql_server {
namespace {

using Course = Connection::Course;

constexpr const char* kStart = "start the server, or correct \"{}\": {\"hosts\"}";
constexpr const char* kLetIn =
    "correct \"user\" and \"password\", or let the account in (CREATE USER, GRANT): see "
    "{}(5)";
constexpr const char* kGrant = "GRANT the account what it needs on the database: see {}(5)";
constexpr const char* kInit = "correct \"database\", or run `pigeonctl init` to make what is missing in it";
constexpr const char* kUpdate = "run `pigeonctl init`: a plugin was added or updated";
constexpr const char* kWritable = "name a server that can be written to among \"hosts\"";
constexpr const char* kTls =
    "see that the server's certificate is for its name and signed by one of "
    "\"tlsAuthorities\", and has not expired";
constexpr const char* kSpace = "free space on the server's disk";
constexpr const char* kCluster = "see why this node is not part of the cluster (SHOW STATUS LIKE 'wsrep%')";
constexpr const char* kPacket = "raise max_allowed_packet of the server";
constexpr const char* kTransaction = "see which transaction is in the way (SHOW ENGINE INNODB STATUS)";

constexpr std::array kMeanings = {
    // Ours was rolled back for the sake of another transaction's: here, or at a node of a cluster.
    Meaning{1213, PIGEON_BUSY, Course::again, ""},
    Meaning{1205, PIGEON_BUSY, Course::again, kTransaction},
    Meaning{1020, PIGEON_BUSY, Course::again, ""},
    Meaning{1062, PIGEON_BUSY, Course::again, ""},
    Meaning{1451, PIGEON_BUSY, Course::again, ""},
    Meaning{1452, PIGEON_BUSY, Course::again, ""},
    Meaning{1305, PIGEON_BUSY, Course::again, ""},  // a savepoint, with its transaction
    Meaning{1969, PIGEON_TIMEOUT, Course::none, kTransaction},
    // The connection is gone, or was not to be had.
    Meaning{2002, PIGEON_UNAVAILABLE, Course::elsewhere, kStart},
    Meaning{2003, PIGEON_UNAVAILABLE, Course::elsewhere, kStart},
    Meaning{2005, PIGEON_UNAVAILABLE, Course::elsewhere, kStart},
    Meaning{2006, PIGEON_UNAVAILABLE, Course::elsewhere, kStart},
    Meaning{2013, PIGEON_UNAVAILABLE, Course::elsewhere, kStart},
    Meaning{2014, PIGEON_UNAVAILABLE, Course::elsewhere, ""},
    Meaning{2027, PIGEON_UNAVAILABLE, Course::elsewhere, ""},
    Meaning{2055, PIGEON_UNAVAILABLE, Course::elsewhere, kStart},
    Meaning{2057, PIGEON_UNAVAILABLE, Course::elsewhere, kUpdate},
    Meaning{1053, PIGEON_UNAVAILABLE, Course::elsewhere, kStart},
    Meaning{1317, PIGEON_UNAVAILABLE, Course::elsewhere, ""},
    Meaning{1927, PIGEON_UNAVAILABLE, Course::elsewhere, ""},
    Meaning{1158, PIGEON_UNAVAILABLE, Course::elsewhere, ""},
    Meaning{1159, PIGEON_UNAVAILABLE, Course::elsewhere, ""},
    Meaning{1160, PIGEON_UNAVAILABLE, Course::elsewhere, ""},
    Meaning{1161, PIGEON_UNAVAILABLE, Course::elsewhere, ""},
    Meaning{1040, PIGEON_BUSY, Course::elsewhere, "raise max_connections of the server"},
    Meaning{1203, PIGEON_BUSY, Course::elsewhere, "raise max_user_connections of the account"},
    Meaning{1047, PIGEON_UNAVAILABLE, Course::elsewhere, kCluster},
    Meaning{2026, PIGEON_MISCONFIGURED, Course::elsewhere, kTls},
    Meaning{1129, PIGEON_UNAVAILABLE, Course::elsewhere, "FLUSH HOSTS at the server"},
    Meaning{1130, PIGEON_MISCONFIGURED, Course::elsewhere, kLetIn},
    Meaning{1044, PIGEON_MISCONFIGURED, Course::elsewhere, kGrant},
    Meaning{1045, PIGEON_MISCONFIGURED, Course::elsewhere, kLetIn},
    Meaning{1698, PIGEON_MISCONFIGURED, Course::elsewhere, kLetIn},
    Meaning{2059, PIGEON_MISCONFIGURED, Course::elsewhere, kLetIn},
    Meaning{1290, PIGEON_MISCONFIGURED, Course::elsewhere, kWritable},
    Meaning{1792, PIGEON_MISCONFIGURED, Course::elsewhere, kWritable},
    Meaning{1836, PIGEON_MISCONFIGURED, Course::elsewhere, kWritable},
    // The server answers, and will not answer otherwise.
    Meaning{1142, PIGEON_MISCONFIGURED, Course::none, kGrant},
    Meaning{1143, PIGEON_MISCONFIGURED, Course::none, kGrant},
    Meaning{1227, PIGEON_MISCONFIGURED, Course::none, kGrant},
    Meaning{1049, PIGEON_MISCONFIGURED, Course::elsewhere, kInit},
    Meaning{1146, PIGEON_MISCONFIGURED, Course::elsewhere, kInit},
    Meaning{1054, PIGEON_MISCONFIGURED, Course::none, kUpdate},
    Meaning{1114, PIGEON_NO_SPACE, Course::none, kSpace},
    Meaning{1021, PIGEON_NO_SPACE, Course::none, kSpace},
    Meaning{1026, PIGEON_NO_SPACE, Course::none, kSpace},
    Meaning{3, PIGEON_NO_SPACE, Course::none, kSpace},
    Meaning{1153, PIGEON_MISCONFIGURED, Course::elsewhere, kPacket},
    Meaning{1366, PIGEON_MISCONFIGURED, Course::none, "write UTF-8"},
    Meaning{1300, PIGEON_MISCONFIGURED, Course::none, "write UTF-8"},
};

}  // namespace

std::string Meaning::remedy_for(const std::string& plugin) const {
  std::string text = remedy;
  for (auto at = text.find("{}"); at != std::string::npos; at = text.find("{}", at))
    text.replace(at, 2, plugin);
  return text;
}

Meaning meaning_of(int code) {
  const auto* found =
      std::find_if(kMeanings.begin(), kMeanings.end(), [&](const auto& each) { return each.code == code; });
  if (found != kMeanings.end()) return *found;
  return {code, PIGEON_UNAVAILABLE, Course::none, "see the server's log"};
}

}  // namespace sql_server
