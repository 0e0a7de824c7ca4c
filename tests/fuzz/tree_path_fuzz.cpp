// SPDX-License-Identifier: MIT
#include "fuzz.hpp"

#include <pigeon/sdk/tree_path.hpp>

using pigeon::TreePath;
using pigeon::fuzz::require;

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = pigeon::fuzz::text_of(bytes, size);
  if (TreePath::is_name(text)) {
    const auto child = TreePath().child(text);
    require(child.depth() == 1 && child.name() == text, "a name is one name");
    require(TreePath::parse(child.text()) == child, "any name can be spelled");
  }
  const auto path = TreePath::parse(text);
  if (!path) return 0;
  const auto spelled = path->text();
  require(TreePath::parse(spelled) == *path, "the spelling means the path");
  require(TreePath::parse(spelled)->text() == spelled, "there is one canonical spelling");
  for (const auto& name : path->names()) require(TreePath::is_name(name), "names only");
  if (path->is_root()) return 0;
  require(path->is_below(path->parent()) && path->parent().child(path->name()) == *path,
          "a child of its parent");
  return 0;
}
