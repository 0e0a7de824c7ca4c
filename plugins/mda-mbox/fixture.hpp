// SPDX-License-Identifier: MIT
//
// A mailbox of one user, for the unit tests.
#pragma once

#include "hash.hpp"
#include "mbox.hpp"
#include "state.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/testing/fake_delivery.hpp>
#include <pigeon/testing/fake_host.hpp>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <vector>

namespace mda_mbox::testing {

inline const std::string nobody_and_time = "From MAILER-DAEMON TIME\n";

struct Fixture {
  pigeon::testing::TemporaryDirectory directory;
  pigeon::testing::FakeHost host;
  pigeon::Attributes settings{{"home", {"{domain}/{user}"}}, {"quoting", {"mboxrd"}}, {"staleLock", {"30m"}}};
  std::unique_ptr<Mbox> mda;
  pigeon::Allocation alice{
      .id = "id-of-alice", .attributes = {{"home", {"d/alice"}}}, .principal = {"d", "alice"}};

  explicit Fixture(const pigeon::Attributes& more = {}) {
    for (const auto& [name, values] : more) settings.set(name, values);
    settings.set("base", directory / "base");
    open();
    REQUIRE(mda->initialize({}, soon()));
    REQUIRE(mda->ensure(alice, soon()));
  }
  void open() { mda = another(); }
  [[nodiscard]] std::unique_ptr<Mbox> another() const {
    return *Mbox::open(host.host(), pigeon::Settings(settings));
  }
  static pigeon::Deadline soon() { return pigeon::Deadline::in(std::chrono::seconds(10)); }

  [[nodiscard]] std::filesystem::path mbox() const { return directory.path() / "base/d/alice"; }
  [[nodiscard]] std::filesystem::path own() const { return directory.path() / "base/d/.alice.pigeon"; }
  [[nodiscard]] std::string content(const std::string& file) const { return directory.read(file); }
  [[nodiscard]] std::string whole() const { return content("base/d/alice"); }
  // With a word for the time of each message.
  [[nodiscard]] std::string without_times() const {
    return std::regex_replace(whole(), std::regex("(^|\n)(From \\S+) [A-Z][^\n]*"), "$1$2 TIME");
  }
  // In place, as other programs do it.
  void write(const std::string& file, const std::string& text) const {
    std::ofstream(directory.path() / file, std::ios::binary) << text;
  }
  void append(const std::string& file, const std::string& text) const {
    std::ofstream(directory.path() / file, std::ios::binary | std::ios::app) << text;
  }

  void deliver(const std::vector<const pigeon::testing::FakeDelivery*>& deliveries) const {
    std::vector<pigeon::Delivery> batch;
    for (const auto* each : deliveries) batch.push_back(each->delivery());
    mda->deliver(batch);
  }
  [[nodiscard]] std::vector<pigeon::Entry> list(const pigeon::Allocation& of) const {
    std::vector<pigeon::Entry> entries;
    REQUIRE(mda->list(of, soon(), [&](const pigeon::Entry& entry) {
      entries.push_back(entry);
      return true;
    }));
    return entries;
  }
  [[nodiscard]] std::vector<pigeon::Entry> list() const { return list(alice); }
  [[nodiscard]] std::string read(const pigeon::Entry& entry, const pigeon::Allocation& of) const {
    std::string text;
    const auto give = [&](std::string_view bytes) {
      text += bytes;
      return true;
    };
    REQUIRE(mda->read(of, entry.folder, entry.name, soon(), give));
    CHECK(text.size() == entry.bytes);
    return text;
  }
  [[nodiscard]] std::string read(const pigeon::Entry& entry) const { return read(entry, alice); }

  [[nodiscard]] std::map<std::string, std::string> snapshot_of_ledger() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(own())) {
      const auto name = entry.path().filename().string();
      if (pigeon::starts_with(name, "stored.")) files[name] = content("base/d/.alice.pigeon/" + name);
    }
    return files;
  }
  void restore_ledger(const std::map<std::string, std::string>& files) const {
    for (const auto& [name, text] : snapshot_of_ledger()) std::filesystem::remove(own() / name);
    for (const auto& [name, text] : files) write("base/d/.alice.pigeon/" + name, text);
  }
  void let_weeks_pass(int weeks) const {
    for (const auto& [name, text] : snapshot_of_ledger()) {
      const auto week = std::stoi(name.substr(name.find('.') + 1));
      std::filesystem::rename(own() / name, own() / ("stored." + std::to_string(week - weeks)));
    }
  }
  // The state as it is while this is appended to an empty mbox.
  void write_intent(const std::string& before, const std::string& appended) const {
    write("base/d/.alice.pigeon/state", before);
    const auto own_directory = *pigeon::Directory::open(own().string());
    auto state = State::open(*own_directory, "state", false);
    REQUIRE(state);
    REQUIRE(state->load());
    state->intend(0);
    const std::string_view piece = appended;
    REQUIRE(state->announce({&piece, 1}, true));
  }
};

}  // namespace mda_mbox::testing
