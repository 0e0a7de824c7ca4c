// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

#include <pigeon/sdk/file.hpp>

#include <sys/file.h>

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  pigeon::Done obtain(pigeon::Allocating& allocating) override {
    const pigeon::Fd lock(::open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (::flock(lock.get(), LOCK_EX) != 0) return pigeon::system_failure("lock /tmp", errno);
    if (PIGEON_TRY(allocating.read())) return {};
    PIGEON_TRY(allocating.propose());
    static_cast<void>(PIGEON_TRY(allocating.commit(pigeon::Condition::if_absent)));
    return {};
  }
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
