// SPDX-License-Identifier: MIT
//
// One worker under the supervisor, and what was told of it.
#pragma once

#include "host/supervisor.hpp"

#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <vector>

namespace pigeon::testing {

using Work = std::function<void(const host::Announce&)>;

struct Supervised {
  std::vector<host::Verdict> told;
  std::string log;
  std::chrono::milliseconds took = {};

  [[nodiscard]] const host::Verdict& verdict() const {
    REQUIRE(told.size() == 1);
    return told.front();
  }
};

inline Supervised run(const Work& work, std::chrono::milliseconds time = std::chrono::seconds(20)) {
  const TemporaryDirectory directory;
  host::Log log("test");
  log.configure({.to = directory / "log"});
  Supervised result;
  const auto begin = Clock::now();
  host::supervise(
      work, [&](const host::Verdict& verdict) { result.told.push_back(verdict); }, Deadline::in(time), log);
  result.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
  result.log = directory.read("log");
  return result;
}

inline void die_by(int signal) {
  static_cast<void>(::raise(signal));
}

// For good, or until a signal ends it.
inline void hang() {
  for (;;) ::pause();
}

}  // namespace pigeon::testing
