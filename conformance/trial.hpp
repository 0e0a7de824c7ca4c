// SPDX-License-Identifier: MIT
//
// One check on one plugin: where the plugin is, what it may use, and how it is loaded and opened. Lives in a
// process of its own, which ends with it.
#pragma once

#include "conformance/settings.hpp"
#include "host/loader/library.hpp"

#include <pigeon/abi/plugin.h>
#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/plugin.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/settings.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace pigeon::conformance {

// An open instance, as the host would open it; closed with this.
class Instance {
 public:
  Instance(const loader::Library& library, void* instance, std::unique_ptr<pigeon_host> host)
      : library_(&library), instance_(instance), host_(std::move(host)) {}
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  Instance(Instance&&) = delete;
  Instance& operator=(Instance&&) = delete;
  ~Instance() { library_->descriptor().close(instance_); }

  [[nodiscard]] void* get() const { return instance_; }
  // The operations of the plugin's kind.
  template <typename Operations>
  [[nodiscard]] Operations operations() const {
    return library_->operations<Operations>();
  }
  [[nodiscard]] const pigeon_plugin& descriptor() const { return library_->descriptor(); }

  // Nothing if the plugin has nothing to initialize or to check.
  Done initialize();
  Done check();

 private:
  const loader::Library* library_;
  void* instance_;
  std::unique_ptr<pigeon_host> host_;
};

class Trial {
 public:
  // path: of the plugin. directory: empty, and the check's own. settings: what the person who runs the checks
  // gives the plugin; what is mandatory and missing is made up.
  Trial(const std::string& path, std::uint32_t kind, std::string directory, Given settings,
        std::uint64_t seed);

  [[nodiscard]] const std::string& path() const { return entry_.path; }
  [[nodiscard]] const std::string& name() const { return entry_.name; }
  [[nodiscard]] std::uint32_t kind() const { return kind_; }
  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  std::mt19937_64& random() { return random_; }
  // A text that nothing else has: random bytes, of all values.
  std::string random_text(std::size_t size);

  // The same, not loaded yet, in another directory.
  [[nodiscard]] Trial elsewhere(std::string directory) const {
    return {entry_.path, kind_, std::move(directory), given_, seed_};
  }

  // Of the file, mapped as the host maps it; nothing of the plugin is called.
  Result<pigeon_plugin> descriptor();
  // Loaded once, when first asked for.
  Result<const loader::Library*> library();
  // The settings as the host would hand them over; with another directory for what is made up.
  Result<Settings> settings_in(const std::string& directory);
  Result<Settings> settings();
  // A new instance, and what it needs is made, as by `pigeonctl init`.
  Result<std::unique_ptr<Instance>> open();
  Result<std::unique_ptr<Instance>> open_with(const Settings& settings);

  // An attempt to open. Where it succeeds, and `instance` is there, close it.
  struct Attempt {
    pigeon_status status = PIGEON_OK;
    pigeon_error error = blank_error();
    std::unique_ptr<Instance> instance;
  };
  Result<Attempt> try_to_open(const Settings& settings);

  // What the plugin has logged.
  [[nodiscard]] const std::vector<std::string>& log() const { return log_; }

 private:
  static void take_log(void* context, std::uint32_t level, pigeon_string message) noexcept;

  loader::Index::Entry entry_;
  std::uint32_t kind_;
  std::string directory_;
  Given given_;
  std::uint64_t seed_;
  std::mt19937_64 random_;
  // Whoever runs the checks vouches for the place; the host will look at it for itself.
  [[nodiscard]] loader::Trust trust() const;

  std::unique_ptr<loader::Library> library_;
  std::mutex log_mutex_;
  std::vector<std::string> log_;
};

}  // namespace pigeon::conformance
