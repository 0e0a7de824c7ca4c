// SPDX-License-Identifier: MIT
//
// The short way to store mail in files, and the safe one: a directory per principal below a base directory,
// and in it a file per message. What an MDA promises (pigeon/abi/mda.h) holds for what is made and stored by
// these functions, whoever dies when, and whatever the power does:
//
//   {base}/.pigeon-base                 the base's mark: without it, nothing is looked for or made below
//   {base}/{home}/.pigeon-allocation    the stamp: whose mailbox this is
//   {base}/{home}/ID                    a message, whole; see store_once
//
// An MDA with a format of its own takes open_base, make_base, make_path and file_name from here, and does the
// rest with pigeon/sdk/file.hpp.
#pragma once

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/mda.hpp>

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pigeon::inline v0 {

constexpr const char* kBaseMark = ".pigeon-base";

// The base directory, marked as ours. A file system that is not mounted leaves an empty directory in its
// place; then, and where there is none at all, mail waits.
inline Result<Directory> open_base(const std::string& path) {
  auto base = PIGEON_TRY(Directory::open(path));
  const bool is_marked = base && PIGEON_TRY(base->has(kBaseMark));
  if (is_marked) return *std::move(base);
  return misconfigured("use base directory " + path + ": " +
                       (base ? "it is not marked as one of PigeonDeliver's" : "there is none"))
      .with_remedy("mount its file system; if it is new, run `pigeonctl init`");
}

// Makes the base directory, if it is not there, and marks it, durably.
inline Done make_base(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_failure("make base directory " + path, errno)
        .with_remedy("install -d -o " + std::to_string(::geteuid()) + " -m 700 " + shell_word(path));
  }
  const auto base = PIGEON_TRY(Directory::open(path));
  if (!base) return temporary("make base directory " + path + ": it vanished at once");
  PIGEON_TRY(base->publish(
      kBaseMark,
      "Mailboxes of PigeonDeliver are kept below this directory.\n"
      "Without this file it is taken for a file system that is not mounted, and mail waits.\n"));
  const auto slash = path.rfind('/');
  const auto above = PIGEON_TRY(Directory::open(slash == 0 ? "/" : path.substr(0, slash)));
  if (above) PIGEON_TRY(above->flush());
  return {};
}

// Relative, and leads nowhere but downwards.
inline bool is_safe_path(std::string_view path) {
  const auto components = split(path, '/');
  return std::all_of(components.begin(), components.end(), is_file_name) && !has_control_characters(path);
}

// Makes the path to a home, and flushes every directory of it from the base down: that somebody else has made
// one does not mean that it would survive. REQUIRES: is_safe_path(home).
inline Result<Directory> make_path(const Directory& base, const std::string& home) {
  std::vector<Directory> path;
  for (const auto name : split(home, '/')) {
    const auto& above = path.empty() ? base : path.back();
    auto next = PIGEON_TRY(above.make(std::string(name)));
    path.push_back(std::move(next));
  }
  PIGEON_TRY(base.flush());
  for (std::size_t level = 0; level + 1 < path.size(); ++level) PIGEON_TRY(path[level].flush());
  return std::move(path.back());
}

// A domain or a user as the name of a file: what is unusual there is written as "=" and two hexadecimal
// digits, so that no two share a name. Nothing where that cannot be: a "/", a control character, a leading
// ".", too long. An empty name, which is the catch-all's, becomes one that nobody else can have.
inline std::optional<std::string> file_name(std::string_view name) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kUsual = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+@~";
  if (name.empty()) return "=unknown";
  if (name.front() == '.' || name.find('/') != std::string_view::npos || has_control_characters(name)) {
    return std::nullopt;
  }
  std::string encoded;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || kUsual.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += {'=', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return encoded.size() <= NAME_MAX ? std::optional(std::move(encoded)) : std::nullopt;
}

// Random, of 128 bits, in hexadecimal digits: nobody else has it.
inline Result<std::string> random_token() {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<unsigned char, 16> bytes = {};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return system_failure("get random bytes", errno);
  }
  std::string token;
  for (const auto byte : bytes) token += {kHex[byte >> 4U], kHex[byte & 15U]};
  return token;
}

// Mailboxes below one base directory. Each principal's is {domain}/{user}, which is the attribute "home" of
// its allocation: declare it.
class Mailboxes {
 public:
  // REQUIRES: an absolute path, as a setting declared with path_of is.
  explicit Mailboxes(std::string base) : base_(std::move(base)) {
    while (base_.size() > 1 && base_.back() == '/') base_.pop_back();
  }

  Done initialize() const { return make_base(base_); }
  Done check() const {
    PIGEON_TRY(open_base(base_));
    return {};
  }

  Result<Attributes> propose(const Principal& principal) const {
    const auto domain = file_name(principal.domain);
    const auto user = file_name(principal.user);
    if (domain && user) return Attributes{{"home", {*domain + "/" + *user}}};
    return misconfigured("make a path of '" + printable(principal.address()) +
                         "': it cannot be the name of a directory")
        .with_remedy("choose another storage format for this user");
  }

