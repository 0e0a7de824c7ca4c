// SPDX-License-Identifier: MIT
//
// The specimen of an MDA with what moving a mailbox needs. A message bears its time as the time of its file,
// and in the nanoseconds of that its marks. A mailbox that is retired has "retired" in its stamp, behind the
// id; a delivery has a lock on the home, which whoever retires it wants for himself.
#pragma once

#include "mda_specimen.hpp"

#include <sys/file.h>

#include <ctime>

namespace specimen {

class MovingMda : public Mda {
 public:
  using Mda::Mda;

  Result<Stored> deliver(const Delivery& delivery) override {
    const auto home = PIGEON_TRY(open_home(delivery.allocation()));
    PIGEON_TRY(take_part(home.home, delivery.allocation()));
    time_ = {delivery.received(), delivery.marks()};
    if (!delivery.is_moved() || delivery.received() == 0) time_ = {std::time(nullptr), delivery.marks()};
    auto stored = Mda::deliver(delivery);
    if (stored) stored->no_such_folder = !delivery.folder().empty();
    return stored;
  }

  Done list(const Allocation& allocation, Deadline /*deadline*/,
            const std::function<bool(const Entry&)>& visit) override {
    const auto home = PIGEON_TRY(open_also_retired(allocation));
    for (const auto& name : PIGEON_TRY(home.mail.names())) {
      struct stat status = {};
      if (::fstatat(home.mail.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      const Entry entry = {"", name, static_cast<std::uint64_t>(status.st_size), status.st_mtime,
                           static_cast<std::uint32_t>(status.st_mtim.tv_nsec)};
      if (!visit(entry)) return {};
    }
    return {};
  }

  virtual Done read(const Allocation& allocation, const std::string& /*folder*/, const std::string& name,
                    Deadline /*deadline*/, const std::function<bool(std::string_view)>& give) {
    const auto home = PIGEON_TRY(open_also_retired(allocation));
    const auto file = is_file_name(name) ? PIGEON_TRY(home.mail.open_file(name)) : std::nullopt;
    if (!file) return failure(PIGEON_NOT_THERE, "read " + home.mail.below(name) + ": it is not there");
    std::string chunk(65'536, '\0');
    for (;;) {
      const auto got = ::read(file->get(), chunk.data(), chunk.size());
      if (got < 0) return system_failure("read " + home.mail.below(name), errno);
      if (got == 0 || !give(std::string_view(chunk).substr(0, static_cast<std::size_t>(got)))) return {};
    }
  }

  virtual Done retire(const Allocation& allocation, Deadline deadline) {
    const auto home = PIGEON_TRY(open_also_retired(allocation));
    PIGEON_TRY(write_stamp(home.home, allocation.id + kRetired));
    while (::flock(home.home.fd(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return system_failure("lock " + home.home.shown(), errno);
      if (deadline.passed()) return failure(PIGEON_BUSY, "lock " + home.home.shown() + ": it did not end");
      const timespec pause = {0, 1'000'000};
      ::nanosleep(&pause, nullptr);
    }
    return {};
  }
  virtual Done adopt(const Allocation& allocation, Deadline deadline) {
    const auto home = PIGEON_TRY(open_also_retired(allocation));
    PIGEON_TRY(write_stamp(home.home, allocation.id));
    return ensure(allocation, deadline);
  }
  Done purge(const Allocation& allocation, Deadline deadline) override {
    const AlsoRetired also(*this);
    return Mda::purge(allocation, deadline);
  }

  virtual Result<Usage> usage(const Allocation& allocation, const Settings& /*preferences*/, bool /*recount*/,
                              Deadline deadline) {
    Usage usage;
    PIGEON_TRY(list(allocation, deadline, [&](const Entry& entry) {
      ++usage.messages;
      usage.bytes += entry.bytes;
      return true;
    }));
    return usage;
  }

 protected:
  static constexpr const char* kRetired = " retired";

  // From now on, as long as the home is open, nobody can retire it; and nobody had before.
  virtual Done take_part(const Directory& home, const Allocation& allocation) {
    if (::flock(home.fd(), LOCK_SH | LOCK_NB) != 0) return system_failure("lock " + home.shown(), errno);
    return check_stamp(home, allocation);
  }
  Done flush_message(const Fd& file, const std::string& shown) override {
    const std::array<timespec, 2> times = {{{0, UTIME_OMIT}, {time_.received, time_.marks}}};
    if (::futimens(file.get(), times.data()) != 0) return system_failure("set the time of " + shown, errno);
    return Mda::flush_message(file, shown);
  }
  Done check_stamp(const Directory& home, const Allocation& allocation) override {
    const auto stamp = PIGEON_TRY(home.read_file(kStamp, 256));
    if (also_retired_ && stamp == allocation.id + kRetired) return {};
    return Mda::check_stamp(home, allocation);
  }
  Result<Home> open_also_retired(const Allocation& allocation) {
    const AlsoRetired also(*this);
    return open_home(allocation);
  }

 private:
  struct AlsoRetired {
    explicit AlsoRetired(MovingMda& of) : mda(of) { mda.also_retired_ = true; }
    AlsoRetired(const AlsoRetired&) = delete;
    AlsoRetired& operator=(const AlsoRetired&) = delete;
    AlsoRetired(AlsoRetired&&) = delete;
    AlsoRetired& operator=(AlsoRetired&&) = delete;
    ~AlsoRetired() { mda.also_retired_ = false; }
    MovingMda& mda;
  };
  struct Time {
    std::int64_t received;
    std::uint32_t marks;
  };

  // In one step, whatever was there.
  Done write_stamp(const Directory& home, const std::string& text) {
    PIGEON_TRY(home.remove("stamp.new"));
    const auto file = PIGEON_TRY(home.create_file("stamp.new"));
    if (!file) return failure(PIGEON_BUSY, "stamp " + home.shown() + ": somebody else is at it");
    PIGEON_TRY(write_all(*file, text, home.below("stamp.new")));
    PIGEON_TRY(flush(*file, home.below("stamp.new")));
    PIGEON_TRY(home.rename("stamp.new", home, kStamp));
    return flush_directory(home);
  }

  bool also_retired_ = false;
  Time time_ = {};
};

// Opens a mutant, whose steps are those of MovingMda but for one.
template <typename Mutant>
class OpensMoving : public MovingMda {
 public:
  using MovingMda::MovingMda;
  static Result<std::unique_ptr<Mutant>> open(Host host, const Settings& settings) {
    return std::make_unique<Mutant>(host, settings);
  }
};

}  // namespace specimen
