// SPDX-License-Identifier: MIT
#include "host/control/storage.hpp"

#include "host/supervisor.hpp"

#include <pigeon/sdk/plugin.hpp>
#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <exception>
#include <span>

namespace pigeon::control {
namespace {

constexpr const char* kBase = "base";

// Hands what comes through C to a function; what that throws is thrown again on the other side.
template <typename Visit>
struct Taking {
  const Visit* visit;
  std::exception_ptr thrown = {};

  template <typename Value>
  std::uint32_t take(const Value& value) noexcept {
    try {
      return (*visit)(value) ? 0 : 1;
    } catch (...) {
      thrown = std::current_exception();
      return 1;
    }
  }
};

Entry copy_of(const pigeon_entry& entry) {
  return {copy(entry.folder), copy(entry.name), entry.bytes,
          entry.received,     entry.marks,      entry.size >= sizeof entry ? copy(entry.id) : std::string()};
}

Done purge(Session& session, const OtherMailbox& other) {
  const auto principal = PIGEON_TRY(standing_object(session, other.path.parent()));
  if (principal.attributes.get("id") == other.allocation.id) {
    return failure(PIGEON_CONFLICT, "delete mailbox " + printable(other.allocation.id) + " of " +
                                        printable(other.path.parent().text()) + ": mail goes to it now");
  }
  auto* mda = PIGEON_TRY(PIGEON_TRY(session.plugins())->open(PIGEON_KIND_MDA, other.mda));
  auto allocation = other.allocation;
  allocation.attributes = host::declared_only(allocation.attributes, *mda);
  if (auto purged = Storage(*mda, std::move(allocation)).purge(); !purged) {
    auto met = std::move(purged).failure();
    met.remedy += (met.remedy.empty() ? "" : "; ") +
                  std::string("if nothing of it is left, `pigeonctl tree remove ") +
                  shell_word(other.path.text()) + "` forgets it";
    return met;
  }
  return forget(session, other);
}

}  // namespace

Result<Object> standing_object(Session& session, const TreePath& principal) {
  auto found = PIGEON_TRY(PIGEON_TRY(session.tree())->fetch({principal, 0, true, Session::soon()}));
  if (found) return std::move(found->object);
  return not_in_tree(principal);
}

Done forget(Session& session, const OtherMailbox& other) {
  auto removed =
      session.apply({.path = other.path, .changes = {Change::remove()}, .deadline = Session::soon()});
  // By whoever moved into it: he removes it, too, when he is overtaken.
  const bool is_gone = !removed && removed.failure().status == PIGEON_NOT_THERE;
  return is_gone ? Done() : removed;
}

Deadline later() {
  return Deadline::in(std::chrono::hours(1));
}

std::string Storage::allocation_class() const {
  return name() + tree::kAllocationSuffix;
}

bool Storage::has(std::uint32_t capability) const {
  return (mda_->operations<pigeon_mda>().capabilities & capability) != 0;
}

Failure Storage::unsupported(const std::string& what, const std::string& instead) const {
  return failure(PIGEON_UNSUPPORTED, what + " the mailbox of " + printable(allocation_.principal.address()) +
                                         ": " + name() + " cannot do this")
      .with_remedy(instead);
}

Done Storage::call(Operation operation, const std::string& what, const std::string& instead) const {
  if (operation == nullptr) return unsupported(what, instead);
  const LentAllocation lent(allocation_);
  auto error = blank_error();
  const host::InPlugin mark(mda_->name(), what);
  const auto status = operation(mda_->instance(), &lent.get(), later().value(), &error);
  return status == PIGEON_OK ? Done() : Done(copy(error, status));
}

Done Storage::adopt() const {
  return call(mda_->operations<pigeon_mda>().adopt, "adopt",
              "move its mail into a mailbox that a first message makes");
}

Done Storage::retire() const {
  return call(mda_->operations<pigeon_mda>().retire, "retire",
              "have the MTA hold the mail for this user, and export the mailbox by the storage's own tools");
}

Done Storage::purge() const {
  return call(mda_->operations<pigeon_mda>().purge, "purge", "delete it with the storage's own tools");
}

Done Storage::list(const std::function<bool(const Entry&)>& visit) const {
  const auto operations = mda_->operations<pigeon_mda>();
  if (operations.list == nullptr) return unsupported("list", "look at it with the storage's own tools");
  const auto owned = [&](const pigeon_entry* entry) { return visit(copy_of(*entry)); };
  Taking<decltype(owned)> taking{&owned};
  const pigeon_entry_sink sink = {sizeof sink, 0, &taking,
                                  [](void* context, const pigeon_entry* entry) noexcept {
                                    return static_cast<Taking<decltype(owned)>*>(context)->take(entry);
                                  }};
  const LentAllocation lent(allocation_);
  auto error = blank_error();
  const host::InPlugin mark(mda_->name(), "list");
  const auto status = operations.list(mda_->instance(), &lent.get(), later().value(), &sink, &error);
  if (taking.thrown) std::rethrow_exception(taking.thrown);
  return status == PIGEON_OK ? Done() : Done(copy(error, status));
}

Done Storage::read(const std::string& folder, const std::string& name,
                   const std::function<bool(std::string_view)>& give) const {
  const auto operations = mda_->operations<pigeon_mda>();
  if (operations.read == nullptr) return unsupported("read", "read it with the storage's own tools");
  Taking<std::function<bool(std::string_view)>> taking{&give};
  const pigeon_byte_sink sink = {
      sizeof sink, 0, &taking, [](void* context, pigeon_string bytes) noexcept {
        return static_cast<Taking<std::function<bool(std::string_view)>>*>(context)->take(view(bytes));
      }};
  const LentAllocation lent(allocation_);
  auto error = blank_error();
  const host::InPlugin mark(mda_->name(), "read");
  const auto status = operations.read(mda_->instance(), &lent.get(), borrow(folder), borrow(name),
                                      later().value(), &sink, &error);
  if (taking.thrown) std::rethrow_exception(taking.thrown);
  return status == PIGEON_OK ? Done() : Done(copy(error, status));
}

Result<Usage> Storage::usage(const Settings& preferences, bool recount) const {
  const auto operations = mda_->operations<pigeon_mda>();
  if (operations.usage == nullptr) {
    return unsupported("measure", operations.list == nullptr ? "look at it with the storage's own tools"
                                                             : "see `pigeonctl mailbox list`");
  }
  const LentAllocation lent(allocation_);
  const LentAttributes preferred(preferences.attributes());
  pigeon_usage usage = {};
  usage.size = sizeof usage;
  auto error = blank_error();
  const host::InPlugin mark(mda_->name(), "usage");
  const auto status = operations.usage(mda_->instance(), &lent.get(), preferred.data(), preferred.size(),
                                       recount ? 1 : 0, later().value(), &usage, &error);
  if (status != PIGEON_OK) return copy(error, status);
  return Usage{usage.bytes, usage.messages, usage.bytes_limit, usage.messages_limit};
}

Result<std::vector<OtherMailbox>> other_mailboxes(Session& session, const TreePath& principal,
                                                  const Principal& names) {
  const auto found = PIGEON_TRY(PIGEON_TRY(session.tree())->fetch({principal, 1, true, Session::soon()}));
  if (!found) return not_in_tree(principal);
  std::vector<OtherMailbox> others;
  for (const auto& object : found->children) {
    if (!same_name(object.objectclass, tree::kOtherMailbox)) continue;
    auto standing = PIGEON_TRY(host::standing_allocation(object));
    if (!standing) continue;
    standing->allocation.principal = names;
    others.push_back({principal.child(name_of(object)), standing->mda, std::move(standing->allocation),
                      standing->is_ready});
  }
  return others;
}

Done purge_others(Session& session, std::vector<OtherMailbox> others) {
  for (;;) {
    const auto before = others.size();
    Done last;
    std::erase_if(others, [&](const auto& other) {
      auto purged = purge(session, other);
      const bool is_purged = static_cast<bool>(purged);
      if (!is_purged) last = std::move(purged);
      return is_purged;
    });
    if (others.empty()) return {};
    if (others.size() == before) return last;
  }
}

Result<bool> has_base(Session& session, const std::string& mda) {
  const auto* descriptor = PIGEON_TRY(PIGEON_TRY(session.plugins())->describe(PIGEON_KIND_MDA, mda));
  const std::span settings(descriptor->settings, descriptor->setting_count);
  return std::any_of(settings.begin(), settings.end(), [](const auto& each) {
    return same_name(each.name, kBase) && each.type == PIGEON_TYPE_PATH;
  });
}

Result<std::unique_ptr<host::Opened>> open_at(Session& session, const std::string& mda,
                                              const std::string& directory) {
  auto* plugins = PIGEON_TRY(session.plugins());
  const std::string name = PIGEON_TRY(plugins->describe(PIGEON_KIND_MDA, mda))->name;
  const auto changed = PIGEON_TRY(session.configuration().with(name + "." + kBase + "=" + directory));
  return plugins->open_under(changed, PIGEON_KIND_MDA, name);
}

}  // namespace pigeon::control