  // The stamp comes last: a mailbox that bears it is whole.
  Done ensure(const Allocation& allocation) const {
    const auto base = PIGEON_TRY(open_base(base_));
    const auto home = PIGEON_TRY(make_path(base, PIGEON_TRY(home_of(allocation))));
    for (const auto& name : PIGEON_TRY(home.names())) {
      // Mail without a stamp is somebody else's, unless another process has stamped it meanwhile.
      if (name.front() != '.' && !PIGEON_TRY(home.has(kStamp))) return unstamped(home, allocation);
    }
    return stamp(home, allocation);
  }

  // Stamps a mailbox that is there without a stamp.
  Done adopt(const Allocation& allocation) const {
    const auto base = PIGEON_TRY(open_base(base_));
    const auto path = PIGEON_TRY(home_of(allocation));
    const auto home = PIGEON_TRY(base.find(path));
    return home ? stamp(*home, allocation) : Done(gone(base.below(path)));
  }

  // The mailbox of this allocation and of no other, for one call: a file system may be unmounted at any time.
  Result<Directory> open(const Allocation& allocation) const {
    const auto base = PIGEON_TRY(open_base(base_));
    const auto path = PIGEON_TRY(home_of(allocation));
    auto home = PIGEON_TRY(base.find(path));
    if (!home) return gone(base.below(path));
    PIGEON_TRY(check_stamp(*home, allocation));
    return *std::move(home);
  }

 private:
  static constexpr const char* kStamp = ".pigeon-allocation";
  static constexpr std::size_t kLargestStamp = 256;

  static Result<std::string> home_of(const Allocation& allocation) {
    const auto home = allocation.attributes.get("home");
    if (home && is_safe_path(*home)) return std::string(*home);
    return misconfigured("use allocation " + printable(allocation.id) + ": its home '" +
                         printable(home.value_or("")) + "' is not a path below the base")
        .with_remedy("restore the allocation of " + shell_word(allocation.principal.address()) +
                     " from a backup of the tree");
  }
  static Failure gone(const std::string& shown) {
    return misconfigured("open mailbox " + shown + ": it is gone")
        .with_remedy("mount its file system, or restore it from a backup");
  }
  static Failure unstamped(const Directory& home, const Allocation& allocation) {
    return misconfigured("use mailbox " + home.shown() + ": it does not bear our stamp")
        .with_remedy("if it is this user's, take it over with `pigeonctl mailbox adopt " +
                     shell_operand(allocation.principal.address()) + "`");
  }
  static Done stamp(const Directory& home, const Allocation& allocation) {
    PIGEON_TRY(home.publish(kStamp, allocation.id + "\n"));
    return check_stamp(home, allocation);
  }
  static Done check_stamp(const Directory& home, const Allocation& allocation) {
    const auto stamp = PIGEON_TRY(home.read_file(kStamp, kLargestStamp));
    if (!stamp) return unstamped(home, allocation);
    if (*stamp == allocation.id + "\n") return {};
    const auto id = stamp->substr(0, stamp->find('\n'));
    return misconfigured("use mailbox " + home.shown() + ": it is stamped with allocation " + printable(id) +
                         ", and this user's is " + allocation.id)
        .with_remedy("find whose it is with `pigeonctl tree export | grep " + shell_word(id) + "`");
  }

  std::string base_;
};

// Stores the message as a file, durably, once per delivery id.
//
// With an id that no other message has, the file is called ID: a retry finds it. Whoever takes a message out
// of the mailbox leaves an empty file of its name until its queue has given up (a week).
//
// With an id that may be another message's, the file is called ID-TOKEN. It first appears as ".ID", whole,
// and is then renamed, which is what ends the delivery: a ".ID" that is found was left by an attempt that did
// not end, and is this message. Where equal messages are delivered at the same time, each ends by a rename of
// its own. Whoever reads the mailbox leaves names that begin with "." alone.
inline Result<Stored> store_once(const Directory& mailbox, const Delivery& delivery) {
  std::string name = delivery.id();
  const std::string appears_as = delivery.id_is_unique() ? name : "." + name;
  const auto write = [&](const Fd& file) -> Done {
    PIGEON_TRY(write_message(file, delivery.message(), mailbox.below(appears_as)));
    return {};
  };
  bool is_new = PIGEON_TRY(mailbox.appear(appears_as, write));
  if (!delivery.id_is_unique()) {
    name += "-" + PIGEON_TRY(random_token());
    while (::renameat(mailbox.fd(), appears_as.c_str(), mailbox.fd(), name.c_str()) != 0) {
      if (errno != ENOENT) {
        auto met = system_failure("rename " + mailbox.below(appears_as), errno);
        met.may_have_happened = true;
        return met;
      }
      is_new = PIGEON_TRY(mailbox.appear(appears_as, write));  // an equal message took ours for its own
    }
  }
  if (auto flushed = mailbox.flush(); !flushed) {
    flushed.failure().may_have_happened = true;
    return flushed.failure();
  }
  return Stored{
      .where = mailbox.below(name), .already_there = !is_new, .no_such_folder = !delivery.folder().empty()};
}

}  // namespace pigeon::inline v0
