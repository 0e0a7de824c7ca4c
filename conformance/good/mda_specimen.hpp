// SPDX-License-Identifier: MIT
//
// An MDA that keeps every promise, in steps that a mutant can get wrong one at a time.
//
//   {base}/.specimen             the base's mark
//   {base}/{home}/stamp          the allocation's id
//   {base}/{home}/tmp/NAME       a message that is being written; locked by whoever writes it
//   {base}/{home}/mail/NAME      a message
//
// NAME is the delivery's id where that is unique, so that a retry finds the message; else the id and a random
// number, and an attempt that did not end is found in tmp, or, where it had got as far as mail, by its mark.
#pragma once

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>

namespace specimen {

using namespace pigeon;  // NOLINT(google-build-using-namespace): every mutant speaks of plugins

struct Home {
  Directory home;
  Directory tmp;
  Directory mail;
};

class Mda {
 public:
  Mda(Host host, const Settings& settings) : host_(host), base_(settings.text("base")) {}
  Mda(const Mda&) = delete;
  Mda& operator=(const Mda&) = delete;
  Mda(Mda&&) = delete;
  Mda& operator=(Mda&&) = delete;
  virtual ~Mda() = default;

  virtual Done initialize(const pigeon_schema& /*schema*/, Deadline /*deadline*/) {
    if (::mkdir(base_.c_str(), 0700) != 0 && errno != EEXIST) return system_failure("make " + base_, errno);
    const auto base = PIGEON_TRY(Directory::open(base_));
    if (!base) return temporary("make " + base_ + ": it vanished");
    PIGEON_TRY(base->publish(kMark, ""));
    const auto above = PIGEON_TRY(Directory::open(base_.substr(0, base_.rfind('/'))));
    return above ? flush_directory(*above) : Done();
  }
  virtual Done check(Deadline /*deadline*/) {
    PIGEON_TRY(open_base());
    return {};
  }

  virtual Result<Attributes> propose(const Principal& principal, const Attributes& /*requests*/) {
    const auto encoded = [](const std::string& name) {
      std::string text;
      for (const char c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        text += plain ? std::string(1, c) : "_" + std::to_string(static_cast<unsigned char>(c)) + "_";
      }
      return text;
    };
    const auto user = principal.user.empty() ? "-" : encoded(principal.user);
    if (user.size() > 200) return misconfigured("make a directory's name of a user's name that is so long");
    return Attributes{{"home", {encoded(principal.domain) + "-" + user}}};
  }

  virtual Done ensure(const Allocation& allocation, Deadline /*deadline*/) {
    const auto base = PIGEON_TRY(open_base());
    const auto home = PIGEON_TRY(base.make(home_of(allocation)));
    if (!PIGEON_TRY(home.read_file(kStamp, 256)) && PIGEON_TRY(home.has("mail"))) {
      return misconfigured("use " + home.shown() + ": it bears no stamp");
    }
    PIGEON_TRY(home.publish(kStamp, allocation.id));
    PIGEON_TRY(check_stamp(home, allocation));
    PIGEON_TRY(home.make("tmp"));
    PIGEON_TRY(home.make("mail"));
    PIGEON_TRY(flush_directory(home));
    return flush_directory(base);
  }

  virtual Result<Stored> deliver(const Delivery& delivery) {
    const auto home = PIGEON_TRY(open_home(delivery.allocation()));
    const auto name = PIGEON_TRY(name_for(home, delivery));
    if (PIGEON_TRY(is_there(home, name))) {
      // An attempt that did not end may not have made it durable.
      PIGEON_TRY(flush_directory(home.mail));
      return Stored{.where = name, .already_there = true};
    }
    static_cast<void>(home.tmp.remove(name));  // what such an attempt has left
    const auto file = PIGEON_TRY(home.tmp.create_file(name));
    if (!file) return failure(PIGEON_BUSY, "deliver " + name + ": somebody else is at it");
    PIGEON_TRY(write_message(*file, delivery.message(), home.tmp.below(name)));
    PIGEON_TRY(flush_message(*file, home.tmp.below(name)));
    PIGEON_TRY(publish(home, name));
    if (auto flushed = flush_directory(home.mail); !flushed) {
      flushed.failure().may_have_happened = true;
      return flushed.failure();
    }
    return Stored{.where = name};
  }

