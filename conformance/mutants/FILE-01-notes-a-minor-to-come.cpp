// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
};

static constexpr auto kOperations = pigeon::MdaOperations<Mutant>::table();
__attribute__((section(".note.pigeon"), used, aligned(4))) static const pigeon_note kNote = {
    7, 12, PIGEON_NOTE_TYPE, PIGEON_NOTE_OWNER, PIGEON_API_MAJOR, PIGEON_API_MINOR + 1, PIGEON_KIND_MDA};
extern "C" constinit const pigeon_plugin pigeon_plugin_v0 =
    pigeon::describe<Mutant>(PIGEON_KIND_MDA, specimen::kAbout, &kOperations);
