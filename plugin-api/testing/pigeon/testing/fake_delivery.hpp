// SPDX-License-Identifier: MIT
//
// A delivery for an MDA under test: a message in memory, an envelope, and the receipt that comes back.
#pragma once

#include <pigeon/sdk/mda.hpp>

#include <optional>
#include <string>
#include <utility>

namespace pigeon::testing {

class FakeDelivery {
 public:
  FakeDelivery(Allocation allocation, std::string id, std::string body, std::string folder = {},
               Attributes preferences = {}, bool id_is_unique = true)
      : allocation_(std::move(allocation)),
        id_(std::move(id)),
        body_(std::move(body)),
        folder_(std::move(folder)),
        preferences_(std::move(preferences)),
        lent_allocation_(allocation_),
        lent_preferences_(preferences_) {
    receipt_.size = sizeof receipt_;
    receipt_.status = PIGEON_BUG;
    receipt_.error = &error_;
    message_ = {sizeof message_, 0, &prefix_, 1, borrow(body_)};
    envelope_.size = sizeof envelope_;
    delivery_ = {sizeof delivery_,
                 id_is_unique ? PIGEON_DELIVERY_ID_IS_UNIQUE : 0,
                 Deadline::in(std::chrono::seconds(10)).value(),
                 borrow(id_),
                 &lent_allocation_.get(),
                 lent_preferences_.data(),
                 lent_preferences_.size(),
                 borrow(folder_),
                 &envelope_,
                 &message_,
                 &receipt_,
                 0,
                 0,
                 0};
  }
  FakeDelivery(const FakeDelivery&) = delete;
  FakeDelivery& operator=(const FakeDelivery&) = delete;
  FakeDelivery(FakeDelivery&&) = delete;
  FakeDelivery& operator=(FakeDelivery&&) = delete;
  ~FakeDelivery() = default;

  // Makes it a message that another mailbox held: without a prefix, received and marked as it was there.
  void move(std::int64_t received, std::uint32_t marks) {
    prefix_ = borrow("");
    delivery_.flags |= PIGEON_DELIVERY_IS_MOVED;
    delivery_.received = received;
    delivery_.marks = marks;
  }

  // Else it has ten seconds.
  void end_at(Deadline deadline) { delivery_.deadline = deadline.value(); }

  [[nodiscard]] Delivery delivery() const { return Delivery(delivery_); }
  [[nodiscard]] const pigeon_delivery& lent() const { return delivery_; }
  // Everything that must have been stored: the prefix, then the body.
  [[nodiscard]] std::string whole() const { return copy(prefix_) + body_; }

  [[nodiscard]] pigeon_status status() const { return receipt_.status; }
  [[nodiscard]] std::string stored() const { return receipt_.stored; }
  [[nodiscard]] bool was_there() const { return (receipt_.flags & PIGEON_RECEIPT_ALREADY_THERE) != 0; }
  [[nodiscard]] bool had_no_such_folder() const {
    return (receipt_.flags & PIGEON_RECEIPT_NO_SUCH_FOLDER) != 0;
  }
  [[nodiscard]] Failure failure() const { return copy(error_, receipt_.status); }

 private:
  Allocation allocation_;
  std::string id_;
  std::string body_;
  std::string folder_;
  Attributes preferences_;
  LentAllocation lent_allocation_;
  LentAttributes lent_preferences_;
  pigeon_string prefix_ = borrow("Return-Path: <>\n");
  pigeon_message message_ = {};
  pigeon_envelope envelope_ = {};
  pigeon_error error_ = blank_error();
  pigeon_receipt receipt_ = {};
  pigeon_delivery delivery_ = {};
};

}  // namespace pigeon::testing
