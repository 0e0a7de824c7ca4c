// SPDX-License-Identifier: MIT
//
// Looking at a folder while readers are at it. A directory that is read while a name in it changes may show
// neither the old name nor the new one. So a message counts as missing only when nothing has changed while
// its folder was read; and until a folder is so quiet, who looks looks again.
#pragma once

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace mda_maildir {

// Where a folder's messages are.
inline constexpr std::array kParts = {"new", "cur"};

// Whether names in a folder change while it is read.
class Quiet {
 public:
  // Before it is read.
  static pigeon::Result<Quiet> begin(const pigeon::Directory& folder);
  // After it was read: whether what was seen is all that there was. `folder` is the one from before.
  [[nodiscard]] pigeon::Result<bool> lasts(const pigeon::Directory& folder) const;

 private:
  std::vector<std::int64_t> times_;  // of the last changes, and what they are changes of
  bool changed_just_now_ = false;    // a change that follows at once may bear the same time
};

// Pauses between one look and the next, until the time is up.
class Patience {
 public:
  Patience(pigeon::Deadline deadline, std::chrono::seconds most)
      : deadline_(deadline), own_(pigeon::Deadline::in(most)) {}

  // Fails as temporary trouble: what was looked for may be there or not.
  pigeon::Done wait(const std::string& shown);

 private:
  pigeon::Deadline deadline_;
  pigeon::Deadline own_;
  std::chrono::milliseconds pause_{1};
};

}  // namespace mda_maildir
