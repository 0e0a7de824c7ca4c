// SPDX-License-Identifier: MIT
//
// A mailbox of one user, for the unit tests.
#pragma once

#include "maildir.hpp"

#include <pigeon/testing/fake_delivery.hpp>
#include <pigeon/testing/fake_host.hpp>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mda_maildir::testing {

inline pigeon::Deadline soon(std::chrono::seconds time = std::chrono::seconds(10)) {
  return pigeon::Deadline::in(time);
}

// A base directory, and nothing below it.
struct EmptyBase {
  pigeon::testing::TemporaryDirectory directory;
  pigeon::testing::FakeHost host;
  std::unique_ptr<Maildir> mda;
  pigeon::Allocation alice{
      .id = "id-of-alice", .attributes = {{"home", {"d/alice"}}}, .principal = {"d", "alice"}};

  EmptyBase() {
    mda = open();
    REQUIRE(mda->initialize({}, soon()));
  }
  [[nodiscard]] std::unique_ptr<Maildir> open() const {
    const pigeon::Settings settings(
        {{"base", {directory / "base"}}, {"home", {"{domain}/{user}"}}, {"batchFlush", {"filesystem"}}});
    return *Maildir::open(host.host(), settings);
  }
  [[nodiscard]] std::filesystem::path home() const { return directory.path() / "base/d/alice"; }
  [[nodiscard]] std::filesystem::path maildir() const { return home() / "Maildir"; }
  [[nodiscard]] std::filesystem::path own() const { return home() / ".pigeon"; }

  void deliver(std::initializer_list<const pigeon::testing::FakeDelivery*> deliveries) const {
    std::vector<pigeon::Delivery> batch;
    for (const auto* each : deliveries) batch.push_back(each->delivery());
    mda->deliver(batch);
  }
  void deliver(const pigeon::testing::FakeDelivery& delivery) const { deliver({&delivery}); }
  [[nodiscard]] std::vector<std::filesystem::path> files(const std::filesystem::path& where) const {
    std::vector<std::filesystem::path> found;
    if (!std::filesystem::exists(where)) return found;
    for (const auto& entry : std::filesystem::directory_iterator(where)) found.push_back(entry.path());
    return found;
  }
  [[nodiscard]] std::vector<std::filesystem::path> fresh(const std::string& folder = "") const {
    return files(maildir() / folder / "new");
  }
  [[nodiscard]] std::string content(const std::filesystem::path& file) const {
    return directory.read(std::filesystem::relative(file, directory.path()).string());
  }
  [[nodiscard]] std::vector<pigeon::Entry> list(const pigeon::Allocation& allocation) const {
    std::vector<pigeon::Entry> entries;
    REQUIRE(mda->list(allocation, soon(), [&](const pigeon::Entry& entry) {
      entries.push_back(entry);
      return true;
    }));
    return entries;
  }
  [[nodiscard]] std::string read(const pigeon::Allocation& allocation, const std::string& folder,
                                 const std::string& name) const {
    std::string text;
    REQUIRE(mda->read(allocation, folder, name, soon(), [&](std::string_view bytes) {
      text += bytes;
      return true;
    }));
    return text;
  }
  // A Maildir that another program has made, with one message in each of these.
  [[nodiscard]] pigeon::Allocation foreign(const std::map<std::string, std::string>& messages) const {
    for (const auto* part : {"tmp", "new", "cur"})
      std::filesystem::create_directories(directory.path() / "other" / part);
    for (const auto& [path, text] : messages) {
      std::filesystem::create_directories((directory.path() / "other" / path).parent_path());
      directory.write("other/" + path, text);
    }
    return {.id = "", .attributes = {{"home", {directory / "other"}}}};
  }
};

// With the mailbox in it.
struct Fixture : EmptyBase {
  Fixture() { REQUIRE(mda->ensure(alice, soon())); }
};

}  // namespace mda_maildir::testing
