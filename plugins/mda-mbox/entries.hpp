// SPDX-License-Identifier: MIT
//
// The messages of one mbox file as they are listed and read back. A message is known by where it stands and a
// hash of what it is, so that it is found again when a reader has removed others before it.
#pragma once

#include "ledger.hpp"
#include "rendering.hpp"
#include "splitting.hpp"

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mda_mbox {

using Visit = std::function<bool(const pigeon::Entry&)>;
using GiveBytes = std::function<bool(std::string_view)>;

// Adds those of a file. ledger: knows the ids that they were stored under; nullptr if nobody does.
pigeon::Done collect(Window& window, const std::string& folder, Ledger* ledger, Quoting quoting,
                     pigeon::Deadline deadline, std::vector<pigeon::Entry>& entries);
pigeon::Done visit_all(const std::vector<pigeon::Entry>& entries, const Visit& visit);

// Gives the one of this name. PIGEON_NOT_THERE: there is none.
pigeon::Done give_named(Window& window, const std::string& name, Quoting quoting, pigeon::Deadline deadline,
                        const GiveBytes& give);

pigeon::Failure no_mbox(const std::string& shown);
pigeon::Failure removed(const std::string& shown, const std::string& name);

}  // namespace mda_mbox
