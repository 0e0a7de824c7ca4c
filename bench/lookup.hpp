// SPDX-License-Identifier: MIT
//
// What one delivery looks up in the tree, as pigeon-deliver does it: the domain and its modules, then the
// user and what is below it.
#pragma once

#include "host/configuration.hpp"
#include "host/loader/trust.hpp"
#include "host/log.hpp"
#include "host/plugins.hpp"
#include "host/tree.hpp"

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace pigeon::bench {

[[noreturn]] inline void die(const std::string& why) {
  std::cerr << "bench: " << why << '\n';
  std::exit(EXIT_FAILURE);
}

template <typename T>
T checked(Result<T> result) {
  if (!result) die(result.failure().detail);
  return *std::move(result);
}

class Lookup {
 public:
  // The file of a configuration, and a directory that is vouched for. Ends the process if anything is wrong.
  Lookup(const std::string& file, const std::string& trusted)
      : trust_(trusted), configuration_(checked(host::Configuration::read(file, {}, trust_))), log_("bench") {
    log_.configure(configuration_.log);
    plugins_ = checked(host::Plugins::of(configuration_, trust_, log_));
    auto* datatree = checked(plugins_->open(PIGEON_KIND_DATATREE, configuration_.datatree));
    tree_ = std::make_unique<host::Tree>(*datatree);
  }

  // Where the mail of the user is, from all look-ups of a delivery to it.
  std::string delivery(const std::string& domain, const std::string& user) {
    const auto found = slice(TreePath().child(domain));
    if (found.children.empty()) die(domain + " has no modules");
    return home(domain, user);
  }

  // The same from the look-up of the user alone.
  std::string home(const std::string& domain, const std::string& user) {
    const auto found = slice(TreePath().child(domain).child("mailUsers").child(user));
    const auto homes = found.object.attributes.all("home");
    if (homes.size() != 1) die(found.object.path + " has no home");
    return homes.front();
  }

 private:
  Slice slice(const TreePath& path) {
    auto found = checked(tree_->fetch({path, 1, false, Deadline::in(std::chrono::seconds(30))}));
    if (!found) die(path.text() + " is not there");
    return *std::move(found);
  }

  loader::Trust trust_;
  host::Configuration configuration_;
  host::Log log_;
  std::unique_ptr<host::Plugins> plugins_;
  std::unique_ptr<host::Tree> tree_;
};

}  // namespace pigeon::bench
