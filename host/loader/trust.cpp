// SPDX-License-Identifier: MIT
#include "host/loader/trust.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <deque>

namespace pigeon::loader {
namespace {

Failure distrust(const std::string& what, const std::string& path, const std::string& why,
                 const std::string& remedy) {
  return misconfigured("refuse " + what + ": " + path + " " + why).with_remedy(remedy);
}

// Nobody can rename what is in a sticky directory. But anybody may put more there, which matters where we
// take what we find: `is_searched`.
Done check_owner_and_mode(const struct stat& status, const std::string& path, const std::string& what,
                          bool is_searched) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return distrust(what, path,
                    "belongs to uid " + std::to_string(status.st_uid) + ", not to root or to uid " +
                        std::to_string(::geteuid()),
                    "chown root " + shell_word(path));
  }
  const bool sticky = !is_searched && S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
  if ((status.st_mode & 022U) != 0 && !sticky && !S_ISLNK(status.st_mode)) {
    const bool world = (status.st_mode & 002U) != 0;
    return distrust(what, path, world ? "is world-writable" : "is group-writable",
                    "chmod go-w " + shell_word(path));
  }
  return {};
}

// `at`, on the way to `path`, cannot be looked at.
Failure missing(const std::string& at, const std::string& path, const std::string& what) {
  const int error = errno;
  auto met = system_failure("examine " + at, error).while_doing("check " + what);
  if (error == ENOENT) met.status = PIGEON_MISCONFIGURED;
  return std::move(met).with_remedy("see that " + path + " is there and that uid " +
                                    std::to_string(::geteuid()) + " may read it");
}

Result<std::string> link_target(const std::string& path) {
  std::array<char, PATH_MAX> target = {};
  const auto length = ::readlink(path.c_str(), target.data(), target.size());
  if (length < 0) return system_failure("read link " + path, errno);
  return std::string(target.data(), static_cast<std::size_t>(length));
}

void push_front(std::deque<std::string>& components, std::string_view path) {
  auto parts = split(path, '/');
  components.insert(components.begin(), parts.begin(), parts.end());
}

}  // namespace

Trust::Trust(std::string as_it_is) : as_it_is_(std::move(as_it_is)) {}

bool Trust::is_vouched_for(const std::string& path) const {
  return as_it_is_ == path ||
         (starts_with(as_it_is_, path) && (path == "/" || as_it_is_[path.size()] == '/'));
}

Done Trust::check_file(const std::string& path, const std::string& what) const {
  return check(path, what, true);
}
Done Trust::check_directory(const std::string& path, const std::string& what) const {
  return check(path, what, false);
}

Done Trust::check_entry(const std::string& path, const std::string& what) const {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0) return missing(path, path, what);
  if (!is_vouched_for(path)) PIGEON_TRY(check_owner_and_mode(status, path, what, false));
  if (S_ISLNK(status.st_mode)) return distrust(what, path, "is a symbolic link", "put the file itself there");
  if (!S_ISREG(status.st_mode)) {
    return distrust(what, path, "is not a regular file", "put the file itself there");
  }
  return {};
}

// Walks the path as the kernel would, and looks at everything that it passes: whoever could change any of it
// could put another file in place.
Done Trust::check(const std::string& path, const std::string& what, bool last_is_file) const {
  constexpr int kMostLinks = 40;
  std::deque<std::string> ahead;
  push_front(ahead, path);
  std::string at = "/";
  int links = 0;
  struct stat status = {};
  if (::lstat("/", &status) != 0) return system_failure("examine /", errno);
  if (!is_vouched_for(at)) PIGEON_TRY(check_owner_and_mode(status, at, what, false));
  while (!ahead.empty()) {
    const std::string component = ahead.front();
    ahead.pop_front();
    if (component.empty() || component == ".") continue;
    if (component == "..") {
      at = at.substr(0, std::max<std::size_t>(at.rfind('/'), 1));
      continue;
    }
    const std::string next = (at == "/" ? "" : at) + "/" + component;
    if (ahead.empty() && last_is_file) return check_entry(next, what);
    if (::lstat(next.c_str(), &status) != 0) return missing(next, path, what);
    if (!is_vouched_for(next)) PIGEON_TRY(check_owner_and_mode(status, next, what, ahead.empty()));
    if (S_ISLNK(status.st_mode)) {
      if (++links > kMostLinks) return distrust(what, path, "leads in a circle", "remove the circular link");
      const auto target = PIGEON_TRY(link_target(next));
      if (starts_with(target, "/")) at = "/";
      push_front(ahead, target);
      continue;
    }
    at = next;
  }
  if (last_is_file) return distrust(what, path, "is not a regular file", "put the file itself there");
  return {};
}

}  // namespace pigeon::loader
