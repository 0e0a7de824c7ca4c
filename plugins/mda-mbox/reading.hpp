// SPDX-License-Identifier: MIT
//
// Listing what a mailbox of ours holds, and reading it back.
#pragma once

#include "batch.hpp"
#include "entries.hpp"
#include "mailbox.hpp"

#include <pigeon/sdk/mda.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <unordered_set>

namespace mda_mbox {

// What was listed last, so that a message which another program has changed, and which so has another name,
// is not taken for one that was removed.
class Listed {
 public:
  void begin(const Allocation& allocation) { id_ = allocation.id, folders_.clear(); }
  void add(const pigeon::Entry& entry) { folders_[entry.folder].names.insert(entry.name); }
  // Whether it may be that somebody has removed this one, which is not found, if so many are in its folder.
  bool may_be_removed(const Allocation& allocation, const std::string& folder, const std::string& name,
                      std::uint64_t messages);

 private:
  struct Folder {
    std::unordered_set<std::string> names;
    std::unordered_set<std::string> removed;
  };
  std::string id_;
  std::map<std::string, Folder> folders_;
};

// The files are locked while they are looked at, and not while `visit` is at work.
Done list_messages(const Directory& base, const Allocation& allocation, const Rules& rules, Listed& listed,
                   pigeon::Deadline deadline, const Visit& visit);
Done read_message(const Directory& base, const Allocation& allocation, const std::string& folder,
                  const std::string& name, const Rules& rules, Listed& listed, pigeon::Deadline deadline,
                  const GiveBytes& give);

// Refuses what is no mbox.
Done check_is_mbox(const Directory& directory, const std::string& name);

}  // namespace mda_mbox
