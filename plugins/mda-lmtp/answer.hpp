// SPDX-License-Identifier: MIT
//
// What a reply of the other server means for the mail. A recipient that it does not know, a mailbox that is
// full, a message that it does not want are passed on; what it says about us (a command that it does not
// understand, somebody who should log in) or about itself is never a reason to send mail back.
#pragma once

#include "reply.hpp"

#include <pigeon/sdk/result.hpp>

#include <string>

namespace mda_lmtp {

// What was asked.
enum class Step { greeting, mail, recipient, data, message };

// Whether a permanent answer is passed on, or mail waits until somebody has looked.
enum class Permanent { pass, defer };

// `doing`: for the log, what was tried, on what. REQUIRES: the reply is no success.
pigeon::Failure failure_of(const Reply& reply, Step step, Permanent permanent, const std::string& doing);

}  // namespace mda_lmtp
