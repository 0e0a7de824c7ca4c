// SPDX-License-Identifier: MIT
//
// A tree in a file of its own, and what tests do with a tree.
#pragma once

#include "tree.hpp"

#include <pigeon/sdk/schema.hpp>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace datatree_sqlite::testing {

inline constexpr std::array kUserAttributes = {
    pigeon::text_of("enable", ""), pigeon::text_of("force", ""),
    pigeon::text_of("phone", "", nullptr, PIGEON_DECLARATION_MULTI)};
inline constexpr std::array kAllocationAttributes = {
    pigeon::text_of("id", ""), pigeon::text_of("home", ""),
    pigeon::text_of("address", "", nullptr, PIGEON_DECLARATION_MULTI)};
inline constexpr pigeon_class kUser = pigeon::structural("mailUser", "", kUserAttributes);
inline constexpr pigeon_class kDomain = pigeon::structural("mailDomain", "", kUserAttributes);
inline constexpr pigeon_class kAllocation = pigeon::auxiliary("mda-xAllocation", "", kAllocationAttributes);
inline constexpr std::array kClasses = {&pigeon::tree::kRootClass, &kUser, &kDomain, &kAllocation};
inline constexpr pigeon_schema kSchema = {sizeof(pigeon_schema), 0, kClasses.data(), kClasses.size()};

inline pigeon::Deadline soon() {
  return pigeon::Deadline::in(std::chrono::seconds(10));
}
inline pigeon::TreePath path(const std::string& text) {
  return *pigeon::TreePath::parse(text);
}

struct Embedded {
  pigeon::testing::TemporaryDirectory directory;
  Tree tree{directory / "tree.db", std::chrono::milliseconds(200)};

  Embedded() { REQUIRE(tree.initialize(kSchema, soon())); }
};

template <typename AnyTree>
pigeon::Applied apply(AnyTree& tree, const std::string& where, std::vector<pigeon::Change> changes,
                      std::vector<pigeon::Precondition> preconditions = {},
                      std::optional<pigeon::Token> token = {}) {
  const auto applied =
      tree.apply({path(where), std::move(changes), std::move(preconditions), std::move(token), soon()});
  REQUIRE(applied);
  return *applied;
}

template <typename AnyTree>
void add(AnyTree& tree, const std::string& where, const std::string& objectclass) {
  REQUIRE(apply(tree, where, {pigeon::Change::create(objectclass)}) == pigeon::Applied::yes);
}

template <typename AnyTree>
std::optional<pigeon::Objects> fetch(AnyTree& tree, const std::string& where, unsigned depth = 0) {
  auto found = tree.fetch({path(where), depth, false, soon()});
  REQUIRE(found);
  return *std::move(found);
}

}  // namespace datatree_sqlite::testing
