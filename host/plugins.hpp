// SPDX-License-Identifier: MIT
//
// The plugins of this process: found by kind and name, loaded when first needed, opened with their section of
// the configuration.
#pragma once

#include "host/configuration.hpp"
#include "host/loader/index.hpp"
#include "host/loader/library.hpp"
#include "host/log.hpp"

#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pigeon::host {

// An open instance; closed with this. Used by one thread at a time.
class Opened {
 public:
  static Result<std::unique_ptr<Opened>> open(const loader::Library& library, const Settings& settings,
                                              Log& log);
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  Opened(Opened&&) = delete;
  Opened& operator=(Opened&&) = delete;
  ~Opened();

  [[nodiscard]] std::string_view name() const { return library_->descriptor().name; }
  [[nodiscard]] const pigeon_plugin& descriptor() const { return library_->descriptor(); }
  template <typename Operations>
  [[nodiscard]] Operations operations() const {
    return library_->operations<Operations>();
  }
  [[nodiscard]] void* instance() const { return instance_; }

  // A class that the plugin declares; nullptr if it does not.
  [[nodiscard]] const pigeon_class* declared_class(std::string_view name) const;

  // Nothing if the plugin has nothing to initialize or to check.
  Done initialize(const pigeon_schema& schema, Deadline deadline);
  Done check(Deadline deadline);

 private:
  Opened(const loader::Library& library, Log& log);
  static void write_log(void* context, std::uint32_t level, pigeon_string message) noexcept;

  const loader::Library* library_;
  Log* log_;
  pigeon_host services_;
  void* instance_ = nullptr;
  bool is_open_ = false;
};

class Plugins {
 public:
  static Result<std::unique_ptr<Plugins>> of(const Configuration& configuration, const loader::Trust& trust,
                                             Log& log);

  Plugins(const Plugins&) = delete;
  Plugins& operator=(const Plugins&) = delete;
  Plugins(Plugins&&) = delete;
  Plugins& operator=(Plugins&&) = delete;
  ~Plugins() = default;

  // The instance of this process, opened on first use. A failure names the plugin, where it was looked for
  // and what to do.
  Result<Opened*> open(std::uint32_t kind, std::string_view name);
  // Another instance, for a thread of its own.
  Result<std::unique_ptr<Opened>> open_another(std::uint32_t kind, std::string_view name);
  // Another instance, under another configuration.
  Result<std::unique_ptr<Opened>> open_under(const Configuration& configuration, std::uint32_t kind,
                                             std::string_view name);
  // The descriptor alone.
  Result<const pigeon_plugin*> describe(std::uint32_t kind, std::string_view name);

  [[nodiscard]] const loader::Index& index() const { return index_; }
  [[nodiscard]] const Configuration& configuration() const { return configuration_; }

 private:
  Plugins(const Configuration& configuration, loader::Trust trust, loader::Index index, Log& log)
      : configuration_(configuration), trust_(std::move(trust)), index_(std::move(index)), log_(log) {}
  Result<const loader::Library*> load(std::uint32_t kind, std::string_view name);

  const Configuration& configuration_;
  loader::Trust trust_;
  loader::Index index_;
  Log& log_;
  std::map<std::string, std::unique_ptr<loader::Library>, NameLess> libraries_;
  std::map<std::string, std::unique_ptr<Opened>, NameLess> opened_;
};

}  // namespace pigeon::host
