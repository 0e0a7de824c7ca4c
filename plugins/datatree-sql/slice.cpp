// SPDX-License-Identifier: MIT
#include "slice.hpp"

#include <sql-tree/layout.hpp>

#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <array>
#include <span>

namespace datatree_sql {
namespace {

// How many parameters a list has: few lengths, so that few statements are prepared. The last one is repeated.
constexpr std::array<std::size_t, 4> kLengths = {1, 8, 64, 512};
constexpr std::size_t kLongest = kLengths.back();

std::size_t padded(std::size_t size) {
  return *std::find_if(kLengths.begin(), kLengths.end() - 1, [&](auto each) { return each >= size; });
}

std::string list_of(const std::string& parameter, std::size_t size) {
  std::vector<std::string> parameters(padded(size), parameter);
  return "(" + pigeon::join(parameters, ", ") + ")";
}

// Binds one after the other.
class Binding {
 public:
  explicit Binding(sql_tree::Statement& statement) : statement_(statement) { statement_.reset(); }
  template <typename T>
  void bind(const T& value) {
    statement_.bind(index_++, value);
  }
  // As list_of has it.
  template <typename Range>
  void bind_list(const Range& values) {
    const auto size = values.size();
    for (std::size_t index = 0; index < padded(size); ++index) bind(values[std::min(index, size - 1)]);
  }

