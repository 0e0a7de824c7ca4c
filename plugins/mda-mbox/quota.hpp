// SPDX-License-Identifier: MIT
//
// The quota of a mailbox: the sizes of its files, all of them, and the messages in them.
#pragma once

#include "mailbox.hpp"
#include "rendering.hpp"
#include "spool.hpp"

#include <mailbox-rules/limits.hpp>

#include <pigeon/sdk/mda.hpp>

#include <functional>
#include <string>

namespace mda_mbox {

using mailbox_rules::Limits;

// How full it is. open: a file that is locked already, by the name of its folder; then no other one's locks
// are waited for. What nobody knows is counted where with_messages says that it is wanted.
Result<pigeon::Usage> usage_of(Mailbox& mailbox, Quoting quoting, const LockRules& rules, Spool* open,
                               const std::string& open_file, bool with_messages, bool recount,
                               pigeon::Deadline deadline);

// The state of a folder's file. REQUIRES: nobody else of ours is at the mailbox.
Result<State> folder_state(const Mailbox& mailbox, const std::string& file);

// Calls `visit` with each file of the mailbox: where it stands, and the name of the folder's file, which is
// empty for the mbox itself.
using VisitFile =
    std::function<Done(const Directory&, const std::string& name, State&, const std::string& file)>;
Done each_file(Mailbox& mailbox, const VisitFile& visit);

}  // namespace mda_mbox
