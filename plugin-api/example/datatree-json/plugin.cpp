// SPDX-License-Identifier: MIT
//
// datatree-json: a tree in a JSON file that only its administrator writes, an array of objects as `pigeonctl
// tree export` prints them, one of which is the root:
//
//   [{"path": "/", "class": "mailRoot", "attributes": {"tree": "example"}},
//    {"path": "/example.com", "class": "mailDomain"},
//    {"path": "/example.com/mailUsers", "class": "mailUsers"},
//    {"path": "/example.com/mailUsers/alice", "class": "mailUser", "auxiliary": ["mda-plainAllocation"],
//     "attributes": {"id": "1", "ready": "TRUE", "home": "example.com/alice"}}]
//
// A value is text, or an array of texts. Whatever else is in the file makes all of it no answer.
#include <pigeon/sdk/datatree.hpp>
#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/schema.hpp>

#include <nlohmann/json.hpp>

#include <map>

using namespace pigeon;  // NOLINT(google-build-using-namespace): all of this file speaks of plugins

// By their paths. So a parent comes before what is below it.
using Tree = std::map<std::string, Object>;

// Takes what the parser reads, piece by piece, and has it stop at the first that does not belong there. So it
// goes no deeper than the tree has levels of JSON, and a name that is there twice is seen. The parser's own
// documents would not do: they allocate memory when they are destroyed, and end the process where there is
// none.
class Reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool start_array(std::size_t /*size*/) override {
    switch (at_) {
      case At::begin:
        return enter(At::list);
      case At::object:
        return key_ == "auxiliary" && enter(At::auxiliary);
      case At::attributes:
        return enter(At::values);
      default:
        return false;
    }
  }
  bool end_array() override {
    switch (at_) {
      case At::list:
        return enter(At::end);
      case At::auxiliary:
        return enter(At::object);
      default:
        return enter(At::attributes);
    }
  }
  bool start_object(std::size_t /*size*/) override {
    if (at_ == At::object) return key_ == "attributes" && enter(At::attributes);
    if (at_ != At::list) return false;
    object_ = {};
    return enter(At::object);
  }
  bool end_object() override {
    if (at_ == At::attributes) return enter(At::object);
    const auto path = object_.path;
    return !path.empty() && !object_.objectclass.empty() && tree_.emplace(path, std::move(object_)).second &&
           enter(At::list);
  }

  // A name that is given twice has two meanings.
  bool key(std::string& name) override {
    key_ = name;
    if (at_ == At::object) return true;
    return is_key_string(name) && !object_.attributes.has(name);
  }
  bool string(std::string& text) override {
    switch (at_) {
      case At::object:
        return key_ == "path" ? take_path(text) : key_ == "class" && take_class(text);
      case At::auxiliary:
        object_.auxiliary.push_back(text);
        return is_key_string(text);
      case At::attributes:
      case At::values:
        object_.attributes.add(key_, text);
        return !text.empty();
      default:
        return false;
    }
  }

  bool null() override { return false; }
  bool boolean(bool /*value*/) override { return false; }
  bool number_integer(std::int64_t /*value*/) override { return false; }
  bool number_unsigned(std::uint64_t /*value*/) override { return false; }
  bool number_float(double /*value*/, const std::string& /*text*/) override { return false; }
  bool binary(binary_t& /*value*/) override { return false; }
  bool parse_error(std::size_t byte, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*exception*/) override {
    broken_at_ = byte;
    return false;
  }

  // What was read, and where reading ended.
  [[nodiscard]] Tree take() && { return std::move(tree_); }
  [[nodiscard]] std::string where() const {
    if (broken_at_ > 0) return "this is not JSON, at byte " + std::to_string(broken_at_);
    return "this is not an object of the tree: the one after " + std::to_string(tree_.size()) +
           " others, at its \"" + printable(key_) + "\"";
  }

 private:
  enum class At { begin, list, object, auxiliary, attributes, values, end };

  bool enter(At at) {
    at_ = at;
    return true;
  }
  bool take_path(const std::string& text) {
    const auto path = TreePath::parse(text);
    if (!path || !object_.path.empty()) return false;
    object_.path = path->text();
    return true;
  }
  bool take_class(const std::string& text) {
    if (!is_key_string(text) || !object_.objectclass.empty()) return false;
    object_.objectclass = text;
    return true;
  }

  At at_ = At::begin;
  std::string key_;
  Object object_;
  Tree tree_;
  std::size_t broken_at_ = 0;
};

class Json {
 public:
  explicit Json(std::string file) : file_(std::move(file)) {}
  static Result<std::unique_ptr<Json>> open(Host /*host*/, const Settings& settings) {
    return std::make_unique<Json>(settings.text("file"));
  }

  Result<std::optional<Objects>> fetch(const Fetch& request) {
    return select(request.path, [&](const TreePath& path) {
      return path == request.path ||
             (path.is_below(request.path) && path.depth() <= request.path.depth() + request.depth);
    });
  }

  // The order of the pages is that of the names.
  Result<std::optional<Objects>> children(const Page& request) {
    const auto behind = request.path.child(request.after).text();
    std::size_t given = 0;
    return select(request.path, [&](const TreePath& path) {
      const bool is_child = path.is_below(request.path) && path.depth() == request.path.depth() + 1;
      return is_child && (request.after.empty() || path.text() > behind) && given++ < request.limit;
    });
  }

 private:
  // "Not there" is said only after the root and the parent were seen in the same reading of the file.
  template <typename Wanted>
  Result<std::optional<Objects>> select(const TreePath& asked, Wanted&& wanted) const {
    auto tree = PIGEON_TRY(read());
    if (!tree.contains(asked.text())) {
      if (tree.contains(asked.parent().text())) return std::nullopt;
      return unavailable("look for " + asked.text() + " in " + file_ + ": nor is its parent there");
    }
    Objects selected;
    for (auto& [path, object] : tree) {
      if (wanted(*TreePath::parse(path))) selected.push_back(std::move(object));
    }
    return selected;
  }

  // The whole file, or a failure: a part of a tree is none.
  Result<Tree> read() const {
    constexpr std::size_t kLargest = 1U << 20U;
    const auto slash = file_.rfind('/');
    const auto directory = PIGEON_TRY(Directory::open(file_.substr(0, slash + 1)));
    const auto text =
        directory ? PIGEON_TRY(directory->read_file(file_.substr(slash + 1), kLargest)) : std::nullopt;
    if (!text) return unavailable("read " + file_ + ": there is no such file");
    Reader reader;
    if (!nlohmann::json::sax_parse(*text, &reader)) {
      return misconfigured("read " + file_ + ": " + reader.where());
    }
    auto tree = std::move(reader).take();
    const auto root = tree.find("/");
    if (root == tree.end() || !same_name(root->second.objectclass, tree::kRoot)) {
      return misconfigured("read " + file_ + ": no root of a tree is in it");
    }
    for (const auto& [path, object] : tree) {
      if (path != "/" && !tree.contains(TreePath::parse(path)->parent().text())) {
        return misconfigured("read " + file_ + ": " + path + " is in it, and its parent is not");
      }
    }
    return tree;
  }

  std::string file_;
};

constexpr std::array kSettings = {path_of("file", "the file of the tree", PIGEON_DECLARATION_MANDATORY)};
constexpr About kAbout = {.name = "datatree-json",
                          .version = "1.0",
                          .summary = "reads the tree from a JSON file",
                          .settings = kSettings};

PIGEON_DATATREE(Json, kAbout);
