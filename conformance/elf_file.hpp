// SPDX-License-Identifier: MIT
//
// A shared object as a file: what it exports, needs and asks the linker for. Read by libelf, nothing is run.
#pragma once

#include <pigeon/sdk/result.hpp>

#include <string>
#include <vector>

namespace pigeon::conformance {

struct ElfFile {
  struct Symbol {
    std::string name;
    bool is_unique = false;  // STB_GNU_UNIQUE: keeps the object from ever being independent of others
  };
  std::vector<Symbol> exported;
  std::vector<std::string> undefined;  // what others have to define; weak ones may stay undefined
  std::vector<std::string> needed;     // DT_NEEDED
  std::string run_path;                // DT_RPATH, DT_RUNPATH
  bool has_text_relocations = false;
  bool has_executable_stack = false;
  bool is_bound_now = false;
  bool has_relro = false;
};

Result<ElfFile> read_elf(const std::string& path);

}  // namespace pigeon::conformance
