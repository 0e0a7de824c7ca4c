// SPDX-License-Identifier: MIT
//
// A datatree that keeps every promise, in steps that a mutant can get wrong one at a time.
//
//   {file}         the whole tree; only ever replaced, by a new file under its name (tree_file.hpp)
//   {file}.lock    locked by whoever is about to replace it; lets go when its process dies
//
// An answer comes from one reading of the whole file, so it is one state of the tree. The lock on an object
// is a token that stands in the file, beside the object.
#pragma once

#include "tree_file.hpp"

#include <pigeon/sdk/datatree.hpp>
#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace specimen {

class Tree {
 public:
  Tree(Host host, const Settings& settings) : host_(host), file_(settings.text("file")) {}
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  Tree(Tree&&) = delete;
  Tree& operator=(Tree&&) = delete;
  virtual ~Tree() = default;

  virtual Done initialize(const pigeon_schema& schema, Deadline deadline);
  virtual Done check(Deadline /*deadline*/);

  virtual Result<std::optional<Objects>> fetch(const Fetch& request);

  virtual Result<std::optional<Objects>> children(const Page& request);

  virtual Result<Applied> apply(const Update& update);
  virtual Result<Applied> apply_all(const std::vector<Update>& updates, std::size_t& failed);

  // A holder is overtaken when its token was seen unchanged for a whole lease.
  virtual Result<std::optional<Token>> lock(const TreePath& path, nanoseconds lease, Deadline deadline);
  virtual Result<Applied> unlock(const TreePath& path, const Token& token, Deadline deadline);

  virtual Result<std::string> print_schema(const pigeon_schema& /*schema*/, std::string_view language);

 protected:
  static constexpr auto kPause = std::chrono::milliseconds(5);

  // Found or not there is said only where root and parent are in the same state.
  virtual Result<bool> is_there(const State& state, const TreePath& path);

  // Nothing else replaces the file as long as this is open.
  virtual Result<Fd> exclude(Deadline deadline);

  virtual Result<State> read();
  virtual Done write(const State& state);

  // Changes the state; where the answer is not yes, what has become of it is thrown away.
  virtual Result<Applied> change(State& state, const Update& update);

  virtual bool holds(const Object* object, const Precondition& condition);
  virtual bool is_held(const Record& record, const Token& token);

  virtual Result<Applied> change_one(State& state, const std::string& path, const Change& change);
  virtual Result<Applied> remove(State& state, const std::string& path);
  virtual Result<Applied> set(Object& object, const Change& change);

  virtual Result<Token> new_token();

  Result<Directory> open_directory();
  [[nodiscard]] std::string name() const { return file_.substr(file_.rfind('/') + 1); }

  static constexpr std::size_t kLargest = 64U << 20U;
  Host host_;
  std::string file_;
};

inline constexpr std::array kSettings = {
    path_of("file", "the file of the tree", PIGEON_DECLARATION_MANDATORY)};
inline constexpr About kAbout = {PIGEON_SPECIMEN_NAME, "1.0", "shows what a check looks for", {}, kSettings};

// Opens a mutant, whose steps are those of Tree but for one.
template <typename Mutant>
class Grows : public Tree {
 public:
  using Tree::Tree;
  static Result<std::unique_ptr<Mutant>> open(Host host, const Settings& settings) {
    return std::make_unique<Mutant>(host, settings);
  }
};

}  // namespace specimen
