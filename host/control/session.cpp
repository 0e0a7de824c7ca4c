// SPDX-License-Identifier: MIT
#include "host/control/session.hpp"

#include "host/identity.hpp"

#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/tree_words.hpp>

namespace pigeon::control {
namespace {

constexpr std::size_t kPage = 500;

}  // namespace

Session::Session(const SessionOptions& options)
    : options_(options), trust_(options.trusted), output_(options.json), log_("pigeonctl") {
  log_.configure({.to = "stderr", .format = host::LogFormat::text, .level = PIGEON_LOG_WARNING});
}

Done Session::begin() {
  const auto file =
      options_.configuration_file.empty() ? host::default_configuration_file() : options_.configuration_file;
  configuration_.emplace(PIGEON_TRY(Configuration::read(file, options_.overrides, trust_)));
  return host::become(configuration_->user, configuration_->minimum_uid);
}

Result<Plugins*> Session::plugins() {
  if (!plugins_) plugins_ = PIGEON_TRY(Plugins::of(*configuration_, trust_, log_));
  return plugins_.get();
}

Result<host::Opened*> Session::datatree() {
  return PIGEON_TRY(plugins())->open(PIGEON_KIND_DATATREE, configuration_->datatree);
}

Result<Tree*> Session::tree() {
  if (!tree_) tree_.emplace(*PIGEON_TRY(datatree()));
  return &*tree_;
}

Result<const Schema*> Session::schema() {
  if (!schema_) {
    schema_.emplace(
        PIGEON_TRY(Schema::of(*PIGEON_TRY(plugins()), [&](const Failure& met) { output_.failure(met); })));
  }
  return &*schema_;
}

Deadline Session::soon() {
  return Deadline::in(std::chrono::seconds(30));
}

Result<Slice> Session::fetch(const TreePath& path, unsigned depth) {
  auto found = PIGEON_TRY(PIGEON_TRY(tree())->fetch({path, depth, false, soon()}));
  if (found) return *std::move(found);
  return not_in_tree(path);
}

Done Session::walk(const TreePath& path, const std::function<Done(const Object&)>& visit) {
  std::string after;
  for (;;) {
    const auto page = PIGEON_TRY(PIGEON_TRY(tree())->children({path, after, kPage, soon()}));
    if (!page) return not_in_tree(path);
    for (const auto& object : *page) {
      PIGEON_TRY(visit(object));
      after = name_of(object);
      PIGEON_TRY(walk(path.child(after), visit));
    }
    if (page->size() < kPage) return {};
  }
}

Done Session::apply(const Update& update) {
  const auto applied = PIGEON_TRY(PIGEON_TRY(tree())->apply(update));
  const auto path = printable(update.path.text());
  if (applied == Applied::yes) return {};
  const auto creates = [](const Change& change) { return change.kind == PIGEON_CHANGE_CREATE; };
  const auto removes = [](const Change& change) { return change.kind == PIGEON_CHANGE_REMOVE; };
  const auto& changes = update.changes;
  if (applied == Applied::not_there) {
    if (std::none_of(changes.begin(), changes.end(), creates)) return not_in_tree(update.path);
    return failure(PIGEON_NOT_THERE, "add " + path + ": there is nothing above it")
        .with_remedy("add " + shell_word(update.path.parent().text()) + " first");
  }
  if (std::any_of(changes.begin(), changes.end(), creates)) {
    return failure(PIGEON_CONFLICT, "add " + path + ": it is there already")
        .with_remedy("see it with `pigeonctl tree get " + shell_word(update.path.text()) +
                     "`, change it with `pigeonctl tree set`");
  }
  if (std::any_of(changes.begin(), changes.end(), removes)) {
    return failure(PIGEON_CONFLICT, "remove " + path + ": there are objects below it")
        .with_remedy("add -r to remove them as well");
  }
  return failure(PIGEON_CONFLICT, "write " + path + ": it was changed meanwhile").with_remedy("try again");
}

Failure not_in_tree(const TreePath& path) {
  const auto above = path.is_root() ? path : path.parent();
  return failure(PIGEON_NOT_THERE, "read " + printable(path.text()) + ": there is no such object")
      .with_remedy("see `pigeonctl tree list " + shell_word(above.text()) + "` for what there is");
}

Result<TreePath> path_argument(const std::string& text) {
  if (auto path = TreePath::parse(text)) return *std::move(path);
  return misconfigured("take '" + printable(text) + "' as a path of the tree: it is none")
      .with_remedy(
          "write / and the names from the top, such as /example.com; a / or % in a name as %2F or %25");
}

Update creation_of(const Object& object, const TreePath& path) {
  Update update = {.path = path,
                   .changes = {Change::create(object.objectclass)},
                   .preconditions = {Precondition::object_absent()},
                   .deadline = Session::soon()};
  for (const auto& name : object.auxiliary) update.changes.push_back(Change::add_class(name));
  for (const auto& [name, values] : object.attributes) update.changes.push_back(Change::set(name, values));
  return update;
}

}  // namespace pigeon::control
