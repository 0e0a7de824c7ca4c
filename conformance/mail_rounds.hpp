// SPDX-License-Identifier: MIT
//
// One delivery agent after another at work on one mailbox, each in a process of its own, as the host has it.
#pragma once

#include "conformance/mailbox.hpp"
#include "conformance/share.hpp"
#include "conformance/tracer.hpp"
#include "conformance/trial.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pigeon::conformance {

// What somebody finds who looks for a message in a fresh process.
struct Found {
  std::string trouble;     // why it could not be looked at
  std::size_t copies = 0;  // whole ones
  std::size_t listed = 0;  // by the MDA; as many as copies if it cannot list
  std::size_t torn = 0;    // listed, and shorter than the message
  std::size_t most = 1;    // copies that are right: two after two attempts, where a server keeps them
  bool can_list = true;    // otherwise nobody knows how many messages there are, only how often this one is

  // Whether the mailbox holds as many messages as this, all whole, and this one among them.
  [[nodiscard]] bool is_there_among(std::size_t messages) const {
    if (!can_list) return trouble.empty() && copies >= 1 && copies <= most;
    return trouble.empty() && copies >= 1 && listed == messages && torn == 0;
  }
  // For people.
  [[nodiscard]] std::string shown() const;
};

class MailRounds {
 public:
  explicit MailRounds(Trial& trial) : trial_(&trial) {}

  // What an administrator does once. Answers what went wrong; nothing if nothing did.
  std::string begin();
  // Whether another server keeps the mailboxes; and why they cannot be looked at, if they cannot. REQUIRES:
  // it has begun.
  [[nodiscard]] bool hands_over() const { return hands_over_; }
  [[nodiscard]] const std::string& blind() const { return blind_; }
  // Another mailbox, of this user: only proposed, or made.
  std::string propose(const std::string& user) { return allocate(user, false); }
  std::string make(const std::string& user) { return allocate(user, true); }

  // For a process that is watched: each answer is said, and its calls count from the first one asked for.
  [[nodiscard]] Work ensuring() const;
  [[nodiscard]] Work delivering(std::vector<std::string> names) const;
  // Its calls count no more when it is answered; how many whole copies there are is said; and it is delivered
  // again by the same instance.
  [[nodiscard]] Work delivering_again(const std::string& name) const;
  // Proposes and ensures; its calls count no more; and does so again.
  [[nodiscard]] Work allocating_again() const;

  // Each in a fresh process. A delivery's name is its id, which is unique.
  [[nodiscard]] Answer ensure() const { return only_answer(ensuring()); }
  [[nodiscard]] Answer deliver(const std::string& name) const { return only_answer(delivering({name})); }
  [[nodiscard]] Found look_for(const std::string& name) const;

 private:
  std::string allocate(const std::string& user, bool ensures);
  [[nodiscard]] Result<std::unique_ptr<Instance>> open() const;
  [[nodiscard]] Work with_mailbox(std::function<void(Stage&, Instance&, Mailbox&)> body) const;
  [[nodiscard]] Parcel parcel(const std::string& name) const;
  static Answer only_answer(const Work& work);

  Trial* trial_;
  Allocation allocation_;
  bool hands_over_ = false;
  std::string blind_;
};

}  // namespace pigeon::conformance
