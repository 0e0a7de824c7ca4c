// SPDX-License-Identifier: MIT
//
// The ELF note of a plugin, read before anything of the file is mapped or run. The file is hostile until it
// has been read: every offset and size in it is checked.
#pragma once

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/result.hpp>

#include <cstdint>
#include <string>

namespace pigeon::loader {

struct Note {
  std::uint32_t major;
  std::uint32_t minor;
  std::uint32_t kind;
};

// A failure says what the file is not: no ELF file, of another machine, without a note of ours.
Result<Note> read_note(const Fd& file, const std::string& shown);

}  // namespace pigeon::loader
