// SPDX-License-Identifier: MIT
#include "quota.hpp"

#include "folder.hpp"

#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/time.hpp>

#include <sys/stat.h>

#include <charconv>
#include <ctime>
#include <vector>

namespace mda_maildir {
namespace {

using pigeon::Directory;
using pigeon::Done;
using pigeon::Result;

constexpr const char* kFile = "maildirsize";
constexpr const char* kTrash = ".Trash";
constexpr std::size_t kLongest = 5120;   // Maildir++: a longer file is counted anew
constexpr std::time_t kOldEnough = 900;  // seconds; and so is one that says "full" and is older than this

std::optional<std::int64_t> signed_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The sums of a file that begins with this definition; nothing if it does not, or is ill-formed.
std::optional<Usage> add_up(std::string_view text, const std::string& definition, std::size_t& lines) {
  std::int64_t bytes = 0;
  std::int64_t messages = 0;
  auto rest = pigeon::split(text, '\n');
  if (rest.empty() || rest.front() != definition) return std::nullopt;
  lines = 0;
  for (std::size_t index = 1; index < rest.size(); ++index) {
    auto words = pigeon::split(rest[index], ' ');
    std::erase(words, "");
    if (words.empty()) continue;
    const auto size = words.size() == 2 ? signed_number(words[0]) : std::nullopt;
    const auto count = words.size() == 2 ? signed_number(words[1]) : std::nullopt;
    if (!size || !count || __builtin_add_overflow(bytes, *size, &bytes) ||
        __builtin_add_overflow(messages, *count, &messages)) {
      return std::nullopt;
    }
    ++lines;
  }
  if (bytes < 0 || messages < 0) return std::nullopt;
  return Usage{.bytes = static_cast<std::uint64_t>(bytes), .messages = static_cast<std::uint64_t>(messages)};
}

// A file that others share with us is believed only if it is one, and ours.
Result<std::optional<struct stat>> examine(const Directory& maildir) {
  struct stat status = {};
  if (::fstatat(maildir.fd(), kFile, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return pigeon::system_failure("examine " + maildir.below(kFile), errno);
  }
  if (S_ISREG(status.st_mode) && status.st_nlink == 1 && status.st_uid == ::geteuid()) return status;
  return pigeon::misconfigured("use " + maildir.below(kFile) + ": it is not a file of this mailbox alone")
      .with_remedy("rm " + pigeon::shell_word(maildir.below(kFile)) + "; it is made anew");
}

Done count_folder(const Directory& folder, Usage& usage) {
  for (const auto* part : {"new", "cur"}) {
    const auto directory = PIGEON_TRY(folder.find(part));
    if (!directory) continue;
    for (const auto& name : PIGEON_TRY(directory->names())) {
      struct stat status = {};
      const auto size = size_in_name(name);
      if (!size && ::fstatat(directory->fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      usage.bytes += size ? *size : static_cast<std::uint64_t>(status.st_size);
      ++usage.messages;
    }
  }
  return {};
}

}  // namespace

std::optional<std::uint64_t> size_in_name(std::string_view name) {
  const auto at = name.find(",S=");
  if (at == std::string_view::npos) return std::nullopt;
  const auto rest = name.substr(at + 3);
  return pigeon::number(rest.substr(0, rest.find_first_not_of("0123456789")));
}

bool is_trash_directory(std::string_view path) {
  const auto slash = path.rfind('/');
  const auto name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return name == kTrash;
}

std::string Quota::definition() const {
  std::string text;
  if (limits_.bytes()) text += std::to_string(*limits_.bytes()) + "S";
  if (limits_.messages()) text += (text.empty() ? "" : ",") + std::to_string(*limits_.messages()) + "C";
  return text;
}

Result<Usage> Quota::count(const Directory& maildir) {
  Usage usage;
  PIGEON_TRY(count_folder(maildir, usage));
  for (const auto& name : PIGEON_TRY(folder_directories(maildir))) {
    if (name == kTrash) continue;
    if (const auto folder = PIGEON_TRY(maildir.find(name))) PIGEON_TRY(count_folder(*folder, usage));
  }
  return usage;
}

Result<Usage> Quota::count_anew(const Directory& maildir) const {
  const auto usage = PIGEON_TRY(count(maildir));
  const auto tmp = PIGEON_TRY(maildir.find("tmp"));
  if (!tmp) return usage;
  const auto temporary_name = "maildirsize." + std::to_string(::getpid()) + "." +
                              std::to_string(pigeon::Clock::now().time_since_epoch().count());
  const auto file = PIGEON_TRY(tmp->create_file(temporary_name));
  if (!file) return usage;
  const auto text =
      definition() + "\n" + std::to_string(usage.bytes) + " " + std::to_string(usage.messages) + "\n";
  PIGEON_TRY(pigeon::write_all(*file, text, tmp->below(temporary_name)));
  PIGEON_TRY(tmp->rename(temporary_name, maildir, kFile));
  return usage;
}

Result<bool> Quota::would_overfill(const Directory& folder, std::uint64_t size) const {
  Usage usage;
  PIGEON_TRY(count_folder(folder, usage));
  return limits_.are_exceeded(usage, size);
}

Result<Usage> Quota::usage(const Directory& maildir, bool recount) const {
  if (recount && limits_.is_set()) return count_anew(maildir);
  const auto status = limits_.is_set() ? PIGEON_TRY(examine(maildir)) : std::nullopt;
  if (!status || static_cast<std::size_t>(status->st_size) > kLongest) return count(maildir);
  std::size_t lines = 0;
  const auto text = PIGEON_TRY(maildir.read_file(kFile, kLongest));
  const auto noted = add_up(text.value_or(""), definition(), lines);
  return noted ? *noted : PIGEON_TRY(count(maildir));
}

Result<bool> Quota::would_exceed(const Directory& maildir, std::uint64_t size) const {
  const auto status = PIGEON_TRY(examine(maildir));
  std::size_t lines = 0;
  std::optional<Usage> usage;
  if (status && static_cast<std::size_t>(status->st_size) <= kLongest) {
    const auto text = PIGEON_TRY(maildir.read_file(kFile, kLongest));
    usage = add_up(text.value_or(""), definition(), lines);
  }
  if (!usage) return limits_.are_exceeded(PIGEON_TRY(count_anew(maildir)), size);
  if (!limits_.are_exceeded(*usage, size)) return false;
  const bool may_be_wrong = lines > 1 || std::time(nullptr) - status->st_mtime > kOldEnough;
  return may_be_wrong ? limits_.are_exceeded(PIGEON_TRY(count_anew(maildir)), size) : true;
}

Done Quota::add(const Directory& maildir, std::uint64_t size) {
  if (!PIGEON_TRY(examine(maildir))) return {};
  const auto file = PIGEON_TRY(maildir.open_file(kFile, O_WRONLY | O_APPEND));
  if (!file) return {};
  return pigeon::write_all(*file, std::to_string(size) + " 1\n", maildir.below(kFile));
}

}  // namespace mda_maildir
