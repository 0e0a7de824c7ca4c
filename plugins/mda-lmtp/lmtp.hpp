// SPDX-License-Identifier: MIT
//
// The MDA that hands mail to another server by LMTP.
#pragma once

#include "address.hpp"
#include "server.hpp"
#include "session.hpp"

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/plugin.hpp>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace mda_lmtp {

struct Options {
  static pigeon::Result<Options> of(const pigeon::Settings& settings);

  std::vector<Server> servers;
  Recipients recipients;
  std::string delimiter;  // empty: folders are not asked for
  std::string name;       // our own
  bool sends_fields = true;
  Manner manner;
  std::chrono::nanoseconds connect_time{};
};

class Lmtp {
 public:
  // The mailboxes are another server's: see PIGEON_MDA_HANDS_OVER.
  static constexpr bool kHandsOver = true;

  explicit Lmtp(Options options) : options_(std::move(options)) {}
  static pigeon::Result<std::unique_ptr<Lmtp>> open(pigeon::Host host, const pigeon::Settings& settings);

  [[nodiscard]] pigeon::Result<pigeon::Attributes> propose(const pigeon::Principal& principal,
                                                           const pigeon::Attributes& requests) const;
  [[nodiscard]] static pigeon::Done ensure(const pigeon::Allocation& allocation, pigeon::Deadline deadline);
  void deliver(std::span<pigeon::Delivery> deliveries);
  [[nodiscard]] pigeon::Done check(pigeon::Deadline deadline) const;

 private:
  // One delivery on its way.
  struct Item {
    const pigeon::Delivery* delivery = nullptr;
    std::string sender;
    std::string address;   // written, with the folder if that is asked for
    std::string fallback;  // written, without the folder; empty if there is none in `address`
    bool no_such_folder = false;
  };

  pigeon::Result<Item> prepare(const pigeon::Delivery& delivery) const;
  [[nodiscard]] std::vector<std::string_view> fields_of(const pigeon::Delivery& delivery) const;
  [[nodiscard]] bool goes_with(const std::vector<Item>& items, const Item& item) const;
  void deliver_each_id_once(std::span<pigeon::Delivery> deliveries);
  // REQUIRES: the first one's deadline is the first.
  void hand_over(std::vector<Item> items);
  void answer(const Item& item, pigeon::Result<pigeon::Stored> outcome);
  pigeon::Done run(Transaction& transaction);
  pigeon::Result<Session*> session(pigeon::Deadline deadline);
  [[nodiscard]] bool was_handed_over(const pigeon::Delivery& delivery) const;
  void note(const pigeon::Delivery& delivery);

  Options options_;
  std::unique_ptr<Session> session_;
  std::size_t server_ = 0;                           // the one to try first
  std::optional<pigeon::Failure> down_;              // for the rest of a batch: none could be reached
  std::map<std::string, pigeon::Failure> in_doubt_;  // of this batch
  std::set<std::string> handed_over_;
  std::deque<std::string> in_order_;
};

}  // namespace mda_lmtp
