// SPDX-License-Identifier: MIT
#include "quota.hpp"

#include "folder.hpp"
#include "splitting.hpp"

#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>

namespace mda_mbox {
namespace {

Done add_file(pigeon::Usage& usage, Spool& spool, Quoting quoting, bool with_messages, bool recount,
              pigeon::Deadline deadline) {
  usage.bytes += spool.size();
  if (!with_messages) return {};
  usage.messages += PIGEON_TRY(spool.count(quoting, recount, deadline));
  return spool.note_count();
}

// Without its locks: for somebody else may have them for long, and waits for those that we hold.
Done add_unlocked(pigeon::Usage& usage, const Directory& directory, const std::string& name, State& state,
                  Quoting quoting, bool with_messages, pigeon::Deadline deadline) {
  const auto shown = directory.below(name);
  const auto file = PIGEON_TRY(directory.open_file(name));
  struct stat status = {};
  if (!file) return {};
  if (::fstat(file->get(), &status) != 0) return pigeon::system_failure("examine " + shown, errno);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  usage.bytes += size;
  if (!with_messages) return {};
  auto messages = state.messages(status);
  if (!messages) {
    Window window(*file, size, shown, deadline);
    messages = PIGEON_TRY(count_messages(window, quoting));
    PIGEON_TRY(state.note(status, messages));
  }
  usage.messages += *messages;
  return {};
}

}  // namespace

Result<State> folder_state(const Mailbox& mailbox, const std::string& file) {
  auto state = PIGEON_TRY(State::open(mailbox.own(), "state." + folder_key(file), true));
  PIGEON_TRY(state.load());
  return state;
}

Done each_file(Mailbox& mailbox, const VisitFile& visit) {
  PIGEON_TRY(visit(mailbox.directory(), mailbox.name(), mailbox.state(), ""));
  for (const auto& file : PIGEON_TRY(mailbox.folder_files())) {
    const auto directory = PIGEON_TRY(mailbox.directory_of(file));
    if (!directory) continue;
    auto state = PIGEON_TRY(folder_state(mailbox, file));
    PIGEON_TRY(visit(*directory, Mailbox::name_of(file), state, file));
  }
  return {};
}

Result<pigeon::Usage> usage_of(Mailbox& mailbox, Quoting quoting, const LockRules& rules, Spool* open,
                               const std::string& open_file, bool with_messages, bool recount,
                               pigeon::Deadline deadline) {
  pigeon::Usage usage;
  const auto add = [&](const Directory& directory, const std::string& name, State& state,
                       const std::string& file) -> Done {
    if (open != nullptr && file == open_file) return {};
    if (open != nullptr) return add_unlocked(usage, directory, name, state, quoting, with_messages, deadline);
    auto spool = PIGEON_TRY(Spool::open(directory, name, state, rules, deadline));
    return spool ? add_file(usage, *spool, quoting, with_messages, recount, deadline) : Done();
  };
  if (open != nullptr) PIGEON_TRY(add_file(usage, *open, quoting, with_messages, recount, deadline));
  PIGEON_TRY(each_file(mailbox, add));
  return usage;
}

}  // namespace mda_mbox
