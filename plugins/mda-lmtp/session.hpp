// SPDX-License-Identifier: MIT
//
// A conversation with one server by LMTP (RFC 2033): greeted once, then a transaction for each message.
#pragma once

#include "answer.hpp"
#include "connection.hpp"
#include "wire_text.hpp"

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mda_lmtp {

// One recipient of a transaction. Addresses are written, as they stand between "<" and ">".
struct Mailbox {
  std::string address;
  std::optional<pigeon::Result<pigeon::Stored>> outcome = {};
  bool is_refused = false;  // the recipient was, for good, before there was any message
};

// One message for some recipients.
struct Transaction {
  std::string sender;
  std::vector<std::string_view> fields;  // what this delivery puts in front
  pigeon::Message message;
  std::vector<Mailbox> mailboxes;
  pigeon::Deadline deadline;
};

// How replies are taken, and what is done to a message.
struct Manner {
  Permanent permanent = Permanent::pass;
  Forbidden forbidden = Forbidden::replace;
};

class Session {
 public:
  // Connects, and greets. `name`: what we call ourselves.
  static pigeon::Result<std::unique_ptr<Session>> open(const Server& server, const std::string& name,
                                                       pigeon::Deadline deadline);
  Session(Connection connection, std::string shown);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Session(Session&&) = delete;
  Session& operator=(Session&&) = delete;
  // Takes leave, and does not wait for an answer.
  ~Session();

  // Whether another transaction can be begun.
  [[nodiscard]] bool is_usable() const;

  // Gives every mailbox its outcome. A failure: the connection ended before the message was begun; nothing
  // has an outcome, and another server may be tried.
  pigeon::Done transact(Transaction& transaction, const Manner& manner);

 private:
  struct Offers {
    bool pipelining = false;
    bool eight_bits = false;
    bool size = false;
    bool utf8 = false;
  };
  // A transaction up to the message.
  struct Begun {
    std::vector<Mailbox*> accepted;
    bool has_go_ahead = false;
    bool is_over = false;  // and a next one can be begun
  };

  pigeon::Done greet(const std::string& name, pigeon::Deadline deadline);
  [[nodiscard]] std::string mail_command(const Transaction& transaction, const Manner& manner) const;
  [[nodiscard]] bool can_write(Transaction& transaction) const;
  pigeon::Result<Begun> begin(Transaction& transaction, const Manner& manner);
  pigeon::Result<Reply> ask(const std::string& commands, pigeon::Deadline deadline);
  pigeon::Result<Reply> answer_before_message(pigeon::Deadline deadline);
  pigeon::Done send_message(const Transaction& transaction, const Manner& manner);
  pigeon::Done heard_nothing(pigeon::Deadline deadline);
  static pigeon::Result<Reply> no_question(pigeon::Result<Reply> reply);
  void finish(const Transaction& transaction, const std::vector<Mailbox*>& accepted, const Manner& manner);
  [[nodiscard]] std::string doing(const Mailbox& mailbox) const;

  Connection connection_;
  std::string shown_;
  Offers offers_;
  // No further transaction can be begun: from the first command of one until its last reply, so that whatever
  // ends it early, an exception, too, leaves nothing that a next one would be taken for a part of.
  bool is_broken_ = false;
  pid_t owner_;
};

}  // namespace mda_lmtp
