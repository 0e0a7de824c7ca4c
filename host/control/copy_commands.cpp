// SPDX-License-Identifier: MIT
//
// Mail out of a mailbox, and into it.
#include "host/control/commands.hpp"
#include "host/control/copying.hpp"
#include "host/control/mailbox.hpp"

#include <pigeon/sdk/text.hpp>

#include <filesystem>
#include <system_error>

namespace pigeon::control {
namespace {

namespace fs = std::filesystem;

// How it ended, for people and for programs.
void print(const Output& out, const std::string& what, const Copied& copied, boost::json::object value) {
  out.line(
      counted(copied.messages, "message ", "messages ") + what +
      (copied.were_there == 0 ? "" : ", " + counted(copied.were_there, "was", "were") + " there already") +
      (copied.removed == 0 ? "" : ", " + counted(copied.removed, "was", "were") + " removed meanwhile"));
  say_without_folder(out, copied);
  value["messages"] = copied.messages;
  value["bytes"] = copied.bytes;
  value["alreadyThere"] = copied.were_there;
  value["removed"] = copied.removed;
  value["withoutFolder"] = copied.without_folder;
  out.value(value);
}

// The directory that an MDA is configured to keep its mailboxes in; empty if it has none, or no section.
std::string configured_base(Session& session, const std::string& mda) {
  const auto plugins = session.plugins();
  const auto descriptor =
      plugins ? (*plugins)->describe(PIGEON_KIND_MDA, mda) : Result<const pigeon_plugin*>(plugins.failure());
  if (!descriptor) return {};
  const auto settings = session.configuration().settings_of(**descriptor);
  return settings ? settings->text("base") : std::string();
}

// Without a slash at the end.
std::string absolute(const std::string& path) {
  std::error_code error;
  const auto whole = fs::absolute(path, error).lexically_normal();
  return (whole.has_filename() || !whole.has_relative_path() ? whole : whole.parent_path()).string();
}

bool is_same(const fs::path& one, const fs::path& other) {
  std::error_code error;
  return fs::equivalent(one, other, error) && !error;
}

Failure into_itself(const std::string& what, const std::string& path) {
  return misconfigured(what + " " + printable(path) + ": that is where its mail is")
      .with_remedy("name another place");
}

// An MDA does not know that it was asked because no other was named.
Failure not_read(Failure met, const std::string& path, const std::string& mda) {
  if (!met.remedy.empty()) return met;
  return std::move(met)
      .while_doing("import from " + printable(path) + " as " + mda)
      .with_remedy("name what " + mda +
                   " reads, or add --from MDA, with one that reads this; an export is taken " +
                   "over with `pigeonctl mailbox adopt --id`");
}

// The mailbox, allocated and made as a first message would make it.
Done make_standing(Session& session, Mailbox& mailbox) {
  host::Allocator allocator(*PIGEON_TRY(session.tree()), *PIGEON_TRY(session.plugins()), session.log());
  if (!mailbox.is_standing) {
    const auto applied =
        PIGEON_TRY(allocator.commit(mailbox.principal, mailbox.storage.name(), mailbox.allocation(), false,
                                    {Precondition::absent("id")}, std::nullopt, Session::soon()));
    if (applied != Applied::yes)
      return failure(PIGEON_CONFLICT, "a mailbox was allocated meanwhile").with_remedy("try again");
  }
  if (mailbox.is_ready) return {};
  PIGEON_TRY(mailbox.storage.ensure());
  return mark_ready(session, mailbox);
}

}  // namespace

// The copy is stamped with the id of the original: so it is one mailbox however often it is exported, and
// `adopt --id` takes it for what it is.
Done mailbox_export(Session& session, const std::string& address, const std::string& directory,
                    const std::string& mda) {
  const auto mailbox = PIGEON_TRY(standing_mailbox_of(session, address));
  const auto name = mda.empty() ? mailbox.storage.name() : mda;
  if (!PIGEON_TRY(has_base(session, name))) {
    return failure(PIGEON_UNSUPPORTED, "export to " + printable(directory) + ": " + printable(name) +
                                           " does not keep its mailboxes in a directory")
        .with_remedy("add --as MDA, with one that does; see `pigeonctl plugin list`");
  }
  const auto base = absolute(directory);
  if (is_same(base, configured_base(session, name))) return into_itself("export to", base);
  const auto opened = PIGEON_TRY(open_at(session, name, base));
  PIGEON_TRY(opened->initialize(PIGEON_TRY(session.schema())->get(), later()));
  host::Allocator allocator(*PIGEON_TRY(session.tree()), *PIGEON_TRY(session.plugins()), session.log());
  auto allocation = PIGEON_TRY(allocator.propose(*opened, mailbox.allocation().principal, {}));
  allocation.id = mailbox.allocation().id;
  const Storage target(*opened, std::move(allocation));
  PIGEON_TRY(target.ensure());

  Copying copying(session, mailbox.storage, target, Settings(), CopyId::of_content, "export");
  PIGEON_TRY(copying.look());
  const auto copied = PIGEON_TRY(copying.run());
  print(session.out(), "exported to " + printable(base), copied,
        {{"directory", base}, {"mda", target.name()}, {"id", target.allocation().id}});
  session.out().line("Where " + target.name() + " has this directory as its base, `" +
                     mailbox_command("adopt --id " + target.allocation().id, address) + "` takes it over.");
  return {};
}

Done mailbox_import(Session& session, const std::string& address, const std::string& path,
                    const std::string& mda) {
  auto mailbox = PIGEON_TRY(mailbox_of(session, address));
  if (!mailbox.moving.empty()) {
    return failure(PIGEON_CONFLICT, "import mail for " + printable(address) + ": its mailbox is being moved")
        .with_remedy("wait for the end of that, or see `" + mailbox_command("list", address) + "`");
  }
  const auto name = mda.empty() ? mailbox.storage.name() : mda;
  const auto from = absolute(path);
  const auto home = mailbox.allocation().attributes.get("home");
  const auto own =
      fs::path(configured_base(session, mailbox.storage.name())) / std::string(home.value_or("."));
  std::error_code error;
  if (home && (is_same(from, own) || is_same(fs::weakly_canonical(from, error).parent_path(), own)))
    return into_itself("import from", from);
  const bool is_below_base = PIGEON_TRY(has_base(session, name));
  const auto opened = is_below_base
                          ? PIGEON_TRY(open_at(session, name, from))
                          : PIGEON_TRY(PIGEON_TRY(session.plugins())->open_another(PIGEON_KIND_MDA, name));
  const Storage source(
      *opened, {.id = "", .attributes = {{"home", {from}}}, .principal = mailbox.allocation().principal});
  const auto preferences = PIGEON_TRY(mailbox.preferences(mailbox.storage.mda()));
  // Not by its path: it is the same mailbox wherever a copy of it stands.
  Copying copying(session, source, mailbox.storage, preferences, CopyId::of_content, "import");
  if (auto looked = copying.look(); !looked)
    return not_read(std::move(looked).failure(), from, source.name());
  PIGEON_TRY(make_standing(session, mailbox));
  const auto copied = PIGEON_TRY(copying.run());
  print(session.out(), "imported", copied, {{"path", from}, {"mda", source.name()}});
  return {};
}

}  // namespace pigeon::control
