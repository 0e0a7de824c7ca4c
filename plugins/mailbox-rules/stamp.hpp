// SPDX-License-Identifier: MIT
//
// Whose a mailbox is. It bears the id of its allocation; one that does not, or is not there, is trouble for
// an administrator, who is told the command that mends it.
#pragma once

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>

#include <string>

namespace mailbox_rules {

// "pigeonctl mailbox WHAT ADDRESS", to be pasted. Options belong to WHAT.
std::string command(const std::string& what, const pigeon::Allocation& allocation);

// find_it: what to do that it may be found again.
pigeon::Failure gone(const std::string& shown, const std::string& find_it,
                     const pigeon::Allocation& allocation);
pigeon::Failure unstamped(const std::string& shown, const pigeon::Allocation& allocation);
// id: what it is stamped with. stamp: what is to be removed where nobody has that id.
pigeon::Failure foreign(const std::string& shown, const std::string& id, const std::string& stamp,
                        const pigeon::Allocation& allocation);

}  // namespace mailbox_rules
