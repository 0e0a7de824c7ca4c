// SPDX-License-Identifier: MIT
//
// A host that only listens: what a plugin logs can be looked at.
#pragma once

#include <pigeon/abi/host.h>
#include <pigeon/sdk/plugin.hpp>

#include <string>
#include <utility>
#include <vector>

namespace pigeon::testing {

class FakeHost {
 public:
  FakeHost() = default;
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;
  FakeHost(FakeHost&&) = delete;
  FakeHost& operator=(FakeHost&&) = delete;
  ~FakeHost() = default;

  // For an instance that is opened in C++. Valid as long as this.
  [[nodiscard]] Host host() const { return Host(&services_); }
  [[nodiscard]] const pigeon_host& services() const { return services_; }
  // Level and text of each record.
  [[nodiscard]] const std::vector<std::pair<std::uint32_t, std::string>>& log() const { return log_; }

 private:
  static void record(void* context, std::uint32_t level, pigeon_string message) noexcept {
    static_cast<FakeHost*>(context)->log_.emplace_back(level, copy(message));
  }
  std::vector<std::pair<std::uint32_t, std::string>> log_;
  pigeon_host services_ = {sizeof services_, PIGEON_API_MINOR, this, record};
};

}  // namespace pigeon::testing
