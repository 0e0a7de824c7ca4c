// SPDX-License-Identifier: MIT
#include "host/tree.hpp"

#include "host/supervisor.hpp"

#include <set>
#include <string>

namespace pigeon::host {
namespace {

// More objects than any level that is read as a whole should have: users are read one by one, or in pages.
constexpr std::size_t kMostInSlice = 10'000;

Result<Applied> applied(pigeon_status status, const pigeon_error& error) {
  switch (status) {
    case PIGEON_OK:
      return Applied::yes;
    case PIGEON_CONFLICT:
      return Applied::conflict;
    case PIGEON_NOT_THERE:
      return Applied::not_there;
    default:
      return copy(error, status);
  }
}

// What a datatree gave is hostile until it was looked at: paths that are none, objects from elsewhere, two of
// one name.
Done check_below(const Objects& objects, const TreePath& top, unsigned depth, const TreePath& asked) {
  std::set<std::string> names;
  for (const auto& object : objects) {
    // An alias stands where it was found, and what it leads to anywhere in the tree.
    const auto path = TreePath::parse(object.alias.empty() ? object.path : object.alias);
    const auto wrong = [&](const std::string& how) {
      return unavailable("the tree answers '" + printable(object.path) + "'" + how +
                         " when asked for what is below " + asked.text());
    };
    if (!path || !TreePath::parse(object.path) || !path->is_below(top) ||
        path->depth() - top.depth() > depth || !is_key_string(object.objectclass)) {
      return wrong("");
    }
    if (!names.insert(path->text()).second) return wrong(" twice");
  }
  return {};
}

Done check_slice(const Slice& slice, const TreePath& asked, unsigned depth) {
  const auto top = TreePath::parse(slice.object.path);
  if (!top || !is_key_string(slice.object.objectclass))
    return unavailable("the tree answers with the path '" + printable(slice.object.path) + "'");
  return check_below(slice.children, *top, depth, asked);
}

}  // namespace

Tree::Tree(Opened& datatree) : datatree_(&datatree), operations_(datatree.operations<pigeon_datatree>()) {}

Failure Tree::unsupported(const std::string& operation) const {
  return failure(PIGEON_UNSUPPORTED, operation + ": the datatree " + std::string(name()) + " cannot do this")
      .with_remedy("use a datatree that can, see `pigeonctl plugin list`");
}

Result<std::optional<Slice>> Tree::fetch(const Fetch& request) {
  if (operations_.fetch == nullptr) return unsupported("read " + request.path.text());
  const auto path = request.path.text();
  const pigeon_fetch asked = {sizeof asked,
                              request.authoritative ? PIGEON_FETCH_AUTHORITATIVE : 0,
                              request.deadline.value(),
                              borrow(path),
                              request.depth,
                              0};
  Collector found(kMostInSlice);
  auto error = blank_error();
  const InPlugin mark(name(), "fetch");
  const auto status = operations_.fetch(datatree_->instance(), &asked, found.sink(), &error);
  if (status == PIGEON_NOT_THERE) return std::nullopt;
  if (status != PIGEON_OK) return copy(error, status).while_doing("read " + path);
  auto objects = PIGEON_TRY(std::move(found).take());
  auto slice = PIGEON_TRY(slice_of(std::move(objects)));
  PIGEON_TRY(check_slice(slice, request.path, request.depth));
  const auto found_as = TreePath::parse(slice.object.alias.empty() ? slice.object.path : slice.object.alias);
  if (!found_as || *found_as != request.path) return std::nullopt;
  return slice;
}

Result<std::optional<Objects>> Tree::children(const Page& request) {
  if (operations_.children == nullptr) return unsupported("list " + request.path.text());
  const auto path = request.path.text();
  const pigeon_page asked = {sizeof asked, static_cast<std::uint32_t>(request.limit),
                             request.deadline.value(), borrow(path), borrow(request.after)};
  Collector found(request.limit);
  auto error = blank_error();
  const InPlugin mark(name(), "children");
  const auto status = operations_.children(datatree_->instance(), &asked, found.sink(), &error);
  if (status == PIGEON_NOT_THERE) return std::nullopt;
  if (status != PIGEON_OK) return copy(error, status).while_doing("list " + path);
  auto objects = PIGEON_TRY(std::move(found).take());
  PIGEON_TRY(check_below(objects, request.path, 1, request.path));
  return objects;
}

// One update as C sees it. Keeps the arrays; the texts stay the update's, who must outlive it.
class LentUpdate {
 public:
  explicit LentUpdate(const Update& update)
      : path_(update.path.text()), token_(lend_token(update.token.value_or(""))) {
    values_.reserve(update.changes.size());
    for (const auto& change : update.changes) {
      const auto& lent = values_.emplace_back(change.values);
      changes_.push_back({change.kind, 0, borrow(change.name), lent.data(), lent.size()});
    }
    for (const auto& condition : update.preconditions) {
      preconditions_.push_back({condition.kind, 0, borrow(condition.name), borrow(condition.value)});
    }
    update_ = {sizeof update_,
               0,
               update.deadline.value(),
               borrow(path_),
               changes_.data(),
               changes_.size(),
               preconditions_.data(),
               preconditions_.size(),
               update.token ? &token_ : nullptr};
  }
  LentUpdate(const LentUpdate&) = delete;
  LentUpdate& operator=(const LentUpdate&) = delete;
  LentUpdate(LentUpdate&&) = delete;
  LentUpdate& operator=(LentUpdate&&) = delete;
  ~LentUpdate() = default;

