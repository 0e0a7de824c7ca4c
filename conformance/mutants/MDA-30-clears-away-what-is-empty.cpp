// SPDX-License-Identifier: MIT
#include "moving_specimen.hpp"

struct Mutant : public specimen::OpensMoving<Mutant> {
  using OpensMoving::OpensMoving;
  pigeon::Result<bool> is_there(const specimen::Home& home, const std::string& name) override {
    for (const auto& each : PIGEON_TRY(home.mail.names())) {
      struct stat status = {};
      ::fstatat(home.mail.fd(), each.c_str(), &status, AT_SYMLINK_NOFOLLOW);
      if (S_ISREG(status.st_mode) && status.st_size == 0) PIGEON_TRY(home.mail.remove(each));
    }
    return OpensMoving::is_there(home, name);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
