// SPDX-License-Identifier: MIT
//
// What a Maildir holds, ours or another program's: looked at, and never written to. Its readers may be at it
// at the same moment: they take messages out of new, mark them, and throw them away.
#pragma once

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace mda_maildir {

// The Maildir that an administrator names: the directory that new and cur are in, or one above "Maildir".
pigeon::Result<pigeon::Directory> foreign_maildir(const pigeon::Allocation& allocation);

// Every message once, folder by folder: each that stays in its folder, whatever readers do to its name
// meanwhile. is_ours: names hold delivery ids.
pigeon::Done list_messages(const pigeon::Directory& maildir, bool is_ours, pigeon::Deadline deadline,
                           const std::function<bool(const pigeon::Entry&)>& visit);

// One of them, wherever a reader may have put it within its folder.
pigeon::Done read_message(const pigeon::Directory& maildir, const std::string& folder,
                          const std::string& name, pigeon::Deadline deadline,
                          const std::function<bool(std::string_view)>& give);

}  // namespace mda_maildir