  [[nodiscard]] const pigeon_update& get() const { return update_; }

 private:
  std::string path_;
  pigeon_token token_;
  std::vector<LentStrings> values_;
  std::vector<pigeon_change> changes_;
  std::vector<pigeon_precondition> preconditions_;
  pigeon_update update_ = {};
};

Result<Applied> Tree::apply(const Update& update) {
  if (operations_.apply == nullptr) return unsupported("write " + update.path.text());
  const LentUpdate asked(update);
  auto error = blank_error();
  const InPlugin mark(name(), "apply");
  auto result = applied(operations_.apply(datatree_->instance(), &asked.get(), &error), error);
  if (!result) return std::move(result).failure().while_doing("write " + update.path.text());
  return result;
}

Result<Applied> Tree::apply_all(const std::vector<Update>& updates, std::size_t& failed) {
  failed = 0;
  if (operations_.apply_all == nullptr) {
    for (; failed < updates.size(); ++failed) {
      const auto result = PIGEON_TRY(apply(updates[failed]));
      if (result != Applied::yes) return result;
    }
    return Applied::yes;
  }
  std::vector<std::unique_ptr<LentUpdate>> lent;
  std::vector<const pigeon_update*> asked;
  for (const auto& update : updates)
    asked.push_back(&lent.emplace_back(std::make_unique<LentUpdate>(update))->get());
  auto error = blank_error();
  const InPlugin mark(name(), "apply_all");
  auto result = applied(
      operations_.apply_all(datatree_->instance(), asked.data(), asked.size(), &failed, &error), error);
  const bool is_named = failed < updates.size();
  if (!is_named) failed = 0;
  if (result && *result != Applied::yes && !is_named) {
    return failure(PIGEON_BUG, "an update was refused, and the plugin named none that it was given");
  }
  return result;
}

Result<std::optional<Token>> Tree::lock(const TreePath& path, nanoseconds lease, Deadline deadline) {
  if (operations_.lock == nullptr) return unsupported("lock " + path.text());
  const auto text = path.text();
  pigeon_token token = {};
  token.size = sizeof token;
  auto error = blank_error();
  const InPlugin mark(name(), "lock");
  const auto status =
      operations_.lock(datatree_->instance(), borrow(text), static_cast<std::uint64_t>(lease.count()),
                       deadline.value(), &token, &error);
  if (status == PIGEON_NOT_THERE) return std::nullopt;
  if (status != PIGEON_OK) return copy(error, status).while_doing("lock " + text);
  return copy(token);
}

Result<Applied> Tree::unlock(const TreePath& path, const Token& token, Deadline deadline) {
  if (operations_.unlock == nullptr) return unsupported("unlock " + path.text());
  const auto text = path.text();
  const auto lent = lend_token(token);
  auto error = blank_error();
  const InPlugin mark(name(), "unlock");
  const auto status =
      operations_.unlock(datatree_->instance(), borrow(text), &lent, deadline.value(), &error);
  return applied(status, error);
}

Result<std::string> Tree::print_schema(const pigeon_schema& schema, const std::string& language) {
  if (operations_.print_schema == nullptr) return unsupported("print the schema");
  std::string text;
  const pigeon_text_sink sink = {sizeof sink, 0, &text, [](void* context, pigeon_string part) noexcept {
                                   static_cast<std::string*>(context)->append(part.data, part.size);
                                 }};
  auto error = blank_error();
  const InPlugin mark(name(), "print_schema");
  const auto status =
      operations_.print_schema(datatree_->instance(), &schema, borrow(language), &sink, &error);
  if (status != PIGEON_OK) return copy(error, status);
  return text;
}

}  // namespace pigeon::host
