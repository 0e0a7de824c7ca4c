// SPDX-License-Identifier: MIT
//
// One mbox file, locked against every other program, and appended to: all of a batch or nothing, in one write
// and with one flush.
#pragma once

#include "ledger.hpp"
#include "mailbox.hpp"
#include "rendering.hpp"
#include "spool_lock.hpp"
#include "state.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/mda.hpp>

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace mda_mbox {

// What is to be appended: the line that it begins with, and the message.
struct Letter {
  std::string from_line;
  Outgoing* message = nullptr;
};

class Spool {
 public:
  // Opens and locks. Nothing: there is no such file. REQUIRES: the directory and the state outlive it, and
  // nobody else of ours is at the mailbox.
  static Result<std::optional<Spool>> open(const Directory& directory, const std::string& name, State& state,
                                           const LockRules& rules, pigeon::Deadline deadline);

  // Where that begins which an attempt that was killed has left, and nobody else has touched. What the ledger
  // knows of was answered.
  Result<std::optional<std::uint64_t>> unfinished(const Ledger& ledger, const std::string& file) const;
  // Cuts that off, and tells the ledger of each message that it does not know of. file: by which name it
  // knows this one. The caller saves the ledger before anything is appended.
  Done recover(Quoting quoting, Ledger& ledger, const std::string& file, pigeon::Deadline deadline);

  // Appends all of them, durably, or none; after a failure that may have happened something may stand there.
  // before_end: called when all that is missing is the end, without which recover takes nothing for whole.
  using BeforeEnd = std::function<Done()>;
  Done append(std::span<const Letter> letters, Quoting quoting, const BeforeEnd& before_end);
  // Makes durable what is there.
  Done flush() const;
  // Whether bytes stand there that could neither be flushed nor be cut off.
  [[nodiscard]] bool has_unflushed() const { return has_unflushed_; }
  // What was appended is accounted for; what is being appended, if anything, has ended.
  Done end_append();

  [[nodiscard]] const pigeon::Fd& file() const { return file_; }
  [[nodiscard]] std::uint64_t size() const { return static_cast<std::uint64_t>(status_.st_size); }
  [[nodiscard]] const std::string& shown() const { return shown_; }
  // Whether a message of this hash stands in it.
  Result<bool> holds(std::uint64_t hash, Quoting quoting, pigeon::Deadline deadline) const;
  // How many messages it holds; counts them where nobody knows.
  Result<std::uint64_t> count(Quoting quoting, bool recount, pigeon::Deadline deadline);
  // Notes what was counted, for the next time.
  Done note_count();

 private:
  Spool(pigeon::Fd file, SpoolLock lock, State& state, std::string shown, struct stat status)
      : file_(std::move(file)),
        lock_(std::move(lock)),
        state_(&state),
        shown_(std::move(shown)),
        status_(status) {}

  Done examine();
  Done write(std::span<const Letter> letters, Quoting quoting, const BeforeEnd& before_end);
  Failure cut_back(Failure met, std::uint64_t size);
  Result<std::string> missing_line_ends() const;

  pigeon::Fd file_;
  SpoolLock lock_;
  State* state_;
  std::string shown_;
  struct stat status_;
  std::optional<std::uint64_t> messages_;
  bool has_unflushed_ = false;
};

}  // namespace mda_mbox
