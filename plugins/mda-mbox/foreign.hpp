// SPDX-License-Identifier: MIT
//
// An mbox that another program made, by its absolute path, with the folders that stand beside it as ours do,
// in NAME.folders. Nothing is written, so no dotlock is taken.
#pragma once

#include "batch.hpp"
#include "entries.hpp"
#include "mailbox.hpp"

#include <optional>
#include <string>

namespace mda_mbox {

Done list_foreign(const Allocation& allocation, const Rules& rules, pigeon::Deadline deadline,
                  const Visit& visit);
Done read_foreign(const Allocation& allocation, const std::string& folder, const std::string& name,
                  const Rules& rules, pigeon::Deadline deadline, const GiveBytes& give);

// A directory beside it that holds its folders as some other program lays them out, and is not read.
std::optional<std::string> unread_folders(const Allocation& allocation);

}  // namespace mda_mbox
