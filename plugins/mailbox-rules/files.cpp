// SPDX-License-Identifier: MIT
#include "files.hpp"

#include "stamp.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mailbox_rules {
namespace {

using pigeon::Allocation;
using pigeon::Directory;
using pigeon::Done;
using pigeon::Result;

constexpr std::size_t kLargestStamp = 256;

Done remove_below(const Directory& directory) {
  for (const auto& name : PIGEON_TRY(directory.names())) {
    struct stat status = {};
    if (::fstatat(directory.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(status.st_mode)) {
      if (const auto below = PIGEON_TRY(directory.find(name))) PIGEON_TRY(remove_below(*below));
      PIGEON_TRY(directory.remove(name, AT_REMOVEDIR));
    } else {
      PIGEON_TRY(directory.remove(name));
    }
  }
  return {};
}

}  // namespace

pigeon::Failure gone(const std::string& shown, const Allocation& allocation) {
  return gone(shown, "mount its file system, or restore it from a backup", allocation);
}

Result<std::optional<std::string>> stamp_of(const Directory& directory, const std::string& own,
                                            const char* name) {
  auto text = PIGEON_TRY(directory.read_file(own + "/" + name, kLargestStamp));
  if (text && !text->empty() && text->back() == '\n') text->pop_back();
  return text;
}

Done check_retired(const Directory& own, const Allocation& allocation) {
  if (!PIGEON_TRY(own.has(retired_mark(allocation)))) return {};
  return pigeon::misconfigured("use mailbox " + own.shown() +
                               ": it is retired, for its mail is being moved elsewhere or was moved")
      .with_remedy("if the move was interrupted, go on with `" + command("move --resume", allocation) +
                   " MDA`, or take the mailbox back with `" + command("adopt", allocation) + "`");
}

Done remove_directory(const Directory& parent, const std::string& name) {
  const auto directory = PIGEON_TRY(parent.find(name));
  if (!directory) return {};
  PIGEON_TRY(remove_below(*directory));
  PIGEON_TRY(parent.remove(name, AT_REMOVEDIR));
  return parent.flush();
}

Done remove_home(const Directory& base, const std::string& path) {
  const auto slash = path.rfind('/');
  const auto above = PIGEON_TRY(base.find(slash == std::string::npos ? "." : path.substr(0, slash)));
  if (!above) return {};
  ::unlinkat(above->fd(), path.substr(slash == std::string::npos ? 0 : slash + 1).c_str(), AT_REMOVEDIR);
  return above->flush();
}

}  // namespace mailbox_rules
