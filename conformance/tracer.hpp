// SPDX-License-Identifier: MIT
//
// Work that is done in a process of its own, and watched from outside, call by call. Nothing in a plugin
// knows of it; whatever a plugin does to files, it has to ask the kernel for, and there it is seen, stopped,
// or made to fail.
#pragma once

#include "conformance/system_call.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pigeon::conformance {

class OperationLog;
struct Board;

// The side of the process that works: what it tells those outside. Its calls count from begin() to end().
class Stage {
 public:
  // Of the allocations of the plugin's calls, from begin() to end(), this one fails; 0: none.
  explicit Stage(Board& board, std::uint64_t failing_allocation = 0)
      : board_(&board), failing_allocation_(failing_allocation) {}
  void begin();
  void end();
  // Is known outside even if the process dies right after. In order with the system calls.
  void say(std::string_view what);

 private:
  Board* board_;
  std::uint64_t failing_allocation_;
};

using Work = std::function<void(Stage&)>;

// What is to happen at one call: the `at`th, from 0, of those that can_fail. Silence: from then on, nothing
// comes over its connection, nor over any that is made later; nobody refuses or closes anything.
struct Tampering {
  enum class Way { none, kill_before, kill_after, fail, silence };
  Way way = Way::none;
  std::size_t at = 0;
  int error = 0;
};

struct Trace {
  std::vector<SystemCall> calls;        // all that can_fail, in the order in which they ended
  std::map<long, std::size_t> entered;  // every call, by number: counted before anybody looks what it is
  std::vector<std::string> said;
  std::uint64_t allocations = 0;  // by the plugin, from begin() to end()
  std::string broken;             // why the process could not be watched; empty if it was
  std::string unseen;             // why what was seen is not all that was done; empty if it is
  int status = 0;                 // as waitpid tells it
  bool was_killed = false;        // by its tampering
  bool has_hung = false;          // its time was up
  bool was_met = false;           // the call to be tampered with was come to
  std::string not_silenced = {};  // why a connection that should be silent is not; empty if it is

  // Whether the process came to the end of its work.
  [[nodiscard]] bool ended() const { return status == 0 && !has_hung; }
  // How it ended, for people.
  [[nodiscard]] std::string how_it_ended() const;
};

// Does the work in a child, every system call of which stops and is looked at; its threads and children too.
// log: is told of every call that changes state; may be nullptr. Flushes are seen, and not made: what a crash
// leaves is computed, not tried.
Trace trace(const Work& work, const Tampering& tampering = {}, OperationLog* log = nullptr);

// A child that does its work unwatched, but for what it says and how it ends. Its flushes are not made
// either.
class Companion {
 public:
  explicit Companion(const Work& work, std::uint64_t failing_allocation = 0);
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;
  Companion(Companion&&) = delete;
  Companion& operator=(Companion&&) = delete;
  // Kills it if it was not waited for.
  ~Companion();

  // REQUIRES: was not called before. Kills it when its time is up.
  Trace wait(std::chrono::seconds longest = std::chrono::seconds(40));

 private:
  Board* board_;
  pid_t process_ = -1;
};

// A string, or bytes, in the memory of a stopped process; shorter where that ends.
std::string bytes_of(pid_t process, std::uint64_t address, std::size_t count);
std::string string_of(pid_t process, std::uint64_t address);

}  // namespace pigeon::conformance
