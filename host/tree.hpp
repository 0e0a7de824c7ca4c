// SPDX-License-Identifier: MIT
//
// The tree as the host uses it: an open datatree, with everything that comes back checked. Found, not there
// and could not ask are three types.
#pragma once

#include "host/plugins.hpp"

#include <pigeon/abi/datatree.h>
#include <pigeon/sdk/datatree.hpp>
#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/tree_path.hpp>
#include <pigeon/sdk/tree_words.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pigeon::host {

class Tree {
 public:
  // `datatree` outlives this.
  explicit Tree(Opened& datatree);

  [[nodiscard]] std::string_view name() const { return datatree_->name(); }

  // An object and what is below it, down to `depth` levels. An object that was found under another name than
  // the one that was asked for, to the octet, is not there: no collation may deliver to somebody else.
  Result<std::optional<Slice>> fetch(const Fetch& request);
  Result<std::optional<Objects>> children(const Page& request);
  Result<Applied> apply(const Update& update);
  // All in one where the datatree can; else one after the other, and what went before `failed` is done.
  Result<Applied> apply_all(const std::vector<Update>& updates, std::size_t& failed);
  [[nodiscard]] bool applies_in_one() const { return operations_.apply_all != nullptr; }
  Result<std::optional<Token>> lock(const TreePath& path, nanoseconds lease, Deadline deadline);
  Result<Applied> unlock(const TreePath& path, const Token& token, Deadline deadline);
  Result<std::string> print_schema(const pigeon_schema& schema, const std::string& language);

 private:
  [[nodiscard]] Failure unsupported(const std::string& operation) const;

  Opened* datatree_;
  pigeon_datatree operations_;
};

}  // namespace pigeon::host
