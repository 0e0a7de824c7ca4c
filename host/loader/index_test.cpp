// SPDX-License-Identifier: MIT
#include "host/loader/index.hpp"

#include <pigeon/abi/plugin.h>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

using pigeon::loader::Index;
using pigeon::loader::kind_of;
using pigeon::loader::Trust;
using pigeon::testing::TemporaryDirectory;

namespace {

std::vector<std::string> names(const Index& index) {
  std::vector<std::string> found;
  for (const auto& [name, entry] : index.entries()) found.push_back(entry.name);
  return found;
}

}  // namespace

TEST_CASE("every file that is called like a plugin is one, and nothing else") {
  const TemporaryDirectory directory;
  for (const auto* name : {"mda-x.so", "mailY.so", "README", "mda-x.so.1", ".so", ".hidden.so", "a b.so",
                           "1st.so", "x_y.so", "mda-x.SO", "-x.so", "üx.so", "new\nline.so", "x..so"}) {
    static_cast<void>(directory.write(name, ""));
  }
  static_cast<void>(directory.write(std::string(64, 'x') + ".so", ""));
  static_cast<void>(directory.write(std::string(63, 'y') + ".so", ""));
  const auto index = Index::of({directory.path().string()}, Trust());
  REQUIRE(index);
  CHECK(names(*index) == std::vector<std::string>{"mailY", "mda-x", std::string(63, 'y')});
}

TEST_CASE("a name is found without case, and only as a whole") {
  const TemporaryDirectory directory;
  static_cast<void>(directory.write("mailThing-x.so", ""));
  const auto index = Index::of({directory.path().string()}, Trust());
  REQUIRE(index);
  REQUIRE(index->find("MAILTHING-X") != nullptr);
  CHECK(index->find("mailthing-x")->path == directory / "mailThing-x.so");
  for (const std::string name : {"mailThing", "mailThing-x.so", "", "../mailThing-x", "."})
    CHECK(index->find(name) == nullptr);
  CHECK(index->find(std::string("mailThing-x\0", 12)) == nullptr);
}

TEST_CASE("two names in one directory that differ in case only are refused: they are one objectclass") {
  const TemporaryDirectory directory;
  static_cast<void>(directory.write("mda-x.so", ""));
  static_cast<void>(directory.write("mda-X.so", ""));
  const auto index = Index::of({directory.path().string()}, Trust());
  REQUIRE_FALSE(index);
  CHECK(index.failure().detail.find("are one name") != std::string::npos);
  CHECK(index.failure().remedy == "remove one of the two files");
}

TEST_CASE("of two directories the first that has a name wins") {
  const TemporaryDirectory first;
  const TemporaryDirectory second;
  static_cast<void>(first.write("mda-x.so", ""));
  static_cast<void>(second.write("mda-X.so", ""));
  static_cast<void>(second.write("mda-y.so", ""));
  const auto index = Index::of({first.path().string(), second.path().string()}, Trust());
  REQUIRE(index);
  CHECK(index->find("mda-x")->path == first / "mda-x.so");
  CHECK(index->find("mda-y")->path == second / "mda-y.so");
  CHECK(index->where() == first.path().string() + ", " + second.path().string());
}

TEST_CASE("a directory that is not there, or that others may write, is refused in words") {
  const TemporaryDirectory directory;
  const auto missing = Index::of({directory / "missing"}, Trust());
  REQUIRE_FALSE(missing);
  CHECK(missing.failure().detail.find(directory / "missing") != std::string::npos);
  CHECK_FALSE(missing.failure().remedy.empty());
  ::chmod(directory.path().c_str(), 0770);
  const auto shared = Index::of({directory.path().string()}, Trust());
  REQUIRE_FALSE(shared);
  CHECK(shared.failure().detail.find("is group-writable") != std::string::npos);
}

TEST_CASE("the kind of a plugin shows in its name") {
  CHECK(kind_of("datatree-x") == PIGEON_KIND_DATATREE);
  CHECK(kind_of("MDA-x") == PIGEON_KIND_MDA);
  CHECK(kind_of("creator-x") == PIGEON_KIND_CREATOR);
  CHECK(kind_of("mailThing") == PIGEON_KIND_MODULE);
  CHECK(kind_of("mda") == PIGEON_KIND_MODULE);
  CHECK(pigeon::loader::kind_name(99) == "plugin of an unknown kind");
  CHECK(pigeon::loader::a_kind(PIGEON_KIND_MDA) == "an MDA");
  CHECK(pigeon::loader::a_kind(PIGEON_KIND_MODULE) == "a module");
}
