// SPDX-License-Identifier: MIT
//
// The settings of a plugin and the preferences of a principal, typed. The host has checked them against what
// the plugin declared and has filled in the defaults, so a setting with a default is there and of its type;
// what is declared without one is asked for as std::optional.
#pragma once

#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/values.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pigeon::inline v0 {

class Settings {
 public:
  Settings() = default;
  explicit Settings(Attributes attributes) : attributes_(std::move(attributes)) {}

  [[nodiscard]] bool has(std::string_view name) const { return attributes_.has(name); }
  [[nodiscard]] std::string text(std::string_view name) const { return std::string(raw(name)); }
  [[nodiscard]] bool is_true(std::string_view name) const { return boolean(raw(name)).value_or(false); }
  [[nodiscard]] std::uint64_t integer(std::string_view name) const { return number(raw(name)).value_or(0); }
  [[nodiscard]] std::optional<std::uint64_t> size(std::string_view name) const {
    return size_in_bytes(raw(name));
  }
  [[nodiscard]] std::chrono::nanoseconds time(std::string_view name) const {
    return duration(raw(name)).value_or(std::chrono::nanoseconds(0));
  }
  [[nodiscard]] std::span<const std::string> all(std::string_view name) const {
    return attributes_.all(name);
  }
  [[nodiscard]] const Attributes& attributes() const { return attributes_; }

 private:
  [[nodiscard]] std::string_view raw(std::string_view name) const {
    return attributes_.get(name).value_or("");
  }

  Attributes attributes_;
};

}  // namespace pigeon::inline v0
