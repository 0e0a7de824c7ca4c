// SPDX-License-Identifier: MIT
#include "host/control/commands.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/tree_words.hpp>

#include <algorithm>
#include <iostream>

namespace pigeon::control {
namespace {

// "NAME=VALUE", repeated for several values.
Result<Attributes> attributes_of(const std::vector<std::string>& assignments) {
  Attributes attributes;
  for (const auto& assignment : assignments) {
    const auto equals = assignment.find('=');
    const auto name = assignment.substr(0, equals);
    if (equals == std::string::npos || !is_key_string(name)) {
      return misconfigured("take '" + printable(assignment) + "' as an attribute: it is not NAME=VALUE")
          .with_remedy("write enable=FALSE, for example; a name twice gives it two values");
    }
    attributes.add(name, assignment.substr(equals + 1));
  }
  return attributes;
}

Failure nothing_to_write(const TreePath& path, const std::string& what) {
  return misconfigured("write " + printable(path.text()) + ": nothing is to be changed")
      .with_remedy("add " + what + " or --class CLASS");
}

}  // namespace

Done tree_get(Session& session, const std::string& path_text) {
  const auto path = PIGEON_TRY(path_argument(path_text));
  session.out().object(PIGEON_TRY(session.fetch(path)).object);
  return {};
}

Done tree_list(Session& session, const std::string& path_text, bool recursive) {
  const auto path = PIGEON_TRY(path_argument(path_text));
  const auto print = [&](const Object& object) -> Done {
    session.out().line(printable(object.path) + "  " + object.objectclass);
    session.out().value(to_json(object));
    return {};
  };
  if (recursive) return session.walk(path, print);
  std::string after;
  constexpr std::size_t kPage = 500;
  for (;;) {
    const auto page = PIGEON_TRY(PIGEON_TRY(session.tree())->children({path, after, kPage, Session::soon()}));
    if (!page) return not_in_tree(path);
    for (const auto& object : *page) PIGEON_TRY(print(object));
    if (page->size() < kPage) return {};
    after = name_of(page->back());
  }
}

Done tree_add(Session& session, const std::string& path_text, const std::vector<std::string>& classes,
              const std::vector<std::string>& assignments) {
  const auto path = PIGEON_TRY(path_argument(path_text));
  if (path.is_root())
    return misconfigured("add /: the root is there").with_remedy("`pigeonctl init` makes it");
  Object object{.path = path.text(), .objectclass = classes.front()};
  object.auxiliary.assign(classes.begin() + 1, classes.end());
  object.attributes = PIGEON_TRY(attributes_of(assignments));
  object = PIGEON_TRY(PIGEON_TRY(session.schema())->checked(object));
  return session.apply(creation_of(object, path));
}

Done tree_set(Session& session, const std::string& path_text, const std::vector<std::string>& classes,
              const std::vector<std::string>& assignments) {
  const auto path = PIGEON_TRY(path_argument(path_text));
  if (classes.empty() && assignments.empty()) return nothing_to_write(path, "NAME=VALUE");
  auto object = PIGEON_TRY(session.fetch(path)).object;
  Object wanted{.path = object.path, .objectclass = object.objectclass, .auxiliary = object.auxiliary};
  wanted.auxiliary.insert(wanted.auxiliary.end(), classes.begin(), classes.end());
  wanted.attributes = PIGEON_TRY(attributes_of(assignments));
  wanted = PIGEON_TRY(PIGEON_TRY(session.schema())->checked(wanted));
  Update update = {.path = path, .changes = {}, .deadline = Session::soon()};
  for (const auto& name : wanted.auxiliary) update.changes.push_back(Change::add_class(name));
  for (const auto& [name, values] : wanted.attributes) update.changes.push_back(Change::set(name, values));
  return session.apply(update);
}

Done tree_unset(Session& session, const std::string& path_text, const std::vector<std::string>& classes,
                const std::vector<std::string>& names) {
  const auto path = PIGEON_TRY(path_argument(path_text));
  if (classes.empty() && names.empty()) return nothing_to_write(path, "NAME");
  const auto object = PIGEON_TRY(session.fetch(path)).object;
  Update update = {.path = path, .changes = {}, .deadline = Session::soon()};
  for (const auto& name : names) {
    const auto* declared = PIGEON_TRY(session.schema())->attribute_of(object, name);
    if (declared == nullptr && !object.attributes.has(name)) {
      return misconfigured("write " + object.path + ": none of its classes has an attribute '" +
                           printable(name) + "'")
          .with_remedy("see what it has with `pigeonctl tree get " + shell_word(object.path) + "`");
    }
    update.changes.push_back(Change::set(declared == nullptr ? name : std::string(declared->name), Values{}));
  }
  for (const auto& name : classes) update.changes.push_back(Change::remove_class(name));
  return session.apply(update);
}

Done tree_remove(Session& session, const std::string& path_text, bool recursive) {
  const auto path = PIGEON_TRY(path_argument(path_text));
  if (path.is_root()) {
    return misconfigured("remove /: the root cannot be removed")
        .with_remedy("remove what is below it, such as a domain: pigeonctl domain remove DOMAIN");
  }
  std::vector<TreePath> paths;
  if (recursive) {
    PIGEON_TRY(session.walk(path, [&](const Object& object) -> Done {
      paths.push_back(PIGEON_TRY(path_argument(object.path)));
      return {};
    }));
  }
  // What is below goes first.
  std::reverse(paths.begin(), paths.end());
  paths.push_back(path);
  for (const auto& each : paths) {
    PIGEON_TRY(session.apply({.path = each, .changes = {Change::remove()}, .deadline = Session::soon()}));
  }
  return {};
}

}  // namespace pigeon::control
