// SPDX-License-Identifier: MIT
#include "files.hpp"

#include "spread.hpp"

#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <filesystem>

namespace fs = std::filesystem;

using pigeon::Directory;
using pigeon::testing::TemporaryDirectory;

TEST_CASE("a directory is removed with everything in it, and what its links lead to stays") {
  const TemporaryDirectory place;
  fs::create_directories(place.path() / "home/a/b");
  fs::create_directories(place.path() / "other");
  place.write("other/kept", "x");
  place.write("home/a/b/file", "x");
  fs::create_symlink(place.path() / "other", place.path() / "home/a/link");
  const auto home = *std::move(*Directory::open(place / "home"));
  CHECK(mailbox_rules::remove_directory(home, "a"));
  CHECK_FALSE(fs::exists(place.path() / "home/a"));
  CHECK(fs::exists(place.path() / "other/kept"));
  CHECK(mailbox_rules::remove_directory(home, "a"));
}

TEST_CASE("a home goes if it is empty, and stays if it is not, with those above it") {
  const TemporaryDirectory place;
  fs::create_directories(place.path() / "d/alice");
  fs::create_directories(place.path() / "d/bob");
  place.write("d/bob/file", "x");
  const auto base = *std::move(*Directory::open(place.path().string()));
  CHECK(mailbox_rules::remove_home(base, "d/alice"));
  CHECK(mailbox_rules::remove_home(base, "d/bob"));
  CHECK(mailbox_rules::remove_home(base, "nobody/here"));
  CHECK_FALSE(fs::exists(place.path() / "d/alice"));
  CHECK(fs::exists(place.path() / "d/bob/file"));
}

TEST_CASE("a stamp is the id that is in it, and its line end is not") {
  const TemporaryDirectory place;
  fs::create_directories(place.path() / ".own");
  const auto directory = *std::move(*Directory::open(place.path().string()));
  CHECK_FALSE(*mailbox_rules::stamp_of(directory, ".own"));
  place.write(".own/allocation", "id-of-alice\n");
  CHECK(**mailbox_rules::stamp_of(directory, ".own") == "id-of-alice");
}

TEST_CASE("a mailbox is retired for the allocation that the mark names, and for no other") {
  const TemporaryDirectory place;
  const auto own = *std::move(*Directory::open(place.path().string()));
  place.write("retired.a", "");
  const auto retired = mailbox_rules::check_retired(own, {.id = "a", .principal = {"d", "alice"}});
  CHECK_FALSE(retired);
  CHECK(retired.failure().remedy.find("pigeonctl mailbox adopt alice@d") != std::string::npos);
  CHECK(mailbox_rules::check_retired(own, {.id = "b", .principal = {"d", "alice"}}));
}

// The values of the FNV's authors, which are in paths.
static_assert(mailbox_rules::spread("") == 0xcbf29ce484222325);
static_assert(mailbox_rules::spread("a") == 0xaf63dc4c8601ec8c);
static_assert(mailbox_rules::spread("foobar") == 0x85944171f73967e8);
