// SPDX-License-Identifier: MIT
//
// One principal's mailbox on disk, where {home} is {directory}/{name}:
//
//   {base}/.pigeon-base                   the base's mark: without it, nothing is looked for or made below
//   {base}/{directory}/{name}             the mbox
//   {base}/{directory}/{name}.folders/    an mbox for each folder, see folder.hpp; also in directories below
//   {base}/{directory}/.{name}.pigeon/    ours: allocation, the stamp; retired.ID, where it takes no mail any
//                                         more; state, see state.hpp, which is also what excludes our own
//                                         processes; stored.WEEK, see ledger.hpp
#pragma once

#include "state.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mda_mbox {

using pigeon::Allocation;
using pigeon::Directory;
using pigeon::Done;
using pigeon::Failure;
using pigeon::Result;

// Where a home lies below the base.
struct Place {
  std::string directory;  // "." for the base itself
  std::string name;

  static Result<Place> of(const Allocation& allocation);
  [[nodiscard]] std::string own() const { return "." + name + ".pigeon"; }
  [[nodiscard]] std::string folders() const;
};
// A home that no file of another mailbox can be taken for; or why there is none.
Result<std::string> checked_home(const std::string& home);

// The files of all folders, as paths below the directory that they stand in, NAME.folders.
Result<std::vector<std::string>> files_of_folders(const Directory& folders);

// A mailbox, and nobody else of ours at it as long as this lives.
class Mailbox {
 public:
  // The mailbox of this allocation, and of no other. Not there, of somebody else, without a stamp, or
  // retired: temporary, with the command that mends it.
  static Result<Mailbox> open(const Directory& base, const Allocation& allocation, pigeon::Deadline deadline);
  // One that is retired as well.
  static Result<Mailbox> open_to_read(const Directory& base, const Allocation& allocation,
                                      pigeon::Deadline deadline);

  // Makes it, durably; see pigeon/abi/mda.h on `ensure`.
  static Done make(const Directory& base, const Allocation& allocation);
  // Stamps one that is there without a stamp, or is retired. `examine` looks whether the file, if it is
  // there, is an mbox.
  static Done adopt(const Directory& base, const Allocation& allocation, pigeon::Deadline deadline,
                    const std::function<Done(const Directory&, const std::string&)>& examine);
  // `settle` ends what deliveries that were killed have left.
  static Done retire(const Directory& base, const Allocation& allocation, pigeon::Deadline deadline,
                     const std::function<Done(Mailbox&)>& settle);
  // Deletes it with everything in it.
  static Done purge(const Directory& base, const Allocation& allocation, pigeon::Deadline deadline);

  [[nodiscard]] const Directory& directory() const { return directory_; }
  [[nodiscard]] const std::string& name() const { return place_.name; }
  [[nodiscard]] const Directory& own() const { return own_; }
  [[nodiscard]] State& state() { return state_; }

  // Makes a folder's file with the directory that it is in, durably.
  Done make_folder(const std::string& file) const;
  // The files of the folders, as paths below their directory.
  [[nodiscard]] Result<std::vector<std::string>> folder_files() const;
  // The directory that such a file stands in, under the last part of its path; nothing: it is gone.
  [[nodiscard]] Result<std::optional<Directory>> directory_of(const std::string& file) const;
  static std::string name_of(const std::string& file) { return file.substr(file.rfind('/') + 1); }

 private:
  Mailbox(Place place, Directory directory, Directory own, State state)
      : place_(std::move(place)),
        directory_(std::move(directory)),
        own_(std::move(own)),
        state_(std::move(state)) {}

  Place place_;
  Directory directory_;
  Directory own_;
  State state_;
};

}  // namespace mda_mbox
