// SPDX-License-Identifier: MIT
//
// What a disk may hold after a power failure: a model, replayed from the log of what a process did.
//
// What was written into a file counts from the file's flush; a name, from its directory's flush; a flush of
// the file system makes everything count. A flush that failed has made nothing count, and no later one makes
// count what it has lost. Of what was not flushed, anything may have reached the disk. A rename is atomic: if
// it takes something away from where it was, it puts it where it goes to, and what leads there exists.
#pragma once

#include "conformance/operation_log.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace pigeon::conformance {

class PowerLoss {
 public:
  // What is on disk: of each operation, whether it is.
  using Set = std::vector<bool>;
  struct State {
    Set on_disk;
    std::size_t said = 0;  // how many things the process may have said before: the most
    std::string moment;    // for people
  };

  // REQUIRES: the log outlives this.
  explicit PowerLoss(const OperationLog& log);

  // At every point: only what was flushed; everything; each operation that was not, alone; all of these but
  // one. Those that come to the same files are one.
  [[nodiscard]] std::vector<State> states() const;
  // After the last operation, with nothing on disk but what was flushed.
  [[nodiscard]] State last() const;

  // Puts the files of a state into the directory, in place of what is there.
  void build(const State& state, const std::string& directory) const;

 private:
  using NamesOf = std::map<const Node*, std::map<std::string, const Node*>>;

  [[nodiscard]] Set flushed_at(std::size_t moment) const;
  [[nodiscard]] NamesOf names(const Set& set) const;
  [[nodiscard]] Set with_ways(Set set) const;
  [[nodiscard]] std::map<const Node*, std::string> contents(const Set& set) const;
  [[nodiscard]] std::string image(const Set& set) const;
  [[nodiscard]] std::size_t said_at(std::size_t moment) const;

  const OperationLog* log_;
  std::vector<std::size_t> flushed_;  // by operation: the moment from which it counts; none: never
};

}  // namespace pigeon::conformance
