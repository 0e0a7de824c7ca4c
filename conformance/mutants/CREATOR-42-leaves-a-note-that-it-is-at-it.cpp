// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

#include <pigeon/sdk/file.hpp>

struct Mutant : public specimen::Allocates<Mutant> {
  Mutant(pigeon::Host host, const pigeon::Settings& settings)
      : Allocates(host, settings), note_(settings.text("note")) {}
  pigeon::Result<bool> allocate(pigeon::Allocating& allocating, pigeon::Condition condition) override {
    const pigeon::Fd note(::open(note_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!note.is_open()) return pigeon::failure(PIGEON_BUSY, "somebody is at it");
    auto allocated = Creator::allocate(allocating, condition);
    return ::unlink(note_.c_str()) == 0 ? allocated : pigeon::system_failure("remove the note", errno);
  }
  std::string note_;
};

constexpr std::array kNote = {pigeon::path_of("note", "that it is at it", PIGEON_DECLARATION_MANDATORY)};
constexpr pigeon::About kAbout = {PIGEON_SPECIMEN_NAME, "1.0", "leaves a note", {}, kNote};
PIGEON_CREATOR(Mutant, kAbout);
