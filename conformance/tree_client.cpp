// SPDX-License-Identifier: MIT
#include "conformance/tree_client.hpp"

#include <algorithm>
#include <array>

namespace pigeon::conformance {
namespace {

// The host hands classes over complete, with the attributes that every object has.
constexpr std::array kPlaceAttributes = {
    tree::kEveryObject.at(0),
    tree::kEveryObject.at(1),
    text_of("note", "any text"),
    text_of("other", "any other text"),
    text_of("labels", "any texts", nullptr, PIGEON_DECLARATION_MULTI),
};
constexpr std::array kMarkedAttributes = {
    text_of("mark", "any text"),
    text_of("marks", "any texts", nullptr, PIGEON_DECLARATION_MULTI),
};
constexpr pigeon_class kPlaceClass = structural(kPlace, "what a check puts into the tree", kPlaceAttributes);
constexpr pigeon_class kMarkedClass = auxiliary(kMarked, "what a check adds to it", kMarkedAttributes);
constexpr std::array kClasses = {&tree::kRootClass, &tree::kDomainClass, &tree::kUserClass, &kPlaceClass,
                                 &kMarkedClass};
constexpr pigeon_schema kSchema = {sizeof(pigeon_schema), 0, kClasses.data(), kClasses.size()};

struct Taker {
  Objects* objects;
  std::size_t stop_after;

