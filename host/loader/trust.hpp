// SPDX-License-Identifier: MIT
//
// Whether a file may be believed: it, and every directory above it, belongs to root or to us and is writable
// by nobody else. A sticky directory, such as /tmp, is fine above one that passes: nobody else can rename
// what is in it. Links on the way are followed, and what they are and where they lead is checked the same
// way; the file itself must not be one.
#pragma once

#include <pigeon/sdk/result.hpp>

#include <string>

namespace pigeon::loader {

class Trust {
 public:
  // Takes `as_it_is` and the directories above it without a check; empty: checks everything up to the root.
  // For whoever starts the program in a place that he vouches for, such as a checkout of somebody else's.
  explicit Trust(std::string as_it_is = {});

  // REQUIRES: an absolute path. `what` says what the file is, in the words of the failure.
  [[nodiscard]] Done check_file(const std::string& path, const std::string& what) const;
  [[nodiscard]] Done check_directory(const std::string& path, const std::string& what) const;
  // The file alone. REQUIRES: the directory that it is in has been checked.
  [[nodiscard]] Done check_entry(const std::string& path, const std::string& what) const;

 private:
  [[nodiscard]] bool is_vouched_for(const std::string& path) const;
  [[nodiscard]] Done check(const std::string& path, const std::string& what, bool last_is_file) const;

  std::string as_it_is_;
};

}  // namespace pigeon::loader
