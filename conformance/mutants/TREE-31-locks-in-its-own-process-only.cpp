// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<std::optional<pigeon::Token>> lock(const pigeon::TreePath& path, pigeon::nanoseconds lease,
                                                    pigeon::Deadline deadline) override {
    static const auto started = ::getpid();
    static std::string own = std::to_string(started);
    const auto there = PIGEON_TRY(fetch({path, 0, true, deadline}));
    return there ? std::optional(own + std::to_string(lease.count())) : std::nullopt;
  }
  bool is_held(const specimen::Record& /*record*/, const pigeon::Token& /*token*/) override { return true; }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