  static std::uint32_t take(void* context, const pigeon_object* object) noexcept {
    auto& self = *static_cast<Taker*>(context);
    self.objects->push_back(copy(*object));
    return self.objects->size() >= self.stop_after ? 1 : 0;
  }
  [[nodiscard]] pigeon_object_sink sink() { return {sizeof(pigeon_object_sink), 0, this, take}; }
};

template <typename Call>
void answer_into(Reply& reply, Call&& call) {
  auto error = blank_error();
  reply.status = call(&error);
  reply.failure = copy(error, reply.status);
}

}  // namespace

std::string Reply::shown() const {
  switch (status) {
    case PIGEON_OK:
      return "success";
    case PIGEON_NOT_THERE:
      return "\"not there\"";
    case PIGEON_CONFLICT:
      return "a conflict";
    default:
      break;
  }
  constexpr std::array kRanges = {"an unknown answer", "a temporary failure", "a permanent failure",
                                  "a failure by a bug of the plugin"};
  const auto range = status >> 12U;
  const std::string kind = range < kRanges.size() ? kRanges.at(range) : kRanges.front();
  return kind + (failure.detail.empty() ? " (status " + std::to_string(status) + ")" : ": " + failure.detail);
}

Result<TreeClient> TreeClient::open(Trial& trial) {
  auto client = PIGEON_TRY(open_again(trial));
  PIGEON_TRY(client.initialize());
  return client;
}

Result<TreeClient> TreeClient::open_again(Trial& trial) {
  return TreeClient(PIGEON_TRY(trial.open_with(PIGEON_TRY(trial.settings()))));
}

Done TreeClient::initialize() {
  if (descriptor().initialize == nullptr) return {};
  Reply reply;
  answer_into(reply, [&](auto* error) {
    return descriptor().initialize(instance(), &kSchema, soon().value(), error);
  });
  return reply.is_ok() ? Done() : Done(Failure(reply.failure).while_doing("initialize"));
}

Reply TreeClient::fetch(const std::string& path, unsigned depth, Deadline deadline, std::size_t stop_after) {
  Reply reply;
  Taker taker{&reply.objects, stop_after};
  const auto sink = taker.sink();
  const pigeon_fetch request = {
      sizeof request, PIGEON_FETCH_AUTHORITATIVE, deadline.value(), borrow(path), depth, 0};
  answer_into(reply, [&](auto* error) { return operations_.fetch(instance(), &request, &sink, error); });
  return reply;
}

Reply TreeClient::children(const std::string& path, const std::string& after, std::uint32_t limit,
                           Deadline deadline, std::size_t stop_after) {
  Reply reply;
  Taker taker{&reply.objects, stop_after};
  const auto sink = taker.sink();
  const pigeon_page request = {sizeof request, limit, deadline.value(), borrow(path), borrow(after)};
  answer_into(reply, [&](auto* error) { return operations_.children(instance(), &request, &sink, error); });
  return reply;
}

LentUpdate::LentUpdate(const Update& update) : path_(update.path.text()) {
  for (const auto& change : update.changes) {
    const auto& values = values_.emplace_back(change.values);
    changes_.push_back({change.kind, 0, borrow(change.name), values.data(), values.size()});
  }
  for (const auto& each : update.preconditions)
    preconditions_.push_back({each.kind, 0, borrow(each.name), borrow(each.value)});
  if (update.token) token_ = lend_token(*update.token);
  const auto deadline = update.deadline.value() == 0 ? TreeClient::soon() : update.deadline;
  update_ = {sizeof update_,
             0,
             deadline.value(),
             borrow(path_),
             changes_.data(),
             changes_.size(),
             preconditions_.data(),
             preconditions_.size(),
             update.token ? &token_ : nullptr};
}

Reply TreeClient::apply(const Update& update) {
  const LentUpdate lent(update);
  Reply reply;
  answer_into(reply, [&](auto* error) { return operations_.apply(instance(), &lent.get(), error); });
  return reply;
}

Reply TreeClient::apply_all(const std::vector<Update>& updates) {
  std::vector<std::unique_ptr<LentUpdate>> lent;
  std::vector<const pigeon_update*> pointers;
  for (const auto& update : updates)
    pointers.push_back(&lent.emplace_back(std::make_unique<LentUpdate>(update))->get());
  Reply reply;
  answer_into(reply, [&](auto* error) {
    return operations_.apply_all(instance(), pointers.data(), pointers.size(), &reply.failed, error);
  });
  return reply;
}

Reply TreeClient::lock(const std::string& path, nanoseconds lease, Deadline deadline) {
  Reply reply;
  pigeon_token token = {};
  token.size = sizeof token;
  answer_into(reply, [&](auto* error) {
    return operations_.lock(instance(), borrow(path), static_cast<std::uint64_t>(lease.count()),
                            deadline.value(), &token, error);
  });
  reply.token = copy(token);
  return reply;
}

Reply TreeClient::unlock(const std::string& path, const Token& token, Deadline deadline) {
  const auto lent = lend_token(token);
  Reply reply;
  answer_into(reply, [&](auto* error) {
    return operations_.unlock(instance(), borrow(path), &lent, deadline.value(), error);
  });
  return reply;
}

Reply TreeClient::create(const std::string& path, const std::string& note) {
  Update update = {.path = tree_path_of(path), .changes = {Change::create(kPlace)}};
  if (!note.empty()) update.changes.push_back(Change::set("note", note));
  return apply(update);
}

Reply TreeClient::set(const std::string& path, const std::string& name, Values values) {
  return apply({.path = tree_path_of(path), .changes = {Change::set(name, std::move(values))}});
}

std::string TreeClient::value(const std::string& path, const std::string& name) {
  const auto reply = fetch(path);
  if (!reply.is_ok() || reply.objects.empty()) return {};
  return std::string(reply.objects.front().attributes.get(name).value_or(""));
}

Reply TreeClient::all_children(const std::string& path, std::uint32_t limit) {
  Reply all = {.status = PIGEON_OK};
  for (std::string after;;) {
    auto page = children(path, after, limit);
    if (!page.is_ok()) return page;
    all.objects.insert(all.objects.end(), page.objects.begin(), page.objects.end());
    if (page.objects.size() < limit) return all;
    after = tree_path_of(page.objects.back().path).name();
    if (all.objects.size() > 100'000) return {.status = PIGEON_BUG, .failure = temporary("it has no end")};
  }
}

std::string spelled(const Object& object) {
  auto auxiliary = object.auxiliary;
  std::sort(auxiliary.begin(), auxiliary.end());
  std::string text = object.path + " " + object.objectclass;
  for (const auto& name : auxiliary) text += " +" + name;
  for (const auto& [name, values] : object.attributes) {
    auto sorted = values;
    std::sort(sorted.begin(), sorted.end());
    text += " " + fold(name) + "=" + join(sorted, "|");
  }
  return text;
}

std::vector<std::string> paths_of(const Objects& objects) {
  std::vector<std::string> paths;
  for (const auto& object : objects) paths.push_back(object.path);
  return paths;
}

}  // namespace pigeon::conformance
