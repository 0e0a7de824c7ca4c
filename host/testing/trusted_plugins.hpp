// SPDX-License-Identifier: MIT
//
// Copies of the plugins for tests, in a directory of the test's own: the build directory may be writable by
// others.
#pragma once

#include <pigeon/testing/temporary_directory.hpp>

#include <filesystem>
#include <initializer_list>
#include <string>

namespace pigeon::testing {

inline std::string built_plugin(const std::string& name) {
  return PIGEON_TEST_PLUGINS "/" + name + ".so";
}

class TrustedPlugins {
 public:
  TrustedPlugins(std::initializer_list<const char*> names) {
    for (const auto* name : names) static_cast<void>(add(name));
  }
  // The path of the copy; `as` is the name that the file gets.
  [[nodiscard]] std::string add(const std::string& name, const std::string& as = {}) const {
    namespace fs = std::filesystem;
    auto to = directory_ / ((as.empty() ? name : as) + ".so");
    fs::copy_file(built_plugin(name), to, fs::copy_options::overwrite_existing);
    fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write);
    return to;
  }
  [[nodiscard]] const TemporaryDirectory& directory() const { return directory_; }
  [[nodiscard]] std::string path() const { return directory_.path().string(); }

 private:
  TemporaryDirectory directory_;
};

}  // namespace pigeon::testing
