// SPDX-License-Identifier: MIT
#include "foreign.hpp"

#include "folder.hpp"
#include "spool_lock.hpp"

#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>

#include <functional>
#include <utility>
#include <vector>

namespace mda_mbox {
namespace {

// Thunderbird's.
constexpr const char* kOtherSuffix = ".sbd";

using Look = std::function<Done(Window&, const std::string& folder)>;

std::string path_of(const Allocation& allocation) {
  return std::string(allocation.attributes.get("home").value_or(""));
}

// Nothing: there is no such file.
Result<bool> look_at(const Directory& directory, const std::string& name, const std::string& folder,
                     pigeon::Deadline deadline, const Look& look) {
  const auto shown = pigeon::printable(directory.below(name));
  const auto file = PIGEON_TRY(directory.open_file(name));
  if (!file) return false;
  Patience patience(deadline);
  while (!PIGEON_TRY(try_to_lock(*file, true, shown))) {
    if (!patience.wait())
      return pigeon::failure(PIGEON_BUSY, "read " + shown + ": another program has it until the time is up");
  }
  struct stat status = {};
  if (::fstat(file->get(), &status) != 0) return pigeon::system_failure("examine " + shown, errno);
  if (!S_ISREG(status.st_mode)) return no_mbox(shown);
  Window window(*file, static_cast<std::uint64_t>(status.st_size), shown, deadline);
  PIGEON_TRY(look(window, folder));
  return true;
}

// Calls `look` with each file that is wanted, locked; empty: with all.
Done look_at_files(const Allocation& allocation, const std::string& wanted, pigeon::Deadline deadline,
                   const Look& look) {
  const auto path = path_of(allocation);
  const auto shown = pigeon::printable(path);
  const auto slash = path.rfind('/');
  if (!pigeon::starts_with(path, "/") || !pigeon::is_file_name(path.substr(slash + 1)))
    return pigeon::misconfigured("read the mbox '" + shown + "': it is no absolute path of a file");
  const auto name = path.substr(slash + 1);
  const auto directory = PIGEON_TRY(Directory::open(slash == 0 ? "/" : path.substr(0, slash)));
  const auto not_there = [&] {
    return pigeon::misconfigured("read the mbox " + shown + ": it is not there");
  };
  if (!directory) return not_there();
  const auto is_wanted = [&](const std::string& folder) { return wanted.empty() || wanted == folder; };
  const auto main = folder_name("");
  if (is_wanted(main) && !PIGEON_TRY(look_at(*directory, name, main, deadline, look))) return not_there();
  const auto folders = PIGEON_TRY(directory->find(name + std::string(kFoldersSuffix)));
  for (const auto& file : folders ? PIGEON_TRY(files_of_folders(*folders)) : std::vector<std::string>()) {
    const auto folder = folder_name(file);
    if (!is_wanted(folder)) continue;
    const auto above = file.rfind('/');
    const auto place = PIGEON_TRY(folders->find(above == std::string::npos ? "." : file.substr(0, above)));
    if (place) PIGEON_TRY(look_at(*place, Mailbox::name_of(file), folder, deadline, look));
  }
  return {};
}

}  // namespace

Done list_foreign(const Allocation& allocation, const Rules& rules, pigeon::Deadline deadline,
                  const Visit& visit) {
  std::vector<pigeon::Entry> entries;
  PIGEON_TRY(look_at_files(allocation, "", deadline, [&](Window& window, const std::string& folder) {
    return collect(window, folder, nullptr, rules.quoting, deadline, entries);
  }));
  return visit_all(entries, visit);
}

// Two files may have names that say the same, in other programs' spelling.
Done read_foreign(const Allocation& allocation, const std::string& folder, const std::string& name,
                  const Rules& rules, pigeon::Deadline deadline, const GiveBytes& give) {
  bool is_given = false;
  const auto wanted = folder.empty() ? folder_name("") : folder;
  PIGEON_TRY(
      look_at_files(allocation, wanted, deadline, [&](Window& window, const std::string& /*folder*/) -> Done {
        if (is_given) return {};
        auto given = give_named(window, name, rules.quoting, deadline, give);
        is_given = static_cast<bool>(given);
        if (!given && given.failure().status == PIGEON_NOT_THERE) return {};
        return given;
      }));
  return is_given ? Done() : Done(removed(pigeon::printable(path_of(allocation)), name));
}

std::optional<std::string> unread_folders(const Allocation& allocation) {
  struct stat status = {};
  auto path = path_of(allocation) + kOtherSuffix;
  if (::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return std::nullopt;
  return path;
}

}  // namespace mda_mbox
