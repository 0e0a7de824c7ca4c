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

// Reads the note, maps the file, compares what was mapped with what was checked, and checks the descriptor. A
// failure says in words why the plugin is refused and what to do. Nothing of the plugin is called. REQUIRES:
// the directory that the file is in has been checked, as `Index::of` does.
Result<pigeon_plugin> map_plugin(const Index::Entry& entry, std::uint32_t kind, const Trust& trust);

// The operations of a descriptor's kind, in a struct of our own size: what an older plugin does not have is
// zero.
void copy_operations(const pigeon_plugin& descriptor, void* to, std::uint32_t size);
template <typename Operations>
Operations operations_of(const pigeon_plugin& descriptor) {
  Operations operations = {};
  copy_operations(descriptor, &operations, sizeof operations);
  return operations;
}

class Library {
 public:
  // As map_plugin, and calls `load`.
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

  template <typename Operations>
  [[nodiscard]] Operations operations() const {
    return operations_of<Operations>(descriptor_);
  }

 private:
  Library(std::string path, pigeon_plugin descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  pigeon_plugin descriptor_;
};

}  // namespace pigeon::loader