  virtual Done list(const Allocation& allocation, Deadline /*deadline*/,
                    const std::function<bool(const Entry&)>& visit) {
    const auto home = PIGEON_TRY(open_home(allocation));
    for (const auto& name : PIGEON_TRY(home.mail.names())) {
      struct stat status = {};
      if (::fstatat(home.mail.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      const Entry entry = {"", name, static_cast<std::uint64_t>(status.st_size), status.st_mtime};
      if (!visit(entry)) return {};
    }
    return {};
  }

  // The stamp goes last: whoever is interrupted can begin again.
  virtual Done purge(const Allocation& allocation, Deadline /*deadline*/) {
    const auto base = PIGEON_TRY(open_base());
    const auto home = PIGEON_TRY(base.find(home_of(allocation)));
    if (!home) return {};
    PIGEON_TRY(check_stamp(*home, allocation));
    for (const auto* part : {"tmp", "mail"}) {
      const auto directory = PIGEON_TRY(home->find(part));
      if (!directory) continue;
      for (const auto& name : PIGEON_TRY(directory->names())) PIGEON_TRY(directory->remove(name));
      PIGEON_TRY(home->remove(part, AT_REMOVEDIR));
    }
    PIGEON_TRY(flush_directory(*home));
    PIGEON_TRY(home->remove(kStamp));
    PIGEON_TRY(base.remove(home_of(allocation), AT_REMOVEDIR));
    return flush_directory(base);
  }

 protected:
  static constexpr const char* kMark = ".specimen";
  static constexpr const char* kStamp = "stamp";

  virtual Done flush_message(const Fd& file, const std::string& shown) { return flush(file, shown); }
  virtual Done flush_directory(const Directory& directory) { return directory.flush(); }
  virtual Result<bool> is_there(const Home& home, const std::string& name) { return home.mail.has(name); }
  virtual Done publish(const Home& home, const std::string& name) {
    return home.tmp.rename(name, home.mail, name);
  }
  virtual Done check_stamp(const Directory& home, const Allocation& allocation) {
    const auto stamp = PIGEON_TRY(home.read_file(kStamp, 256));
    if (stamp == allocation.id) return {};
    return misconfigured("use " + home.shown() + ": it is stamped with another allocation");
  }
  // The number of this delivery. Without a unique id, each is another message.
  virtual Result<std::string> name_for(const Home& home, const Delivery& delivery) {
    if (delivery.id_is_unique()) return delivery.id();
    for (unsigned number = 0;; ++number) {
      const auto name = delivery.id() + "-" + std::to_string(number);
      if (!PIGEON_TRY(home.mail.has(name))) return name;
    }
  }

  Result<Directory> open_base() {
    auto base = PIGEON_TRY(Directory::open(base_));
    if (base && PIGEON_TRY(base->has(kMark))) return *std::move(base);
    return misconfigured("use " + base_ + ": it is not marked as ours");
  }
  Result<Home> open_home(const Allocation& allocation) {
    const auto base = PIGEON_TRY(open_base());
    auto home = PIGEON_TRY(base.find(home_of(allocation)));
    auto tmp = home ? PIGEON_TRY(home->find("tmp")) : std::nullopt;
    auto mail = home ? PIGEON_TRY(home->find("mail")) : std::nullopt;
    if (!home || !tmp || !mail)
      return misconfigured("open " + base.below(home_of(allocation)) + ": it is gone");
    PIGEON_TRY(check_stamp(*home, allocation));
    return Home{*std::move(home), *std::move(tmp), *std::move(mail)};
  }
  static std::string home_of(const Allocation& allocation) {
    return std::string(allocation.attributes.get("home").value_or("-"));
  }

  Host host_;
  std::string base_;
};

inline constexpr std::array kAllocated = {
    text_of("home", "the user's directory, below the base", nullptr,
            PIGEON_DECLARATION_ALLOCATION | PIGEON_DECLARATION_MANDATORY)};
inline constexpr std::array<pigeon_declaration, 0> kNone = {};
inline constexpr pigeon_class kPreferences = auxiliary("mda-specimen", "wants a specimen's mailbox", kNone);
inline constexpr pigeon_class kAllocation =
    auxiliary("mda-specimenAllocation", "has a specimen's mailbox", kAllocated);
inline constexpr std::array kClasses = {&kPreferences, &kAllocation};
inline constexpr std::array kSettings = {
    path_of("base", "what all is below", PIGEON_DECLARATION_MANDATORY),
    text_of("password", "of nothing; to be kept secret", nullptr, PIGEON_DECLARATION_SECRET),
};
inline constexpr About kAbout = {PIGEON_SPECIMEN_NAME, "1.0", "shows what a check looks for", kClasses,
                                 kSettings};

// Opens a mutant, whose steps are those of Mda but for one.
template <typename Mutant>
class Opens : public Mda {
 public:
  using Mda::Mda;
  static Result<std::unique_ptr<Mutant>> open(Host host, const Settings& settings) {
    return std::make_unique<Mutant>(host, settings);
  }
};

}  // namespace specimen
