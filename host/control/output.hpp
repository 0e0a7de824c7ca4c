// SPDX-License-Identifier: MIT
//
// What pigeonctl prints: lines for people, JSON for programs; colours only on a terminal; progress only where
// it is seen and only when it takes long.
#pragma once

#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace pigeon::control {

class Output {
 public:
  explicit Output(bool json);

  [[nodiscard]] bool is_json() const { return is_json_; }

  // For people only; for programs only, one value a line.
  void line(std::string_view text) const;
  void value(const boost::json::value& value) const;

  // An object of the tree, in full.
  void object(const Object& object) const;

  // One thing that was looked at.
  void good(const std::string& what, const std::string& note = {}) const;
  void bad(const std::string& what, const Failure& failure) const;

  void failure(const Failure& failure) const;

 private:
  [[nodiscard]] std::string coloured(std::string_view text, int colour) const;

  bool is_json_;
  bool has_colours_;
};

// "1 message", "2 messages".
std::string counted(std::uint64_t count, std::string_view one, std::string_view many);

boost::json::object to_json(const Object& object);
Result<Object> from_json(std::string_view line);

// "1234 objects" on the terminal, once two seconds have passed, and every half second from then on.
class Progress {
 public:
  explicit Progress(std::string what);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  Progress(Progress&&) = delete;
  Progress& operator=(Progress&&) = delete;
  ~Progress();

  void at(std::uint64_t count);

 private:
  std::string what_;
  bool is_seen_;
  bool has_shown_ = false;
  Clock::time_point next_;
};

}  // namespace pigeon::control
