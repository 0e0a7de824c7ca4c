// SPDX-License-Identifier: MIT
//
// What a process did to the files below a directory, in order, as far as it matters for what survives: names
// that appear, vanish or move; bytes that are written; what was flushed. Made from its system calls while
// they are made, so that descriptors and paths mean what they meant then.
#pragma once

#include "conformance/system_call.hpp"

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pigeon::conformance {

// A file, a directory or a symbolic link: what it held before the process began.
struct Node {
  enum class Kind { file, directory, link };
  Kind kind = Kind::file;
  mode_t mode = 0600;
  std::string content;                 // of a file; where a link leads
  std::map<std::string, Node*> names;  // of a directory
  bool is_volatile = false;            // made anew after a crash, whatever it holds
};

struct Operation {
  enum class Kind { none, appear, vanish, move, write, truncate, flush, flush_all };
  Kind kind = Kind::none;
  std::size_t said = 0;  // how many things the process had said before
  Node* node = nullptr;  // the file, or the directory that the name is in
  std::string name = {};
  Node* target = nullptr;  // what the name stands for
  Node* to = nullptr;      // the directory that it moves to
  std::string new_name = {};
  std::uint64_t offset = 0;
  std::string bytes = {};
  bool failed = false;  // of a flush: what it should have flushed may never be

  [[nodiscard]] bool changes() const {
    return kind != Kind::none && kind != Kind::flush && kind != Kind::flush_all;
  }
};

class OperationLog {
 public:
  // Begins with what is below the directory now.
  explicit OperationLog(const std::string& directory);

  void before(pid_t process, const SystemCall& call);
  void after(pid_t process, const SystemCall& call);

  [[nodiscard]] const std::vector<Operation>& operations() const { return operations_; }
  [[nodiscard]] const Node& top() const { return *top_; }
  // Why the log is not all that the process did; empty if it is.
  [[nodiscard]] const std::string& unseen() const { return unseen_; }
  // The calls that it has understood, by number.
  [[nodiscard]] const std::map<long, std::size_t>& understood() const { return understood_; }
  // Whether the process talked to another one, or to a host.
  [[nodiscard]] bool has_talked() const { return has_talked_; }

 private:
  using Identity = std::pair<dev_t, ino_t>;
  // A name in a directory, as a call gives it.
  struct Place {
    Node* directory = nullptr;  // nullptr: outside
    std::string name;
    std::string path;  // as this process can open it
    std::string shown;
  };
  // What has to be looked at before a call is made.
  struct Pending {
    std::optional<Place> place;
    std::optional<Place> to;
    Node* node = nullptr;
    bool was_there = false;
    bool is_synchronous = false;
    std::uint64_t offset = 0;
  };

  Node* load(const std::string& path);
  Node* made(const std::string& path);
  Node* known(const std::string& path) const;
  static std::optional<struct stat> status_of(const std::string& path, bool follow);

  static Place named(pid_t process, int directory, const std::string& path);
  Place place(pid_t process, std::uint64_t directory, std::uint64_t path) const;
  void look_at_names(pid_t process, const SystemCall& call, Pending& pending) const;
  void look_at_file(pid_t process, const SystemCall& call, Pending& pending) const;

  void add(const SystemCall& call, Operation operation);
  void miss(const std::string& why);
  void changed_elsewhere(const Place& place);

  bool understand(pid_t process, const SystemCall& call, Pending& pending);
  void opened(pid_t process, const SystemCall& call, const Pending& pending);
  void wrote(pid_t process, const SystemCall& call, const Pending& pending);
  bool allocated(const SystemCall& call, const Pending& pending);
  bool moved(const SystemCall& call, const Pending& pending);
  void appeared(const SystemCall& call, const Pending& pending, bool is_new);
  void mapped(pid_t process, const SystemCall& call);
  void watch_hidden(pid_t process, const SystemCall& call);

  std::deque<Node> nodes_;
  std::map<Identity, Node*> by_identity_;
  Node* top_;
  std::vector<Operation> operations_;
  std::map<long, std::size_t> understood_;
  std::map<pid_t, Pending> pending_;
  std::map<std::uint64_t, std::uint64_t> shared_mappings_;  // of files: where, and how long
  std::string unseen_;
  bool has_talked_ = false;
};

}  // namespace pigeon::conformance
