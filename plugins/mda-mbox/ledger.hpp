// SPDX-License-Identifier: MIT
//
// Which messages a mailbox has taken, so that a retry after a success stores nothing twice. A line each, in a
// file per week that is appended to and never flushed:
//
//   ID HASH    stored under this unique id, with this hash of its bytes
//   > ID HASH  about to be: so, if it is found in what this append of ours has left, it was
//   ? HASH     found in the mbox, from an append of ours that was not answered
//   % HASH     found in the mbox, from whomever; no bytes that were stored under an id
//   ! HASH     one such is accounted for
//   = SIZE FILE   of the mbox, or a folder's file: up to there, all of this is said
//   ~          what was lost before this line was seen to be
//
// Where a power failure has left a hole, what was said of a size behind it may rest on what is lost, and is
// not believed.
//
// A message that is found so is the one that is delivered again: with "%" only where its id is unique.
#pragma once

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/result.hpp>

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mda_mbox {

class Ledger {
 public:
  Ledger() = default;
  Ledger(Ledger&&) = default;
  Ledger& operator=(Ledger&&) = default;
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  ~Ledger() = default;

  // Reads what was added since the last time. REQUIRES: whoever calls this excludes others until all is
  // saved; the directory is always the same one.
  pigeon::Done read(const pigeon::Directory& own);

  [[nodiscard]] bool has(const std::string& id);
  [[nodiscard]] bool has_found() const { return !found_.empty(); }
  // Whose message of this hash is in the mbox, and nobody has claimed it. Another's may be gone by now.
  enum class Claim { none, ours, others };
  [[nodiscard]] Claim can_claim(std::uint64_t hash, bool is_unique) const;
  // An id that a message of this hash was stored under, each time another one: which of equal messages has
  // which makes no difference to whoever brings them again. Nothing: no more are known.
  std::optional<std::string> next_id_of(std::uint64_t hash);

  // Up to where it has been told of a file; empty: the mbox itself. Nothing: it was not.
  [[nodiscard]] std::optional<std::uint64_t> known(const std::string& file) const;

  // Writes at once what is about to be stored, and nothing else.
  struct Intent {
    std::string id;
    std::uint64_t hash = 0;
  };
  pigeon::Done intend(const pigeon::Directory& own, std::span<const Intent> intents);

  // These count at once, and are written with the next save.
  // What was stored before, and is brought again by whoever copies a mailbox, is kept as if it were stored
  // now: so it is known the next time. REQUIRES: has(id).
  void renew(const std::string& id);
  void stored(const std::string& id, std::uint64_t hash);
  // A message that stands in the mbox, and that nobody has told of. True: its id is known, and counts as
  // stored.
  bool found(std::uint64_t hash, bool is_ours);
  void claim(std::uint64_t hash);

  void know(const std::string& file, std::uint64_t size);

  pigeon::Done save(const pigeon::Directory& own);
  // What was not saved is not so.
  void forget_unsaved();
  // Removes what is too old, if what was written is the first of its week: everything, or what was said again
  // since. Whoever copies a mailbox brings what is old as well, and it has to be known.
  enum class Forget { everything, repeated };
  pigeon::Done forget_old(const pigeon::Directory& own, Forget forget);

  // About how many lines it knows.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Stored {
    std::uint64_t hash = 0;
    bool is_of_this_week = false;
  };
  struct Week {
    ino_t inode = 0;
    std::size_t read = 0;
  };
  struct Found {
    int ours = 0;
    int others = 0;
  };

  pigeon::Done write(const pigeon::Directory& own, std::string text);
  void note_stored(const std::string& id, std::uint64_t hash, bool is_of_this_week);
  pigeon::Done read_week(const pigeon::Directory& own, const std::string& name, Week& week);
  // What was read of a week, as it stands there.
  struct Text {
    std::string lines;
    bool is_of_this_week = false;
  };
  void take(Text text);
  void take_line(std::string_view line, bool is_of_this_week);
  void take_id(std::string_view line, bool is_of_this_week);
  void take_found(char sign, std::uint64_t hash);
  void index();

  std::map<std::string, Week> weeks_;
  std::vector<Text> unindexed_;  // whose ids are in none of the next four
  std::size_t searches_ = 0;
  std::unordered_map<std::string, Stored> stored_;                          // by id
  std::unordered_map<std::uint64_t, std::vector<const std::string*>> ids_;  // by hash; they stand in stored_
  std::unordered_map<std::uint64_t, std::size_t> told_;                     // by hash: how many of them
  std::multimap<std::uint64_t, std::string> intended_;                      // hash to id
  std::unordered_map<std::uint64_t, Found> found_;
  std::map<std::string, std::uint64_t> known_;
  bool is_damaged_ = false;
  std::string unsaved_;
  bool is_stale_ = false;
  bool has_begun_week_ = false;
};

// What an instance knows of mailboxes that it has delivered to: as much as is worth its memory.
class Ledgers {
 public:
  Ledger& of(const std::string& id);

 private:
  std::map<std::string, Ledger> ledgers_;
};

}  // namespace mda_mbox
