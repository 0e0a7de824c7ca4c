// SPDX-License-Identifier: MIT
//
// Deliveries made durable together. Each goes through the same steps, and each step is taken by all before
// the next one begins, so that one flush of the disk serves the whole batch:
//
//   1. claim it in the ledger, write it into tmp
//   2. flush: messages and claims
//   3. rename it into new: it appears
//   4. flush: names
//   5. note it as done, answer
//
// Whatever one delivery meets ends that delivery; the others go on.
#pragma once

#include "ledger.hpp"
#include "mailbox.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/plugin.hpp>
#include <pigeon/sdk/result.hpp>

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace mda_maildir {

class Batch {
 public:
  Batch(const Directory& base, bool one_flush, pigeon::Host host)
      : base_(base), one_flush_(one_flush), host_(host) {}

  void deliver(std::span<pigeon::Delivery> deliveries);

 private:
  // A mailbox with deliveries on their way, which all use what is open.
  struct Opened {
    Mailbox mailbox;
    Ledger ledger;
    std::map<std::string, std::shared_ptr<const Folder>> folders;  // by their directories
  };
  // One delivery on its way.
  struct Item {
    const pigeon::Delivery* delivery = nullptr;
    std::shared_ptr<Opened> opened;
    std::shared_ptr<const Folder> folder;
    bool no_such_folder = false;
    std::optional<Claim> claim;
    pigeon::Fd file;
    std::string name;
    pigeon::Written written;
    bool has_quota = false;
    bool may_have_appeared = false;  // by an attempt before this one
    bool was_there = false;
    bool is_marked = false;
    bool is_answered = false;

    // What a message that appears appears in.
    [[nodiscard]] const Directory& place() const { return is_marked ? folder->cur : folder->fresh; }
  };

  Result<std::shared_ptr<Opened>> open(const Allocation& allocation);
  Done begin(Item& item);
  static Result<std::shared_ptr<const Folder>> find_folder(Opened& opened, const std::string& directory);
  Done choose_folder(Item& item);
  Done check_quota(Item& item);
  Done write(Item& item);
  Done publish(Item& item);
  void finish(Item& item);
  void fail(Item& item, const pigeon::Failure& failure);
  void answer_same(std::vector<Item>& items);
  void flush_files(std::vector<Item*>& items);
  void flush_names(std::vector<Item*>& items);
  [[nodiscard]] bool can_share_flush(const std::vector<Item*>& items) const;
  Done flush_file_system();

  template <typename Step>
  void each(std::vector<Item*>& items, Step&& step);

  const Directory& base_;
  bool one_flush_;
  pigeon::Host host_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<Opened>> opened_;  // by id and home
};

}  // namespace mda_maildir
