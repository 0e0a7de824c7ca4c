// SPDX-License-Identifier: MIT
#include "host/loader/library.hpp"

#include "host/testing/trusted_plugins.hpp"

#include <doctest/doctest.h>

#include <pigeon/abi/creator.h>

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

using pigeon::loader::Library;
using pigeon::loader::Trust;
using pigeon::testing::TrustedPlugins;

namespace {

struct Loaded {
  std::string refusal;
  std::string remedy;
  bool was_mapped;
};

Loaded load(const std::string& path, const std::string& name, std::uint32_t kind = PIGEON_KIND_CREATOR) {
  ::unsetenv("PIGEON_TEST_MAPPED");  // NOLINT(concurrency-mt-unsafe)
  const auto library = Library::load({name, path}, kind, Trust());
  const bool was_mapped = std::getenv("PIGEON_TEST_MAPPED") != nullptr;  // NOLINT(concurrency-mt-unsafe)
  if (library) return {"none", "", was_mapped};
  CHECK(PIGEON_STATUS_RANGE(library.failure().status) == PIGEON_TEMPORARY);
  return {library.failure().detail, library.failure().remedy, was_mapped};
}

// Loads a plugin for tests under its own name.
Loaded load(const std::string& name) {
  const TrustedPlugins plugins = {};
  return load(plugins.add(name), name);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a plugin that is as it should be is loaded") {
  const TrustedPlugins plugins = {"creator-good"};
  const auto path = plugins.path() + "/creator-good.so";
  const auto library = Library::load({"creator-good", path}, PIGEON_KIND_CREATOR, Trust());
  REQUIRE(library);
  CHECK((*library)->path() == path);
  CHECK(std::string((*library)->descriptor().name) == "creator-good");
  CHECK((*library)->operations<pigeon_creator>().size == sizeof(pigeon_creator));
}

TEST_CASE("a plugin for another version is refused before anything of it runs, with both versions") {
  const auto major = load("creator-major");
  CHECK(has(major.refusal, "it is built for plugin API 1.2, this host has 0.2"));
  CHECK(has(major.remedy, "install a build of the plugin for plugin API 0"));
  CHECK_FALSE(major.was_mapped);
  const auto minor = load("creator-minor");
  CHECK(has(minor.refusal, "it needs plugin API 0.3, this host has 0.2"));
  CHECK(minor.remedy == "upgrade PigeonDeliver");
  CHECK_FALSE(minor.was_mapped);
}

TEST_CASE("a file without our note never runs") {
  const auto refused = load("creator-no-note");
  CHECK(has(refused.refusal, "it bears no PigeonDeliver note"));
  CHECK_FALSE(refused.was_mapped);
}

TEST_CASE("a plugin of another kind than is wanted, or than its name says, never runs") {
  const auto wanted = [] {
    const TrustedPlugins plugins = {"creator-good"};
    return load(plugins.path() + "/creator-good.so", "creator-good", PIGEON_KIND_MDA);
  }();
  CHECK(has(wanted.refusal, "it says it is a creator, where an MDA is wanted"));
  CHECK_FALSE(wanted.was_mapped);
  const auto named = load("creator-wrong-kind");
  CHECK(has(named.refusal, "it says it is an MDA, where a creator is wanted"));
  CHECK_FALSE(named.was_mapped);
}

TEST_CASE("a plugin under another name than its own is refused, and case does not count") {
  const TrustedPlugins plugins = {};
  const auto other = load(plugins.add("creator-good", "creator-other"), "creator-other");
  CHECK(has(other.refusal, "it calls itself 'creator-good'"));
  CHECK(load(plugins.add("creator-good", "creator-GOOD"), "creator-GOOD").refusal == "none");
}

TEST_CASE("a descriptor that contradicts the note, or lacks what is mandatory, is refused") {
  CHECK(has(load("creator-disagrees").refusal, "its note and its descriptor disagree"));
  CHECK(has(load("creator-short").refusal, "its descriptor is too short"));
  CHECK(has(load("creator-idle").refusal, "its descriptor lacks what is mandatory"));
  CHECK(has(load("creator-no-symbol").refusal, "it does not export pigeon_plugin_v0"));
}

TEST_CASE("a plugin that is cut off is refused in words") {
  const auto whole = std::filesystem::file_size(pigeon::testing::built_plugin("creator-good"));
  // From the end to the front: what is behind the segments is needed by nobody. Each is a file of its own,
  // because what was mapped once stays.
  bool was_refused = false;
  for (auto size = whole; size > 100; size -= std::min<std::uintmax_t>(size, 499)) {
    const TrustedPlugins plugins = {};
    const auto path = plugins.add("creator-good");
    std::filesystem::resize_file(path, size);
    const auto loaded = load(path, "creator-good");
    if (was_refused) CHECK(loaded.refusal != "none");
    was_refused = loaded.refusal != "none";
    if (was_refused) CHECK_FALSE(loaded.remedy.empty());
  }
  CHECK(was_refused);
}

TEST_CASE("a file that others may write, a link and a directory never run") {
  const TrustedPlugins plugins = {"creator-good"};
  const auto path = plugins.path() + "/creator-good.so";
  ::chmod(path.c_str(), 0664);
  CHECK(has(load(path, "creator-good").refusal, "is group-writable"));
  ::chmod(path.c_str(), 0644);
  std::filesystem::create_symlink(path, plugins.path() + "/creator-link.so");
  CHECK(has(load(plugins.path() + "/creator-link.so", "creator-link").refusal, "is a symbolic link"));
  std::filesystem::create_directory(plugins.path() + "/creator-directory.so");
  CHECK(has(load(plugins.path() + "/creator-directory.so", "creator-directory").refusal,
            "is not a regular file"));
}

TEST_CASE("a load that fails can be tried again") {
  const TrustedPlugins plugins = {"creator-good"};
  const auto path = plugins.path() + "/creator-good.so";
  ::setenv("PIGEON_TEST_LOAD_FAILS", "1", 1);  // NOLINT(concurrency-mt-unsafe)
  const auto failed = load(path, "creator-good");
  ::unsetenv("PIGEON_TEST_LOAD_FAILS");  // NOLINT(concurrency-mt-unsafe)
  CHECK(failed.refusal == "load plugin creator-good: x");
  CHECK(load(path, "creator-good").refusal == "none");
}
