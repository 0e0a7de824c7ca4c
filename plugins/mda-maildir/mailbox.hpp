// SPDX-License-Identifier: MIT
//
// One principal's mailbox on disk:
//
//   {base}/.pigeon-base           the base's mark: without it, nothing is looked for or made below
//   {base}/{home}/.pigeon/        ours: allocation, the stamp; retired.ID, where it takes no mail any more;
//                                 pending and done, see ledger.hpp
//   {base}/{home}/Maildir/        Maildir++: tmp, new, cur, and a directory ".Name" per folder
#pragma once

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>

#include <functional>
#include <string>
#include <vector>

namespace mda_maildir {

using pigeon::Allocation;
using pigeon::Directory;
using pigeon::Done;
using pigeon::Failure;
using pigeon::Result;

constexpr const char* kOwn = ".pigeon";
constexpr const char* kMaildir = "Maildir";

// A Maildir, or a folder of one.
struct Folder {
  bool is_main;
  Directory directory;
  Directory tmp;
  Directory fresh;  // "new"
  Directory cur;
};
Result<std::optional<Folder>> open_folder(const Directory& maildir, const std::string& name);
// Makes a folder with all that belongs to it, durably.
Result<Folder> make_folder(const Directory& maildir, const std::string& name);

class Mailbox {
 public:
  // The mailbox of this allocation, and of no other. Not there, of somebody else, without a stamp, or
  // retired: temporary, with the command that mends it.
  static Result<Mailbox> open(const Directory& base, const Allocation& allocation);
  // Also one that is retired.
  static Result<Mailbox> open_to_read(const Directory& base, const Allocation& allocation);

  // Makes it, durably; see pigeon/abi/mda.h on `ensure`.
  static Done make(const Directory& base, const Allocation& allocation);
  // Stamps one that is there without a stamp, or that was retired.
  static Done adopt(const Directory& base, const Allocation& allocation);
  // From its return on, nothing is delivered to it, and nothing is being delivered. A delivery first claims
  // its message in the ledger, under a lock, and then looks whether the mailbox is retired; this one marks it
  // as retired, durably, and then waits for every claim. So of the two, one sees the other. The stamp stays
  // where it is: whoever stopped while he made the mailbox, and goes on, finds the name taken.
  static Done retire(const Directory& base, const Allocation& allocation, pigeon::Deadline deadline);
  // Deletes it with everything in it.
  static Done purge(const Directory& base, const Allocation& allocation);

  [[nodiscard]] Done check_not_retired(const Allocation& allocation) const;
  [[nodiscard]] const Directory& own() const { return own_; }
  [[nodiscard]] const Directory& maildir() const { return maildir_; }

 private:
  Mailbox(Directory own, Directory maildir) : own_(std::move(own)), maildir_(std::move(maildir)) {}

  Directory own_;
  Directory maildir_;
};

}  // namespace mda_maildir