 private:
  sql_tree::Statement& statement_;
  int index_ = 0;
};

constexpr int kFirstAttribute = 6;
// Joins in one statement, of which a server allows some sixty.
constexpr std::size_t kMostClasses = 40;

}  // namespace

// The places of single objects, and the cursors of levels; before them places of which only the class
// matters.
struct Slice::Question {
  std::vector<Place> witnesses = {};
  std::vector<Place> places = {};
  std::vector<std::string_view> cursors = {};
  std::optional<Part> part = {};
};

std::string Slice::statement_for(const Question& question) const {
  std::string columns = "SELECT l.value, n.value, c.value, t.structural, t.object, t.name";
  std::string tables =
      " FROM strings l JOIN tree t ON t.\"cursor\" = l.id JOIN strings n ON n.id = t.name "
      "JOIN strings c ON c.id = t.class";
  // The same columns, without looking into the tables.
  auto no_tables = tables;
  int number = 0;
  for (const auto& each : met_) {
    const auto table = "a" + std::to_string(number++);
    const auto join = " LEFT JOIN " + sql_tree::class_table(each) + " " + table + " ON ";
    columns += ", " + table + ".*";
    tables += join + table + ".object_id = t.object AND t.structural = 1";
    no_tables += join + table + ".object_id IS NULL";
  }
  const std::string digest = "UNHEX(SHA2(?, 256))";
  const auto is_at = " WHERE l.digest = " + digest + " AND n.digest = " + digest;
  std::vector<std::string> parts(question.witnesses.size(), columns + no_tables + is_at);
  parts.resize(parts.size() + question.places.size(), columns + tables + is_at);
  if (!question.cursors.empty()) {
    auto part = columns + tables + " WHERE l.digest IN " + list_of(digest, question.cursors.size());
    if (question.part) {
      const std::string after = "ifnull((SELECT id FROM strings WHERE digest = " + digest + "), 0)";
      part += " AND t.name > " + after +
              " AND t.name <= (SELECT max(name) FROM (SELECT DISTINCT u.name FROM strings k JOIN tree u ON "
              "u.\"cursor\" = k.id WHERE k.digest = " +
              digest + " AND u.name > " + after + " ORDER BY u.name LIMIT ?) page)";
    }
    parts.push_back(std::move(part));
  }
  return pigeon::join(parts, " UNION ALL ");
}

// The columns of each class's table begin with object_id, which cannot be the name of an attribute.
void Slice::take_row(sql_tree::Statement& row, std::map<Place, Found>& found) const {
  auto& object = found[{row.text(0), row.text(1)}];
  object.object = row.integer(4);
  object.order = row.integer(5);
  const auto name_of_class = row.text(2);
  // An object that was asked for by two of its places comes twice.
  if (object.structural == name_of_class || object.has_auxiliary(name_of_class)) return;
  if (row.integer(3) != 1) {
    object.auxiliary.push_back(name_of_class);
    return;
  }
  object.structural = name_of_class;
  auto objectclass = met_.begin();
  bool is_there = false;
  for (int column = kFirstAttribute; column < row.columns(); ++column) {
    const auto name = row.column_name(column);
    if (name == "object_id") {
      is_there = !row.is_null(column);
      if (is_there) object.with_attributes.insert(*objectclass);
      ++objectclass;
    } else if (is_there && !row.is_null(column)) {
      if (row.column_is_integer(column)) {
        object.keys.emplace_back(row.integer(column), name);
      } else {
        object.attributes.set(name, row.text(column));
      }
    }
  }
}

// False: there are classes that were not met before, or something was changed meanwhile.
Result<bool> Slice::ask_once(const Question& question, std::map<Place, Found>& found) {
  auto* statement = PIGEON_TRY(connection_.prepare(statement_for(question)));
  Binding binding(*statement);
  for (const auto* places : {&question.witnesses, &question.places}) {
    for (const auto& [cursor, name] : *places) {
      binding.bind(std::string_view(cursor));
      binding.bind(std::string_view(name));
    }
  }
  if (!question.cursors.empty()) binding.bind_list(question.cursors);
  if (question.part) {
    const std::string_view after = question.part->after;
    binding.bind(after);
    binding.bind(question.cursors.front());
    binding.bind(after);
    binding.bind(static_cast<std::int64_t>(question.part->limit));
  }
  while (PIGEON_TRY(statement->step())) take_row(*statement, found);
  std::set<std::string> here;
  for (const auto& [place, object] : found) {
    for (const auto& each : object.auxiliary) here.insert(pigeon::fold(each));
    here.insert(pigeon::fold(object.structural));
  }
  // What cannot be the name of a table is found out later.
  std::erase_if(here, [](const auto& each) { return !pigeon::is_key_string(each); });
  if (std::includes(met_.begin(), met_.end(), here.begin(), here.end())) return add_values(found);
  if (met_.size() + here.size() > kMostClasses) met_.clear();
  met_.merge(here);
  return false;
}

std::set<std::string> Slice::classes_of(const std::string& list) {
  std::set<std::string> classes;
  for (const auto each : pigeon::split(list, ',')) {
    if (pigeon::is_key_string(each)) classes.insert(pigeon::fold(each));
  }
  if (classes.size() > kMostClasses) classes.clear();
  return classes;
}

Result<std::map<Slice::Place, Slice::Found>> Slice::ask(const Question& question) {
  for (;;) {
    std::map<Place, Found> found;
    if (PIGEON_TRY(ask_once(question, found))) return found;
    if (deadline_.passed()) {
      return pigeon::failure(PIGEON_TIMEOUT, "read the tree " + connection_.shown() +
                                                 ": it was changed until the time was over");
    }
  }
}

Result<bool> Slice::add_values(std::map<Place, Found>& found) {
  std::vector<std::int64_t> keys;
  std::map<std::int64_t, std::pair<Found*, std::string>> wanted;
  for (auto& [place, object] : found) {
    for (const auto& [key, name] : object.keys) {
      keys.push_back(key);
      wanted[key] = {&object, name};
    }
  }
  for (std::size_t begin = 0; begin < keys.size(); begin += kLongest) {
    const std::span some(keys.data() + begin, std::min(kLongest, keys.size() - begin));
    auto* statement = PIGEON_TRY(connection_.prepare(
        "SELECT \"key\", value FROM multivalues WHERE \"key\" IN " + list_of("?", some.size())));
    Binding(*statement).bind_list(some);
    while (PIGEON_TRY(statement->step())) {
      const auto& [object, name] = wanted[statement->integer(0)];
      if (object != nullptr) object->attributes.add(name, statement->text(1));
    }
  }
  return std::all_of(wanted.begin(), wanted.end(),
                     [](const auto& each) { return each.second.first->attributes.has(each.second.second); });
}

Result<Object> Slice::object_of(const Place& place, const Found& found) const {
  sql_tree::Row row{.name = place.second,
                    .object = found.object,
                    .structural = found.structural,
                    .auxiliary = found.auxiliary};
  const auto path = TreePath::parse(place.first.empty() ? "/" : place.first);
  const bool is_root = place.first.empty();
  if (!row.is_whole() || !path || (!is_root && !TreePath::is_name(place.second))) {
    return sql_tree::damaged(connection_, "an object at " + pigeon::printable(place.first) +
                                              " has no class or name, or one that is none");
  }
  const auto has_none = [&](const auto& each) { return !found.with_attributes.contains(pigeon::fold(each)); };
  const auto classes = row.classes();
  if (std::any_of(classes.begin(), classes.end(), has_none))
    return sql_tree::damaged(connection_, "the attributes of " + row.name + " are missing");
  std::sort(row.auxiliary.begin(), row.auxiliary.end());
  return Object{.path = is_root ? path->text() : path->child(place.second).text(),
                .objectclass = row.structural,
                .auxiliary = row.auxiliary,
                .attributes = found.attributes};
}

Result<std::optional<Objects>> Slice::read(const TreePath& path, bool with_children,
                                           const std::optional<Part>& part) {
  const auto place_of = [](const TreePath& each) -> Place {
    const auto place = sql_tree::place_of(each);
    return {place.cursor, place.name};
  };
  const Place root = place_of(TreePath());
  const Place own = place_of(path);
  const Place parent = path.is_root() ? root : place_of(path.parent());
  const auto cursor = path.text();
  // As many for every object but the root, so that one statement does for all.
  Question question{.places = {own}};
  if (!path.is_root()) question.witnesses = {root, parent};
  if (with_children) question.cursors.emplace_back(cursor);
  question.part = part;
  const auto found = PIGEON_TRY(ask(question));
  const auto at = [&](const Place& place) { return found.find(place); };
  if (at(root) == found.end() || !pigeon::same_name(at(root)->second.structural, pigeon::tree::kRoot))
    return sql_tree::damaged(connection_, "it has no marked root");
  if (at(own) == found.end()) {
    if (at(parent) != found.end()) return std::nullopt;
    return pigeon::unavailable("look for " + path.text() + ": " + path.parent().text() +
                               ", above it, is not there either");
  }
  std::map<std::int64_t, Object> children;
  for (const auto& [place, object] : found) {
    if (place.first == cursor) children.emplace(object.order, PIGEON_TRY(object_of(place, object)));
  }
  Objects objects = {PIGEON_TRY(object_of(own, at(own)->second))};
  for (auto& [order, object] : children) objects.push_back(std::move(object));
  return objects;
}

Result<Objects> Slice::below(const std::vector<TreePath>& paths) {
  Objects objects;
  std::vector<std::string> cursors;
  for (const auto& each : paths) cursors.push_back(each.text());
  for (std::size_t begin = 0; begin < cursors.size(); begin += kLongest) {
    Question question;
    const auto end = std::min(cursors.size(), begin + kLongest);
    question.cursors.assign(cursors.begin() + static_cast<std::ptrdiff_t>(begin),
                            cursors.begin() + static_cast<std::ptrdiff_t>(end));
    for (const auto& [place, object] : PIGEON_TRY(ask(question)))
      objects.push_back(PIGEON_TRY(object_of(place, object)));
  }
  return objects;
}

}  // namespace datatree_sql
