// SPDX-License-Identifier: MIT
//
// Moves a tree, or a part of one, out of one database and into another.
#include "host/control/commands.hpp"
#include "host/control/ldif.hpp"

#include <pigeon/sdk/text.hpp>

#include <boost/json/serialize.hpp>

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iostream>

namespace pigeon::control {
namespace {

constexpr std::size_t kImportedAtOnce = 1000;

// What is to be imported: one object after another, each as it stands in the input, and the line it begins
// at.
struct Read {
  Object object;
  std::uint64_t line = 0;
};
using Reader = std::function<Result<std::optional<Read>>()>;

Reader json_lines(std::istream& in) {
  return [&in, number = std::uint64_t{0}]() mutable -> Result<std::optional<Read>> {
    for (std::string line; std::getline(in, line);) {
      ++number;
      if (line.empty()) continue;
      auto object = from_json(line);
      if (!object) return std::move(object).failure().while_doing("line " + std::to_string(number));
      return Read{*std::move(object), number};
    }
    return std::nullopt;
  };
}

// One class of an entry is structural; which, the schema knows.
Result<Object> object_of(LdifEntry entry, const Schema& schema) {
  Object object{.path = entry.path.text(), .objectclass = {}, .attributes = std::move(entry.attributes)};
  for (const auto& name : entry.classes) {
    const auto* declared = schema.find(name);
    if (declared == nullptr || declared->kind != PIGEON_CLASS_STRUCTURAL) {
      object.auxiliary.push_back(name);
    } else if (object.objectclass.empty()) {
      object.objectclass = name;
    } else {
      return misconfigured("both " + object.objectclass + " and " + name + " are structural")
          .with_remedy("let the entry have one of them");
    }
  }
  if (!object.objectclass.empty()) return object;
  return misconfigured("none of the entry's classes (" + printable(join(entry.classes, ", ")) +
                       ") is structural")
      .with_remedy("see `pigeonctl schema json`; install the plugin that declares the class");
}

Reader ldif(std::istream& in, const Schema& schema) {
  return [reader = std::make_shared<LdifReader>(in), &schema]() -> Result<std::optional<Read>> {
    auto entry = PIGEON_TRY(reader->next());
    if (!entry) return std::nullopt;
    const auto line = entry->line;
    auto object = object_of(*std::move(entry), schema);
    if (!object) return std::move(object).failure().while_doing("line " + std::to_string(line));
    return Read{*std::move(object), line};
  };
}

// Objects on their way into the tree, many at once.
class Batch {
 public:
  Batch(host::Tree& tree, bool skip_existing) : tree_(tree), skip_existing_(skip_existing) {}

  Done add(const Read& read, const TreePath& path) {
    updates_.push_back(creation_of(read.object, path));
    lines_.push_back(read.line);
    return updates_.size() < kImportedAtOnce ? Done() : write();
  }
  Done write() {
    while (!updates_.empty()) {
      std::size_t failed = 0;
      const auto applied = tree_.apply_all(updates_, failed);
      if (applied && *applied == Applied::yes) break;
      const auto at = "line " + std::to_string(lines_[failed]);
      const auto path = printable(updates_[failed].path.text());
      if (!applied) return Failure(applied.failure()).while_doing(at);
      if (*applied == Applied::not_there)
        return failure(PIGEON_NOT_THERE, at + ": add " + path + ": there is nothing above it")
            .with_remedy("put what is above it on a line before");
      if (!skip_existing_) {
        return failure(PIGEON_CONFLICT, at + ": add " + path + ": it is there already")
            .with_remedy("add --skip-existing to go on with the others");
      }
      // Of what was written one after the other, what went before stands, and is not to be skipped next time.
      const auto first = tree_.applies_in_one() ? failed : 0;
      written_ += failed - first;
      erase(first, failed + 1);
    }
    written_ += updates_.size();
    updates_.clear();
    lines_.clear();
    progress_.at(written_);
    return {};
  }
  [[nodiscard]] std::uint64_t written() const { return written_; }

 private:
  void erase(std::size_t first, std::size_t last) {
    const auto from = static_cast<std::ptrdiff_t>(first);
    const auto to = static_cast<std::ptrdiff_t>(last);
    updates_.erase(updates_.begin() + from, updates_.begin() + to);
    lines_.erase(lines_.begin() + from, lines_.begin() + to);
  }

  host::Tree& tree_;
  bool skip_existing_;
  Progress progress_{"objects imported"};
  std::vector<Update> updates_;
  std::vector<std::uint64_t> lines_;
  std::uint64_t written_ = 0;
};

}  // namespace

Done tree_export(Session& session, const std::string& path_text, const ExportOptions& options) {
  const auto path = PIGEON_TRY(path_argument(path_text));
  if (!options.base.empty() && !options.ldif)
    return misconfigured("use --base: only entries of LDIF have one").with_remedy("add --ldif");
  Progress progress("objects exported");
  std::uint64_t count = 0;
  const auto print = [&](const Object& object) -> Done {
    std::cout << (options.ldif ? to_ldif(object, options.base)
                               : boost::json::serialize(to_json(object)) + "\n");
    progress.at(++count);
    return {};
  };
  if (options.ldif) std::cout << "version: 1\n\n";
  if (!path.is_root()) PIGEON_TRY(print(PIGEON_TRY(session.fetch(path)).object));
  PIGEON_TRY(session.walk(path, print));
  std::cout.flush();
  if (!std::cout) return temporary("write to standard output: it cannot take what is exported");
  return {};
}

Done tree_import(Session& session, const std::string& file, const ImportOptions& options) {
  const bool is_standard_input = file.empty() || file == "-";
  std::ifstream opened;
  if (!is_standard_input) opened.open(file);
  if (!is_standard_input && !opened) {
    return system_failure("open " + printable(file), errno)
        .with_remedy("see that uid " + std::to_string(::geteuid()) +
                     " may read it, or give it on standard input");
  }
  std::istream& in = is_standard_input ? std::cin : opened;

  const auto* schema = PIGEON_TRY(session.schema());
  const auto next = options.ldif ? ldif(in, *schema) : json_lines(in);
  Batch batch(*PIGEON_TRY(session.tree()), options.skip_existing);
  for (;;) {
    auto read = PIGEON_TRY(next());
    if (!read) break;
    auto object = schema->checked(read->object);
    if (!object) return std::move(object).failure().while_doing("line " + std::to_string(read->line));
    read->object = *std::move(object);
    const auto path = PIGEON_TRY(path_argument(read->object.path));
    if (!path.is_root()) PIGEON_TRY(batch.add(*read, path));
  }
  if (in.bad())
    return temporary("read " + (is_standard_input ? "standard input" : file) + ": the input broke off");
  PIGEON_TRY(batch.write());
  session.out().line(counted(batch.written(), "object", "objects") + " imported");
  session.out().value(boost::json::object{{"imported", batch.written()}});
  return {};
}

}  // namespace pigeon::control
