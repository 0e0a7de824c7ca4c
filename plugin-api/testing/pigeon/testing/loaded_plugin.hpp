// SPDX-License-Identifier: MIT
//
// A plugin as the host has it: its file, mapped, and one instance, open. For tests of what is shipped,
// whatever language it is written in. Trust, note and versions are the host's business and are not looked at.
#pragma once

#include <pigeon/abi/plugin.h>
#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/plugin.hpp>
#include <pigeon/testing/fake_host.hpp>

#include <dlfcn.h>

#include <memory>
#include <string>

namespace pigeon::testing {

class LoadedPlugin {
 public:
  // A failure says what the linker, or the plugin, said.
  static Result<std::unique_ptr<LoadedPlugin>> open(const std::string& file, const Attributes& settings) {
    void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    const auto* descriptor = library == nullptr
                                 ? nullptr
                                 : static_cast<const pigeon_plugin*>(::dlsym(library, "pigeon_plugin_v0"));
    if (descriptor == nullptr) return misconfigured("load " + file + ": " + ::dlerror());
    std::unique_ptr<LoadedPlugin> plugin(new LoadedPlugin(*descriptor));
    const LentAttributes lent(settings);
    const pigeon_settings given = {sizeof given, 0, lent.data(), lent.size()};
    auto error = blank_error();
    const auto status = descriptor->open(&plugin->host_.services(), &given, &plugin->instance_, &error);
    if (status != PIGEON_OK) return copy(error, status);
    plugin->is_open_ = true;
    return plugin;
  }
  LoadedPlugin(const LoadedPlugin&) = delete;
  LoadedPlugin& operator=(const LoadedPlugin&) = delete;
  LoadedPlugin(LoadedPlugin&&) = delete;
  LoadedPlugin& operator=(LoadedPlugin&&) = delete;
  ~LoadedPlugin() {
    if (is_open_) descriptor_.close(instance_);
  }

  [[nodiscard]] const pigeon_plugin& descriptor() const { return descriptor_; }
  [[nodiscard]] void* instance() const { return instance_; }
  [[nodiscard]] const FakeHost& host() const { return host_; }
  // REQUIRES: a plugin of the kind whose operations these are.
  template <typename Operations>
  [[nodiscard]] const Operations& operations() const {
    return *static_cast<const Operations*>(descriptor_.operations);
  }

  Done initialize() {
    if (descriptor_.initialize == nullptr) return {};
    const pigeon_schema schema = {sizeof schema, 0, descriptor_.classes, descriptor_.class_count};
    auto error = blank_error();
    const auto status =
        descriptor_.initialize(instance_, &schema, Deadline::in(std::chrono::seconds(10)).value(), &error);
    return status == PIGEON_OK ? Done() : Done(copy(error, status));
  }

 private:
  explicit LoadedPlugin(const pigeon_plugin& descriptor) : descriptor_(descriptor) {}

  const pigeon_plugin& descriptor_;
  FakeHost host_;
  void* instance_ = nullptr;
  bool is_open_ = false;
};

}  // namespace pigeon::testing
