// SPDX-License-Identifier: MIT
//
// Messages on their way from one mailbox into another. One after the other is read back, kept in memory or in
// an unnamed file, and delivered as a message that is moved; a few at a time, so that they are made durable
// together. What a reader of the old mailbox removes meanwhile is left out; and what he puts elsewhere in it
// may be missed by one look, but not by the next.
#pragma once

#include "host/control/output.hpp"
#include "host/control/storage.hpp"
#include "host/spool.hpp"

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pigeon::control {

struct Copied {
  std::uint64_t messages = 0;  // stored now
  std::uint64_t bytes = 0;
  std::uint64_t were_there = 0;
  std::uint64_t without_folder = 0;  // in the main folder, for there is no such folder
  std::uint64_t removed = 0;         // by a reader, before they were read

  void add(const Copied& more);
};

// For people, if there are such.
void say_without_folder(const Output& out, const Copied& copied);

// What a message is called in its new mailbox, so that a repetition is known as one.
enum class CopyId {
  of_entry,    // by what it is called in the old one: for one run into a new mailbox
  of_content,  // by the text, and how many of its like came before it: for any number of runs
};

class Copying {
 public:
  // from: what copies them, as a part of their ids.
  Copying(Session& session, const Storage& source, const Storage& target, Settings preferences, CopyId ids,
          std::string from)
      : session_(session),
        source_(source),
        target_(target),
        preferences_(std::move(preferences)),
        ids_(ids),
        from_(std::move(from)) {}

  // Lists the old mailbox, and says what is in it.
  Done look();
  // What is not known from the looks before, for the next run. False: nothing.
  Result<bool> look_again();
  Result<Copied> run();

  // Whether the new mailbox holds what was copied, and nothing else.
  [[nodiscard]] Done verify(const Copied& copied) const;

 private:
  struct Parcel {
    Entry entry;
    std::string id;
    std::string digest;
    host::Spool text;
  };
  using Place = std::pair<std::string, std::string>;  // folder and name

  [[nodiscard]] Result<std::optional<host::Spool>> read(const Storage& from, const Entry& entry) const;
  [[nodiscard]] Result<bool> has_same_texts(const std::vector<Entry>& entries) const;
  std::string id_of(const Entry& entry, std::string_view text);
  bool is_known(const Entry& entry, const std::string& digest);
  Done deliver(std::vector<Parcel>& parcels, Copied& copied);

  Session& session_;
  const Storage& source_;
  const Storage& target_;
  Settings preferences_;
  CopyId ids_;
  std::string from_;
  std::vector<Entry> entries_;
  std::map<Place, std::string> known_;          // what was copied, by its text
  std::multimap<std::string, Place> vanished_;  // of those, by the text: seen no more by the last look
  std::set<std::string> given_;                 // ids of this run
  std::map<std::string, std::uint64_t> alike_;  // how many of the like came before
};

}  // namespace pigeon::control
