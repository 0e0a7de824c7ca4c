// SPDX-License-Identifier: MIT
#include "host/control/commands.hpp"
#include "host/control/mailbox.hpp"
#include "host/control/recipient.hpp"
#include "host/control/storage.hpp"

#include "host/allocator.hpp"

#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/tree_words.hpp>

namespace pigeon::control {
namespace {

Update creation_of(const TreePath& path, const std::string& objectclass) {
  return {.path = path,
          .changes = {Change::create(objectclass)},
          .preconditions = {Precondition::object_absent()},
          .deadline = Session::soon()};
}

// Prints the names of the objects of a class directly below a path.
Done list_names(Session& session, const TreePath& path, std::string_view objectclass,
                const std::string& suffix) {
  constexpr std::size_t kPage = 500;
  std::string after;
  for (;;) {
    const auto page = PIGEON_TRY(PIGEON_TRY(session.tree())->children({path, after, kPage, Session::soon()}));
    if (!page) return not_in_tree(path);
    for (const auto& object : *page) {
      after = name_of(object);
      if (!same_name(object.objectclass, objectclass)) continue;
      session.out().line(printable(after) + suffix);
      session.out().value(to_json(object));
    }
    if (page->size() < kPage) return {};
  }
}

// Where mail was moved out of a mailbox, and is still kept: only the tree knows where.
Done check_no_others(Session& session, const TreePath& principal, const std::string& address,
                     const std::string& leave) {
  const auto others = PIGEON_TRY(other_mailboxes(session, principal));
  if (others.empty()) return {};
  return failure(PIGEON_CONFLICT, "remove " + printable(principal.text()) +
                                      ": mail was moved out of a mailbox of it in " + others.front().mda +
                                      ", and that is still there")
      .with_remedy("delete it with `" + mailbox_command("purge --retired", address) + "`, or add " + leave +
                   " to leave it where it is");
}

Failure has_mailbox(Session& session, const TreePath& user, const std::string& address,
                    const host::StandingAllocation& standing) {
  const auto plugins = session.plugins();
  const auto mda = plugins ? (*plugins)->open(PIGEON_KIND_MDA, standing.mda) : plugins.failure();
  // One whose MDA is not there can be purged once it is.
  const bool can_purge = !mda || Storage(**mda, standing.allocation).has(PIGEON_MDA_PURGE);
  return failure(PIGEON_CONFLICT,
                 "remove " + printable(user.text()) + ": it has a mailbox of " + printable(standing.mda))
      .with_remedy(can_purge ? "delete it with `" + mailbox_command("purge", address) +
                                   "`, or add --leave-mail to leave it where it is"
                             : "add --leave-mail: " + printable(standing.mda) +
                                   " cannot delete it, the storage's own tools can");
}

}  // namespace

// A domain comes with an object for each module that may run, so that it works at once.
Done domain_add(Session& session, const std::string& domain_text, bool bare) {
  const auto path = TreePath().child(PIGEON_TRY(new_domain_argument(session, domain_text)));
  std::vector<Update> updates = {creation_of(path, tree::kDomain)};
  if (!bare) {
    for (const auto& name : session.configuration().modules) {
      const auto* module = PIGEON_TRY(PIGEON_TRY(session.plugins())->describe(PIGEON_KIND_MODULE, name));
      updates.push_back(creation_of(path.child(module->name), module->name));
    }
  }
  std::size_t failed = 0;
  const auto applied = PIGEON_TRY(PIGEON_TRY(session.tree())->apply_all(updates, failed));
  if (applied == Applied::yes) return {};
  return failure(PIGEON_CONFLICT, "add " + printable(updates[failed].path.text()) + ": it is there already")
      .with_remedy("see what it has with `pigeonctl tree list -r " + shell_word(path.text()) + "`");
}

Done domain_remove(Session& session, const std::string& domain_text, bool recursive) {
  const auto path = TreePath().child(PIGEON_TRY(domain_argument(session, domain_text)));
  if (!recursive) {
    PIGEON_TRY(session.walk(path, [&](const Object& object) -> Done {
      if (!same_name(object.objectclass, tree::kUser)) return {};
      return failure(PIGEON_CONFLICT,
                     "remove " + printable(path.text()) + ": it has users, such as " + printable(object.path))
          .with_remedy("remove them first, or add -r to remove them as well; their mail stays where it is");
    }));
    PIGEON_TRY(check_no_others(session, path, "@" + path.name(), "-r"));
  }
  return tree_remove(session, path.text(), true);
}

Done domain_list(Session& session) {
  return list_names(session, TreePath(), tree::kDomain, "");
}

Done user_add(Session& session, const std::string& address) {
  return session.apply(creation_of(PIGEON_TRY(user_argument(session, address)).user, tree::kUser));
}

Done user_remove(Session& session, const std::string& address, bool leave_mail) {
  const auto path = PIGEON_TRY(user_argument(session, address)).user;
  const auto user = PIGEON_TRY(session.fetch(path)).object;
  if (!leave_mail) {
    const auto standing = PIGEON_TRY(host::standing_allocation(user));
    if (standing) return has_mailbox(session, path, address, *standing);
    PIGEON_TRY(check_no_others(session, path, address, "--leave-mail"));
  }
  return tree_remove(session, path.text(), true);
}

Done user_list(Session& session, const std::string& domain_text) {
  const auto domain = PIGEON_TRY(domain_argument(session, domain_text));
  const auto place = PIGEON_TRY(user_argument(session, "x@" + domain));
  return list_names(session, place.users, tree::kUser, "@" + domain);
}

Done user_show(Session& session, const std::string& address) {
  const auto path = PIGEON_TRY(user_argument(session, address)).user;
  const auto slice = PIGEON_TRY(session.fetch(path, 1));
  session.out().object(slice.object);
  for (const auto& child : slice.children) {
    session.out().line("");
    session.out().object(child);
  }
  return {};
}

}  // namespace pigeon::control
