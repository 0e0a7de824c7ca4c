// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

#include <sys/file.h>
#include <sys/random.h>

#include <algorithm>
#include <thread>
#include <utility>

namespace specimen {

Done Tree::initialize(const pigeon_schema& schema, Deadline deadline) {
  const auto above = PIGEON_TRY(open_directory());
  PIGEON_TRY(above.publish(name() + ".lock", ""));
  const auto excluded = PIGEON_TRY(exclude(deadline));
  State state;
  if (PIGEON_TRY(above.has(name()))) {
    state = PIGEON_TRY(read());
  } else {
    state.objects["/"].object = {
        .path = "/", .objectclass = tree::kRoot, .attributes = {{"tree", {PIGEON_TRY(new_token())}}}};
  }
  const auto known = state.classes.size();
  for (const auto* each : std::span(schema.classes, schema.class_count)) {
    Values names;
    for (const auto& attribute : std::span(each->attributes, each->attribute_count))
      names.emplace_back(attribute.name);
    state.classes.emplace(each->name, std::move(names));
  }
  return state.classes.size() == known ? Done() : write(state);
}

Done Tree::check(Deadline /*deadline*/) {
  PIGEON_TRY(read());
  return {};
}

Result<std::optional<Objects>> Tree::fetch(const Fetch& request) {
  const auto state = PIGEON_TRY(read());
  if (!PIGEON_TRY(is_there(state, request.path))) return std::nullopt;
  Objects objects;
  for (const auto& [text, record] : state.objects) {
    const auto path = *TreePath::parse(text);
    const bool wanted = path == request.path ||
                        (path.is_below(request.path) && path.depth() - request.path.depth() <= request.depth);
    if (wanted) objects.push_back(record.object);
  }
  return objects;
}

Result<std::optional<Objects>> Tree::children(const Page& request) {
  const auto state = PIGEON_TRY(read());
  if (!PIGEON_TRY(is_there(state, request.path))) return std::nullopt;
  Objects objects;
  for (const auto& [text, record] : state.objects) {
    const auto path = *TreePath::parse(text);
    if (!path.is_below(request.path) || path.depth() != request.path.depth() + 1) continue;
    const bool is_behind = request.after.empty() || text > request.path.child(request.after).text();
    if (is_behind && objects.size() < request.limit) objects.push_back(record.object);
  }
  return objects;
}

Result<Applied> Tree::apply(const Update& update) {
  std::size_t failed = 0;
  return apply_all({update}, failed);
}

Result<Applied> Tree::apply_all(const std::vector<Update>& updates, std::size_t& failed) {
  if (updates.empty()) return Applied::yes;
  const auto excluded = PIGEON_TRY(exclude(updates.front().deadline));
  auto state = PIGEON_TRY(read());
  for (failed = 0; failed < updates.size(); ++failed) {
    const auto applied = PIGEON_TRY(change(state, updates[failed]));
    if (applied != Applied::yes) return applied;
  }
  PIGEON_TRY(write(state));
  return Applied::yes;
}

Result<std::optional<Token>> Tree::lock(const TreePath& path, nanoseconds lease, Deadline deadline) {
  const auto ours = PIGEON_TRY(new_token());
  std::optional<Token> watched;
  for (auto since = Clock::now();;) {
    {
      const auto excluded = PIGEON_TRY(exclude(deadline));
      auto state = PIGEON_TRY(read());
      if (!PIGEON_TRY(is_there(state, path))) return std::nullopt;
      auto& held = state.objects[path.text()].lock;
      if (watched != held) {
        watched = held;
        since = Clock::now();
      }
      if (held.empty() || Clock::now() - since >= lease) {
        held = ours;
        PIGEON_TRY(write(state));
        return ours;
      }
    }
    if (deadline.passed()) return failure(PIGEON_BUSY, "lock " + path.text() + ": it is held");
    std::this_thread::sleep_for(std::min<nanoseconds>(kPause, deadline.left()));
  }
}

Result<Applied> Tree::unlock(const TreePath& path, const Token& token, Deadline deadline) {
  const auto excluded = PIGEON_TRY(exclude(deadline));
  auto state = PIGEON_TRY(read());
  if (!PIGEON_TRY(is_there(state, path))) return Applied::not_there;
  auto& record = state.objects[path.text()];
  if (!is_held(record, token)) return Applied::conflict;
  record.lock.clear();
  PIGEON_TRY(write(state));
  return Applied::yes;
}

Result<std::string> Tree::print_schema(const pigeon_schema& /*schema*/, std::string_view language) {
  return failure(PIGEON_UNSUPPORTED, "print a schema as " + printable(language) + ": it needs none");
}

Result<bool> Tree::is_there(const State& state, const TreePath& path) {
  if (state.objects.contains(path.text())) return true;
  if (state.objects.contains(path.parent().text())) return false;
  return unavailable("look for " + path.text() + " in " + file_ + ": nor is its parent there");
}

Result<Fd> Tree::exclude(Deadline deadline) {
  const auto directory = PIGEON_TRY(open_directory());
  auto file = PIGEON_TRY(directory.open_file(name() + ".lock"));
  if (!file) return unavailable("lock " + file_ + ": its lock is gone");
  while (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return system_failure("lock " + file_, errno);
    if (deadline.passed()) return failure(PIGEON_BUSY, "lock " + file_ + ": somebody else writes");
    std::this_thread::sleep_for(std::min<nanoseconds>(kPause, deadline.left()));
  }
  return *std::move(file);
}

Result<State> Tree::read() {
  const auto directory = PIGEON_TRY(open_directory());
  const auto text = PIGEON_TRY(directory.read_file(name(), kLargest));
  if (!text) return unavailable("read " + file_ + ": there is no such file");
  return parse(*text, file_);
}

Done Tree::write(const State& state) {
  const auto directory = PIGEON_TRY(open_directory());
  const auto temporary = name() + ".new";
  PIGEON_TRY(directory.remove(temporary));  // of somebody who died
  const auto file = PIGEON_TRY(directory.create_file(temporary));
  if (!file) return pigeon::temporary("create " + directory.below(temporary) + ": it came from nowhere");
  PIGEON_TRY(write_all(*file, spell(state), directory.below(temporary)));
  PIGEON_TRY(flush(*file, directory.below(temporary)));
  PIGEON_TRY(directory.rename(temporary, directory, name()));
  auto flushed = directory.flush();
  if (!flushed) flushed.failure().may_have_happened = true;
  return flushed;
}

Result<Applied> Tree::change(State& state, const Update& update) {
  const auto path = update.path.text();
  if (!update.path.is_root() && !state.objects.contains(update.path.parent().text()))
    return Applied::not_there;
  const bool was_there = state.objects.contains(path);
  const auto no = was_there ? Applied::conflict : Applied::not_there;
  for (const auto& condition : update.preconditions) {
    if (!holds(was_there ? &state.objects[path].object : nullptr, condition)) return no;
  }
  if (update.token && (!was_there || !is_held(state.objects[path], *update.token))) return no;
  for (const auto& each : update.changes) {
    const auto applied = PIGEON_TRY(change_one(state, path, each));
    if (applied != Applied::yes) return applied;
  }
  return Applied::yes;
}

bool Tree::holds(const Object* object, const Precondition& condition) {
  if (condition.kind == PIGEON_IF_OBJECT_ABSENT) return object == nullptr;
  if (object == nullptr) return false;
  if (condition.kind == PIGEON_IF_ATTRIBUTE_ABSENT) return !object->attributes.has(condition.name);
  return condition.kind == PIGEON_IF_ATTRIBUTE_EQUAL &&
         object->attributes.get(condition.name) == condition.value;
}

bool Tree::is_held(const Record& record, const Token& token) {
  return !token.empty() && record.lock == token;
}

Result<Applied> Tree::change_one(State& state, const std::string& path, const Change& change) {
  if (change.kind == PIGEON_CHANGE_CREATE) {
    if (state.objects.contains(path)) return Applied::conflict;
    if (!state.classes.contains(change.name)) return misconfigured("create: no class " + change.name);
    state.objects[path].object = {.path = path, .objectclass = change.name};
    return Applied::yes;
  }
  if (!state.objects.contains(path)) return Applied::not_there;
  auto& object = state.objects[path].object;
  switch (change.kind) {
    case PIGEON_CHANGE_REMOVE:
      return remove(state, path);
    case PIGEON_CHANGE_ADD_CLASS:
      if (!state.classes.contains(change.name)) return misconfigured("add: no class " + change.name);
      if (!object.has_auxiliary(change.name)) object.auxiliary.push_back(change.name);
      return Applied::yes;
    case PIGEON_CHANGE_REMOVE_CLASS:
      for (const auto& each : state.classes[change.name]) object.attributes.erase(each);
      std::erase_if(object.auxiliary, [&](const auto& each) { return same_name(each, change.name); });
      return Applied::yes;
    case PIGEON_CHANGE_SET:
      return set(object, change);
    default:
      return failure(PIGEON_UNSUPPORTED, "a change of kind " + std::to_string(change.kind));
  }
}

Result<Applied> Tree::remove(State& state, const std::string& path) {
  const auto below = state.objects.lower_bound(path + "/");
  const bool has_children = below != state.objects.end() && starts_with(below->first, path + "/");
  if (path == "/" || has_children) return Applied::conflict;
  state.objects.erase(path);
  return Applied::yes;
}

Result<Applied> Tree::set(Object& object, const Change& change) {
  Values values;
  for (const auto& value : change.values) {
    if (value.empty() || !is_utf8(value)) return misconfigured("set: this is no value");
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  }
  object.attributes.set(change.name, std::move(values));
  return Applied::yes;
}

Result<Token> Tree::new_token() {
  std::array<char, 16> bytes = {};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return system_failure("get random bytes", errno);
  Token token;
  for (const char byte : bytes) token += static_cast<char>('a' + (static_cast<unsigned char>(byte) % 26U));
  return token;
}

Result<Directory> Tree::open_directory() {
  auto directory = PIGEON_TRY(Directory::open(file_.substr(0, file_.rfind('/') + 1)));
  if (!directory) return unavailable("read " + file_ + ": its directory is not there");
  return *std::move(directory);
}

}  // namespace specimen
