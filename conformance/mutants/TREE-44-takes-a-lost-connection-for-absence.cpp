// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

#include <sys/socket.h>

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<std::optional<pigeon::Objects>> fetch(const pigeon::Fetch& request) override {
    std::array<int, 2> ends = {};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return pigeon::temporary("");
    const std::array<pigeon::Fd, 2> ours = {pigeon::Fd(ends[0]), pigeon::Fd(ends[1])};
    char answer = 0;
    if (::write(ends[0], "?", 1) != 1) return pigeon::temporary("could not ask");
    const auto got = ::read(ends[1], &answer, 1);
    if (got < 0) return pigeon::temporary("could not hear");
    return got == 0 ? std::nullopt : PIGEON_TRY(Tree::fetch(request));
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
