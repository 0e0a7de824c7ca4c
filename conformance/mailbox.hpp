// SPDX-License-Identifier: MIT
//
// A mailbox of the MDA under test, as the host would use it: allocated, ensured, delivered to, and looked at.
// What was stored is found by what it says: in what the MDA reads back, where it can, or else in whatever
// file it keeps it.
#pragma once

#include "conformance/check.hpp"
#include "conformance/trial.hpp"

#include <pigeon/abi/mda.h>
#include <pigeon/sdk/mda.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pigeon::conformance {

// What became of one delivery.
struct Receipt {
  pigeon_status status = PIGEON_BUG;
  std::uint32_t flags = 0;
  Failure failure;

  [[nodiscard]] bool is_stored() const { return status == PIGEON_OK; }
  [[nodiscard]] bool was_there() const { return (flags & PIGEON_RECEIPT_ALREADY_THERE) != 0; }
};

// "success", or the status and what the MDA says about it.
std::string told(const Receipt& receipt);

// A message to be delivered. `text` should hold something that no other message does.
struct Parcel {
  std::string id;
  std::string text;
  bool is_unique = true;
  std::string folder = {};
  std::string prefix = "Return-Path: <bob@example.org>\n";
  Deadline deadline = Deadline::in(std::chrono::seconds(20));
  bool is_moved = false;  // then received and marks are its own
  std::int64_t received = 0;
  std::uint32_t marks = 0;
};

class Mailbox {
 public:
  Mailbox(Trial& trial, Instance& instance) : trial_(&trial), instance_(&instance) {}

  // Proposes and ensures an allocation under this id.
  Done make(const Principal& principal, const std::string& id);
  Result<Attributes> propose(const Principal& principal, const Attributes& requests = {});
  Done ensure(const Allocation& allocation);

  [[nodiscard]] const Allocation& allocation() const { return allocation_; }
  void use(Allocation allocation) { allocation_ = std::move(allocation); }

  // Preferences over the defaults, of every delivery from now on.
  void prefer(Attributes preferences) { preferred_ = std::move(preferences); }
  // Whether the MDA declares such a preference.
  [[nodiscard]] bool knows_preference(std::string_view name) const;

  Receipt deliver(const Parcel& parcel);
  // With this body instead of the parcel's text.
  Receipt deliver_from(const Parcel& parcel, std::string_view body);
  std::vector<Receipt> deliver_all(const std::vector<Parcel>& parcels);

  // The functions that look at a mailbox and end it. REQUIRES: the MDA has them.
  Result<std::vector<Entry>> list();
  Result<std::string> read(const Entry& entry);
  Done retire();
  Done adopt();
  Result<Usage> usage(bool recount);

  // How many times the text stands in the messages of this mailbox; or in the files below the trial's
  // directory, if the MDA cannot tell. Where it was handed over to a server, however its lines end there: a
  // protocol has its own way.
  [[nodiscard]] std::size_t copies(const std::string& text) const {
    return copies(std::vector{text}).front();
  }
  // Whether the MDA keeps anything in files below the trial's directory. A server keeps it elsewhere.
  [[nodiscard]] bool is_in_files() const;
  // Of each of these.
  [[nodiscard]] std::vector<std::size_t> copies(const std::vector<std::string>& texts) const;

 private:
  // Gives each text in which a message may stand.
  using Visit = std::function<void(const std::string& content)>;
  [[nodiscard]] Settings preferences() const;
  [[nodiscard]] bool read_back(const Visit& visit) const;
  void read_files(const Visit& visit) const;

  Trial* trial_;
  Instance* instance_;
  Allocation allocation_;
  Attributes preferred_;
};

// Whether another server keeps the mailboxes: PIGEON_MDA_HANDS_OVER.
bool hands_over(const Instance& instance);

// Why what is stored cannot be looked at: it was handed over to a server that keeps it elsewhere. Nothing if
// it can. A check that looks asks this first, so that it is skipped where it would see nothing.
std::optional<Finding> cannot_look(Trial& trial);

}  // namespace pigeon::conformance
