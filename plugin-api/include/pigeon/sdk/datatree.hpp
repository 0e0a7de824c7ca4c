// SPDX-License-Identifier: MIT
//
// A datatree in C++: a class with
//
//   Result<std::optional<Objects>> fetch(const Fetch&)       the object, then what is below it, parents first
//
// and, of these, what it can:
//
//   Result<std::optional<Objects>> children(const Page&)
//   Result<Applied> apply(const Update&)
//   Result<Applied> apply_all(const std::vector<Update>&, std::size_t& failed)
//   Result<std::optional<Token>> lock(const TreePath&, nanoseconds lease, Deadline)
//   Result<Applied> unlock(const TreePath&, const Token&, Deadline)                         if it has lock
//   Result<std::string> print_schema(const pigeon_schema&, std::string_view language)
//
// and what plugin.hpp says of every instance; then PIGEON_DATATREE(Class, kAbout). The promises that each of
// these must keep are in pigeon/abi/datatree.h.
#pragma once

#include <pigeon/abi/datatree.h>
#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/plugin.hpp>
#include <pigeon/sdk/tree_path.hpp>

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pigeon::inline v0 {

using Objects = std::vector<Object>;
using Token = std::string;

struct Fetch {
  TreePath path;
  unsigned depth = 0;
  bool authoritative = false;
  Deadline deadline;
};

struct Page {
  TreePath path;
  std::string after;
  std::size_t limit;
  Deadline deadline;
};

struct Change {
  std::uint32_t kind;
  std::string name = {};
  Values values = {};

  static Change create(std::string_view objectclass) {
    return {PIGEON_CHANGE_CREATE, std::string(objectclass)};
  }
  static Change remove() { return {PIGEON_CHANGE_REMOVE}; }
  static Change add_class(std::string_view name) { return {PIGEON_CHANGE_ADD_CLASS, std::string(name)}; }
  static Change remove_class(std::string_view name) {
    return {PIGEON_CHANGE_REMOVE_CLASS, std::string(name)};
  }
  static Change set(std::string_view name, Values values) {
    return {PIGEON_CHANGE_SET, std::string(name), std::move(values)};
  }
  static Change set(std::string_view name, std::string_view value) {
    return set(name, Values{std::string(value)});
  }
};

struct Precondition {
  std::uint32_t kind;
  std::string name = {};
  std::string value = {};

  static Precondition object_absent() { return {PIGEON_IF_OBJECT_ABSENT}; }
  static Precondition absent(std::string_view name) {
    return {PIGEON_IF_ATTRIBUTE_ABSENT, std::string(name)};
  }
  static Precondition equal(std::string_view name, std::string_view value) {
    return {PIGEON_IF_ATTRIBUTE_EQUAL, std::string(name), std::string(value)};
  }
};

struct Update {
  TreePath path;
  std::vector<Change> changes;
  std::vector<Precondition> preconditions = {};
  std::optional<Token> token = {};
  Deadline deadline;
};

enum class Applied { yes, conflict, not_there };

inline pigeon_token lend_token(const Token& token) {
  pigeon_token lent = {};
  lent.size = sizeof lent;
  lent.length = static_cast<std::uint32_t>(std::min(token.size(), sizeof lent.bytes));
  std::memcpy(lent.bytes, token.data(), lent.length);
  return lent;
}
inline Token copy(const pigeon_token& token) {
  return {token.bytes, std::min<std::size_t>(token.length, sizeof token.bytes)};
}

// Takes what a datatree gives, and knows whether it is all of it.
class Collector {
 public:
  explicit Collector(std::size_t most) : most_(most) {}

  // Valid as long as this is.
  [[nodiscard]] const pigeon_object_sink* sink() const { return &sink_; }
  // What was given; a failure if it was more than could be taken, because a part is no answer.
  [[nodiscard]] Result<Objects> take() && {
    if (full_) return unavailable("the answer has more than " + std::to_string(most_) + " objects");
    return std::move(objects_);
  }

 private:
  static std::uint32_t collect(void* context, const pigeon_object* object) noexcept {
    auto& self = *static_cast<Collector*>(context);
    try {
      self.full_ = self.objects_.size() == self.most_;
      if (!self.full_) self.objects_.push_back(copy(*object));
    } catch (...) {
      self.full_ = true;
    }
    return self.full_ ? 1 : 0;
  }

  std::size_t most_;
  Objects objects_;
  bool full_ = false;
  pigeon_object_sink sink_ = {sizeof(pigeon_object_sink), 0, this, collect};
};

// The first object and the others, which are below it.
inline Result<Slice> slice_of(Objects objects) {
  if (objects.empty()) return unavailable("an answer without an object");
  Slice slice{.object = std::move(objects.front())};
  slice.children.assign(std::make_move_iterator(objects.begin() + 1), std::make_move_iterator(objects.end()));
  return slice;
}

template <typename T>
struct DatatreeOperations {
  static T& of(void* instance) { return Instance<T>::of(instance); }

  static Result<TreePath> path_of(pigeon_string text) {
    if (auto path = TreePath::parse(view(text))) return *std::move(path);
    return failure(PIGEON_BUG, "'" + printable(view(text)) + "' is not a path of the tree");
  }

  static pigeon_status give(const Result<std::optional<Objects>>& found, const pigeon_object_sink* sink,
                            pigeon_error* error) {
    if (!found) return report(found.failure(), error);
    if (!*found) return PIGEON_NOT_THERE;
    for (const auto& object : **found) {
      if (sink->object(sink->context, &LentObject(object).get()) != 0) break;
    }
    return PIGEON_OK;
  }
  static pigeon_status answer_applied(const Result<Applied>& applied, pigeon_error* error) {
    if (!applied) return report(applied.failure(), error);
    if (*applied == Applied::conflict) return PIGEON_CONFLICT;
    return *applied == Applied::not_there ? PIGEON_NOT_THERE : PIGEON_OK;
  }

  static pigeon_status fetch(void* instance, const pigeon_fetch* request, const pigeon_object_sink* sink,
                             pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      auto path = path_of(request->path);
      if (!path) return report(path.failure(), error);
      const Fetch asked = {*std::move(path), request->depth,
                           (request->flags & PIGEON_FETCH_AUTHORITATIVE) != 0, Deadline(request->deadline)};
      return give(of(instance).fetch(asked), sink, error);
    });
  }

  static pigeon_status children(void* instance, const pigeon_page* request, const pigeon_object_sink* sink,
                                pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      auto path = path_of(request->path);
      if (!path) return report(path.failure(), error);
      const Page asked = {*std::move(path), copy(request->after), request->limit,
                          Deadline(request->deadline)};
      return give(of(instance).children(asked), sink, error);
    });
  }

  static Result<Update> update_of(const pigeon_update& request) {
    Update update = {
        .path = PIGEON_TRY(path_of(request.path)), .changes = {}, .deadline = Deadline(request.deadline)};
    for (const auto& change : std::span(request.changes, request.change_count)) {
      Values values;
      for (const auto& value : std::span(change.values, change.value_count)) values.push_back(copy(value));
      update.changes.push_back({change.kind, copy(change.name), std::move(values)});
    }
    for (const auto& condition : std::span(request.preconditions, request.precondition_count)) {
      update.preconditions.push_back({condition.kind, copy(condition.name), copy(condition.value)});
    }
    if (request.token != nullptr) update.token = copy(*request.token);
    return update;
  }

  static pigeon_status apply(void* instance, const pigeon_update* request, pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      const auto update = update_of(*request);
      if (!update) return report(update.failure(), error);
      return answer_applied(of(instance).apply(*update), error);
    });
  }

  static pigeon_status apply_all(void* instance, const pigeon_update* const* requests, std::size_t count,
                                 std::size_t* failed, pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      std::vector<Update> updates;
      for (const auto* request : std::span(requests, count)) {
        *failed = updates.size();
        auto update = update_of(*request);
        if (!update) return report(update.failure(), error);
        updates.push_back(*std::move(update));
      }
      return answer_applied(of(instance).apply_all(updates, *failed), error);
    });
  }

  static pigeon_status lock(void* instance, pigeon_string path_text, std::uint64_t lease,
                            std::uint64_t deadline, pigeon_token* token, pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      auto path = path_of(path_text);
      if (!path) return report(path.failure(), error);
      const auto locked = of(instance).lock(*path, nanoseconds(lease), Deadline(deadline));
      if (!locked) return report(locked.failure(), error);
      if (!*locked) return PIGEON_NOT_THERE;
      *token = lend_token(**locked);
      return PIGEON_OK;
    });
  }

  static pigeon_status unlock(void* instance, pigeon_string path_text, const pigeon_token* token,
                              std::uint64_t deadline, pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      auto path = path_of(path_text);
      if (!path) return report(path.failure(), error);
      return answer_applied(of(instance).unlock(*path, copy(*token), Deadline(deadline)), error);
    });
  }

  static pigeon_status print_schema(void* instance, const pigeon_schema* schema, pigeon_string language,
                                    const pigeon_text_sink* sink, pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      const auto printed = of(instance).print_schema(*schema, view(language));
      if (!printed) return report(printed.failure(), error);
      sink->text(sink->context, borrow(*printed));
      return PIGEON_OK;
    });
  }

  static constexpr pigeon_datatree table() {
    pigeon_datatree operations = {};
    operations.size = sizeof operations;
    operations.fetch = fetch;
    if constexpr (requires(T t, const Page& page) { t.children(page); }) {
      operations.capabilities |= PIGEON_DATATREE_CHILDREN;
      operations.children = children;
    }
    if constexpr (requires(T t, const Update& update) { t.apply(update); }) {
      operations.capabilities |= PIGEON_DATATREE_APPLY;
      operations.apply = apply;
    }
    if constexpr (requires(T t, const std::vector<Update>& updates, std::size_t& failed) {
                    t.apply_all(updates, failed);
                  }) {
      operations.capabilities |= PIGEON_DATATREE_APPLY_ALL;
      operations.apply_all = apply_all;
    }
    if constexpr (requires(T t, const TreePath& path, Deadline d) { t.lock(path, nanoseconds(0), d); }) {
      operations.capabilities |= PIGEON_DATATREE_LOCK;
      operations.lock = lock;
      operations.unlock = unlock;
    }
    if constexpr (requires(T t, const pigeon_schema& schema) {
                    t.print_schema(schema, std::string_view());
                  }) {
      operations.capabilities |= PIGEON_DATATREE_PRINT_SCHEMA;
      operations.print_schema = print_schema;
    }
    return operations;
  }
};

}  // namespace pigeon::inline v0

#define PIGEON_DATATREE(type_, about_)                                                                      \
  static constexpr pigeon_datatree pigeon_plugin_operations = ::pigeon::DatatreeOperations<type_>::table(); \
  PIGEON_PLUGIN(PIGEON_KIND_DATATREE, type_, pigeon_plugin_operations, about_)
