// SPDX-License-Identifier: MIT
//
// Who we are: never root while anything from the tree, a plugin or a message is looked at.
#pragma once

#include <pigeon/sdk/result.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace pigeon::host {

// Started as root: becomes `user` for good, groups included, and verifies that there is no way back. Started
// as anybody else: stays so. Either way, refuses to go on as root or under a uid below `minimum_uid`.
Done become(const std::optional<std::string>& user, std::uint64_t minimum_uid);

// Standard descriptors that are closed are opened to /dev/null, so that no file of ours becomes one; signals
// and the file mode mask are as a program of ours expects them; no core dumps, which would hold mail.
void settle_process();

// Closes what an MTA may have left open: no plugin has any business with it.
void close_stray_descriptors();

// Empties the environment but for a safe PATH.
void clear_environment();

}  // namespace pigeon::host
