// SPDX-License-Identifier: MIT
#include "fuzz.hpp"

#include "host/loader/note.hpp"

#include <sys/mman.h>

using pigeon::fuzz::require;

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const pigeon::Fd file(::memfd_create("plugin", MFD_CLOEXEC));
  require(static_cast<bool>(pigeon::write_all(file, pigeon::fuzz::text_of(bytes, size), "the file")),
          "a file");
  const auto note = pigeon::loader::read_note(file, "fuzz.so");
  if (!note) {
    require(note.failure().status == PIGEON_MISCONFIGURED, "a refusal, not trouble");
    require(!note.failure().remedy.empty(), "a remedy");
    return 0;
  }
  // Whatever it says stands in the file.
  const std::string_view said(reinterpret_cast<const char*>(&*note), sizeof *note);
  require(pigeon::fuzz::text_of(bytes, size).find(said) != std::string_view::npos,
          "the note is the file's own");
  return 0;
}
