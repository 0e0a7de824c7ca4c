// SPDX-License-Identifier: MIT
//
// The parent: it runs what may go wrong in a child, and turns whatever becomes of it into a verdict. A child
// that crashes, exits, hangs or says nothing has not delivered; a verdict that came by the pipe stands,
// whatever the child does afterwards.
#pragma once

#include "host/verdict.hpp"

#include <pigeon/sdk/time.hpp>

#include <array>
#include <functional>
#include <string_view>

namespace pigeon::host {

// What the worker is doing, in memory that the parent sees: who is to blame, should it not come back.
class Progress {
 public:
  struct State {
    std::array<char, 64> plugin;
    std::array<char, 32> operation;
  };

  // Shared with children forked later.
  static Progress& instance();

  // What it was before. From any thread; with several at work, what is shown is one of them.
  State enter(std::string_view plugin, std::string_view operation);
  void restore(const State& state);
  // For a signal handler, which can have no string.
  [[nodiscard]] const State& state() const { return state_; }
  // "in plugin mda-x, deliver"; empty outside of any plugin.
  [[nodiscard]] std::string text() const;

 private:
  State state_;
};

// Marks a call into a plugin, for as long as it lasts. Calls may be nested: a module calls the host, which
// calls an MDA.
class InPlugin {
 public:
  InPlugin(std::string_view plugin, std::string_view operation)
      : before_(Progress::instance().enter(plugin, operation)) {}
  InPlugin(const InPlugin&) = delete;
  InPlugin& operator=(const InPlugin&) = delete;
  InPlugin(InPlugin&&) = delete;
  InPlugin& operator=(InPlugin&&) = delete;
  ~InPlugin() { Progress::instance().restore(before_); }

 private:
  Progress::State before_;
};

// Called with the verdict once it is decided; what is done afterwards no longer counts.
using Announce = std::function<void(const Verdict&)>;

// Runs `work` in a child, and calls `tell` with the verdict that it announced, or with why there is none,
// which is temporary. Then the worker may close what it opened; it is gone when this returns. What the child
// and the libraries in it print goes to the log. REQUIRES: one thread.
void supervise(const std::function<void(const Announce&)>& work, const Announce& tell, Deadline deadline,
               Log& log);

}  // namespace pigeon::host
