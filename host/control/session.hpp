// SPDX-License-Identifier: MIT
//
// One run of pigeonctl: the configuration, the plugins, the tree, each opened when a command needs it, and
// how it prints.
#pragma once

#include "host/control/output.hpp"
#include "host/plugins.hpp"
#include "host/schema.hpp"
#include "host/tree.hpp"

#include <pigeon/sdk/result.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pigeon::control {

using host::Configuration;
using host::Plugins;
using host::Schema;
using host::Tree;

struct SessionOptions {
  std::string configuration_file;
  std::vector<std::string> overrides;
  std::string trusted;
  bool json = false;
};

class Session {
 public:
  explicit Session(const SessionOptions& options);

  // Reads the configuration and, started as root, becomes its user.
  Done begin();

  [[nodiscard]] Output& out() { return output_; }
  [[nodiscard]] const Configuration& configuration() const { return *configuration_; }
  [[nodiscard]] const loader::Trust& trust() const { return trust_; }
  [[nodiscard]] host::Log& log() { return log_; }
  Result<Plugins*> plugins();
  Result<host::Opened*> datatree();
  Result<Tree*> tree();
  Result<const Schema*> schema();

  // For one question to the tree.
  static Deadline soon();

  // Everything below a path, parents first, page by page, without the object itself.
  Done walk(const TreePath& path, const std::function<Done(const Object&)>& visit);

  // The object, or a failure that says that it is not there.
  Result<Slice> fetch(const TreePath& path, unsigned depth = 0);

  // One update, of which nothing but "yes" is expected: the failure says what stood against it.
  Done apply(const Update& update);

 private:
  SessionOptions options_;
  loader::Trust trust_;
  Output output_;
  host::Log log_;
  std::optional<Configuration> configuration_;
  std::unique_ptr<Plugins> plugins_;
  std::optional<Tree> tree_;
  std::optional<Schema> schema_;
};

// What is asked for is not in the tree, and where to look for what is.
Failure not_in_tree(const TreePath& path);

// A path of the tree, as an argument.
Result<TreePath> path_argument(const std::string& text);

// Makes an object of all that this one has; refused if there is one already.
Update creation_of(const Object& object, const TreePath& path);

}  // namespace pigeon::control
