// SPDX-License-Identifier: MIT
//
// The commands of pigeonctl. Each takes what was on its command line, prints what it has to say, and answers
// whether it worked; a failure is printed by the caller.
#pragma once

#include "host/control/session.hpp"

#include <pigeon/sdk/result.hpp>

#include <string>
#include <vector>

namespace pigeon::control {

Done initialize(Session& session);
// Everything is looked at, whatever is found wrong; the failure at the end says how much that was.
Done check(Session& session);

Done tree_get(Session& session, const std::string& path_text);
Done tree_list(Session& session, const std::string& path_text, bool recursive);
Done tree_add(Session& session, const std::string& path_text, const std::vector<std::string>& classes,
              const std::vector<std::string>& assignments);
Done tree_set(Session& session, const std::string& path_text, const std::vector<std::string>& classes,
              const std::vector<std::string>& assignments);
Done tree_unset(Session& session, const std::string& path_text, const std::vector<std::string>& classes,
                const std::vector<std::string>& names);
Done tree_remove(Session& session, const std::string& path_text, bool recursive);

struct ExportOptions {
  bool ldif = false;
  std::string base;  // of LDIF: the DN of the root
};
Done tree_export(Session& session, const std::string& path_text, const ExportOptions& options);

struct ImportOptions {
  bool ldif = false;
  bool skip_existing = false;
};
// file: empty or "-" for standard input.
Done tree_import(Session& session, const std::string& file, const ImportOptions& options);

Done domain_add(Session& session, const std::string& domain_text, bool bare);
Done domain_remove(Session& session, const std::string& domain_text, bool recursive);
Done domain_list(Session& session);
Done user_add(Session& session, const std::string& address);
Done user_remove(Session& session, const std::string& address, bool leave_mail);
Done user_list(Session& session, const std::string& domain_text);
Done user_show(Session& session, const std::string& address);

Done plugin_list(Session& session);
Done plugin_show(Session& session, const std::string& name);
Done schema_json(Session& session);
Done schema_in(Session& session, const std::string& language);

struct ExplainOptions {
  std::string recipient;
  std::string sender;
  std::string folder;
};
Done explain(Session& session, const ExplainOptions& options);

Done mailbox_list(Session& session, const std::string& address, bool messages);
struct AdoptOptions {
  std::string home;  // below the base; else where the allocation is or would be
  std::string id;    // that it is stamped with
};
Done mailbox_adopt(Session& session, const std::string& address, const AdoptOptions& options);

struct PurgeOptions {
  bool yes = false;
  bool retired = false;  // the mailboxes that it was moved out of, instead
};
Done mailbox_purge(Session& session, const std::string& address, const PurgeOptions& options);
Done mailbox_quota(Session& session, const std::string& address, bool recount);

// mda: empty for the user's own.
Done mailbox_export(Session& session, const std::string& address, const std::string& directory,
                    const std::string& mda);
Done mailbox_import(Session& session, const std::string& address, const std::string& path,
                    const std::string& mda);

struct MoveOptions {
  std::string mda;
  bool resume = false;
  bool purge = false;  // the old one, at the end
};
Done mailbox_move(Session& session, const std::string& address, const MoveOptions& options);

}  // namespace pigeon::control
