// SPDX-License-Identifier: MIT
//
// A plugin's file, checked, mapped, and checked again. Once mapped it stays until the process ends.
#pragma once

#include "host/loader/index.hpp"
#include "host/loader/trust.hpp"

#include <pigeon/abi/plugin.h>
#include <pigeon/sdk/result.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace pigeon::loader {

class Library {
 public:
  // Reads the note, maps the file, compares what was mapped with what was checked, checks the descriptor and
  // calls `load`. A failure says in words why the plugin is refused and what to do. REQUIRES: the directory
  // that the file is in has been checked, as `Index::of` does.
  static Result<std::unique_ptr<Library>> load(const Index::Entry& entry, std::uint32_t kind,
                                               const Trust& trust);

  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  Library(Library&&) = delete;
  Library& operator=(Library&&) = delete;
  // Calls `unload`. REQUIRES: every instance was closed.
  ~Library();

  [[nodiscard]] const pigeon_plugin& descriptor() const { return descriptor_; }
  [[nodiscard]] const std::string& path() const { return path_; }

  // The operations of the kind, in a struct of our own size: what an older plugin does not have is zero.
  template <typename Operations>
  [[nodiscard]] Operations operations() const {
    Operations operations = {};
    copy_operations(&operations, sizeof operations);
    return operations;
  }

 private:
  Library(std::string path, pigeon_plugin descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  void copy_operations(void* to, std::uint32_t size) const;

  std::string path_;
  pigeon_plugin descriptor_;
};

}  // namespace pigeon::loader
