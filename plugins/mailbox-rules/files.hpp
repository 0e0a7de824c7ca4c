// SPDX-License-Identifier: MIT
//
// What stands beside a mailbox that is kept in files, in a directory of our own there:
//
//   allocation          the stamp: the id of the allocation
//   allocation.purged   the same, once it is being deleted
//   retired.ID          the mailbox takes no mail any more
#pragma once

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>

#include <optional>
#include <string>

namespace mailbox_rules {

constexpr const char* kStamp = "allocation";
constexpr const char* kPurged = "allocation.purged";

// Of one allocation, like the stamp: a mailbox that is made here later is not meant.
inline std::string retired_mark(const pigeon::Allocation& allocation) {
  return "retired." + allocation.id;
}

pigeon::Failure gone(const std::string& shown, const pigeon::Allocation& allocation);

// Whose mailbox it is; nothing if it bears no stamp. own: the directory of our own, below this one.
pigeon::Result<std::optional<std::string>> stamp_of(const pigeon::Directory& directory,
                                                    const std::string& own, const char* name = kStamp);
pigeon::Done check_retired(const pigeon::Directory& own, const pigeon::Allocation& allocation);

// With everything in it. Nothing is followed; what is not there is no failure.
pigeon::Done remove_directory(const pigeon::Directory& parent, const std::string& name);
// The last directory of a path below the base, if it is empty: it may hold files of other programs.
pigeon::Done remove_home(const pigeon::Directory& base, const std::string& path);

}  // namespace mailbox_rules
