// SPDX-License-Identifier: MIT
//
// datatree-lines: a tree in a text file that only its administrator writes. A line is an object; the first is
// the root:
//
//   / mailRoot tree=example
//   /example.com mailDomain
//   /example.com/mailUsers mailUsers
//   /example.com/mailUsers/alice mailUser +mda-plainAllocation id=1 ready=TRUE home=example.com/alice
//
// Words are separated by one blank: path, class, "+" and an auxiliary class, name=value. In a value, as in a
// path, "%" and two hexadecimal digits are any byte.
#include <pigeon/sdk/datatree.hpp>
#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/schema.hpp>

using namespace pigeon;  // NOLINT(google-build-using-namespace): all of this file speaks of plugins

class Lines {
 public:
  explicit Lines(std::string file) : file_(std::move(file)) {}
  static Result<std::unique_ptr<Lines>> open(Host /*host*/, const Settings& settings) {
    return std::make_unique<Lines>(settings.text("file"));
  }

  // The object and what is below it, in the order of the file, which must be parents first.
  Result<std::optional<Objects>> fetch(const Fetch& request) {
    return select(request.path, [&](const TreePath& path) {
      return path == request.path ||
             (path.is_below(request.path) && path.depth() <= request.path.depth() + request.depth);
    });
  }

  // The order of the pages is that of the file.
  Result<std::optional<Objects>> children(const Page& request) {
    bool is_behind = request.after.empty();
    std::size_t given = 0;
    return select(request.path, [&](const TreePath& path) {
      if (!path.is_below(request.path) || path.depth() != request.path.depth() + 1) return false;
      const bool was_behind = std::exchange(is_behind, is_behind || path.name() == request.after);
      return was_behind && given++ < request.limit;
    });
  }

 private:
  // "Not there" is said only after the root and the parent were seen in the same reading of the file.
  template <typename Wanted>
  Result<std::optional<Objects>> select(const TreePath& asked, Wanted&& wanted) const {
    Objects selected;
    bool is_there = false;
    bool has_parent = asked.is_root();
    for (auto& object : PIGEON_TRY(read())) {
      const auto path = *TreePath::parse(object.path);
      is_there = is_there || path == asked;
      has_parent = has_parent || path == asked.parent();
      if (wanted(path)) selected.push_back(std::move(object));
    }
    if (is_there) return selected;
    if (has_parent) return std::nullopt;
    return unavailable("look for " + asked.text() + " in " + file_ + ": nor is its parent there");
  }

  // The whole file, or a failure: a part of a tree is none.
  Result<Objects> read() const {
    constexpr std::size_t kLargest = 1U << 20U;
    const auto slash = file_.rfind('/');
    const auto directory = PIGEON_TRY(Directory::open(file_.substr(0, slash + 1)));
    const auto text =
        directory ? PIGEON_TRY(directory->read_file(file_.substr(slash + 1), kLargest)) : std::nullopt;
    if (!text) return unavailable("read " + file_ + ": there is no such file");
    Objects objects;
    for (const auto line : split(*text, '\n')) {
      if (line.empty()) continue;
      auto object = parse(line);
      if (!object || (objects.empty() && !same_name(object->objectclass, tree::kRoot))) {
        return misconfigured("read " + file_ + ": this is not an object of the tree: " + printable(line));
      }
      objects.push_back(*std::move(object));
    }
    // The last line end is there: the file was not cut off.
    if (objects.empty() || text->back() != '\n') return unavailable("read " + file_ + ": it is not whole");
    return objects;
  }

  static std::optional<Object> parse(std::string_view line) {
    const auto words = split(line, ' ');
    const auto path = TreePath::parse(words.front());
    if (!path || words.size() < 2 || !is_key_string(words[1])) return std::nullopt;
    Object object = {.path = path->text(), .objectclass = std::string(words[1])};
    for (const auto word : std::span(words).subspan(2)) {
      if (starts_with(word, "+")) {
        object.auxiliary.emplace_back(word.substr(1));
        continue;
      }
      const auto equal = word.find('=');
      if (equal == std::string_view::npos || !is_key_string(word.substr(0, equal))) return std::nullopt;
      const auto value = TreePath::decode(word.substr(equal + 1));
      if (!value || value->empty() || !is_utf8(*value)) return std::nullopt;
      object.attributes.add(word.substr(0, equal), *value);
    }
    return object;
  }

  std::string file_;
};

constexpr std::array kSettings = {path_of("file", "the file of the tree", PIGEON_DECLARATION_MANDATORY)};
constexpr About kAbout = {.name = "datatree-lines",
                          .version = "1.0",
                          .summary = "reads the tree from a text file",
                          .settings = kSettings};

PIGEON_DATATREE(Lines, kAbout);
