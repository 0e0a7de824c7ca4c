// SPDX-License-Identifier: MIT
#include "tree.hpp"

#include <pigeon/sdk/datatree.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>

namespace {

constexpr std::array kSettings = {
    pigeon::path_of("path", "the file of the tree, on a local file system", PIGEON_DECLARATION_MANDATORY),
    pigeon::time_of("busyTimeout", "how long to wait for another process that has locked the tree", "30s"),
};

constexpr pigeon::About kAbout = {.name = "datatree-sqlite",
                                  .version = PIGEON_PLUGIN_VERSION,
                                  .summary = "keeps the tree in a local file",
                                  .classes = {},
                                  .settings = kSettings};

}  // namespace

PIGEON_DATATREE(datatree_sqlite::Tree, kAbout);
