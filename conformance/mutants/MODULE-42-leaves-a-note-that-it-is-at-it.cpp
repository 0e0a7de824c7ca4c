// SPDX-License-Identifier: MIT
#include "module_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done store(pigeon::Run& run, const std::string& folder) override {
    const auto path = notes_ + ".busy";
    const pigeon::Fd note(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!note.is_open()) return pigeon::failure(PIGEON_BUSY, "somebody is at it");
    PIGEON_TRY(Module::store(run, folder));
    return ::unlink(path.c_str()) == 0 ? pigeon::Done() : pigeon::system_failure("remove the note", errno);
  }
};

PIGEON_MODULE(Mutant, PIGEON_MODULE_TAKES, specimen::kAbout);
