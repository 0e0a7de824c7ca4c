// SPDX-License-Identifier: MIT
//
// What the tests of whole deliveries share: an MDA with its settings, users, and a server that answers.
#pragma once

#include "lmtp.hpp"
#include "scripted_server.hpp"

#include <pigeon/testing/fake_delivery.hpp>
#include <pigeon/testing/fake_host.hpp>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mda_lmtp::testing {

inline pigeon::Allocation user(const std::string& name) {
  return {.id = "id-" + name,
          .attributes = {{"address", {name + "@d.example"}}},
          .principal = {"d.example", name}};
}

struct Fixture {
  pigeon::testing::TemporaryDirectory directory;
  pigeon::testing::FakeHost host;
  pigeon::Attributes settings = {{"server", {"unix:" + (directory / "one")}},
                                 {"recipient", {"{user}@{domain}"}},
                                 {"permanent", {"pass"}},
                                 {"forbidden", {"replace"}},
                                 {"fields", {"TRUE"}},
                                 {"connectTimeout", {"2s"}}};

  [[nodiscard]] std::unique_ptr<mda_lmtp::Lmtp> open() const {
    auto opened = mda_lmtp::Lmtp::open(host.host(), pigeon::Settings(settings));
    REQUIRE(opened);
    return *std::move(opened);
  }
};

inline void deliver(mda_lmtp::Lmtp& mda,
                    std::initializer_list<const pigeon::testing::FakeDelivery*> deliveries) {
  std::vector<pigeon::Delivery> batch;
  for (const auto* each : deliveries) batch.push_back(each->delivery());
  mda.deliver(batch);
}

// As usual, but for commands that begin so.
inline ScriptedServer::Answer but(const std::string& command, const std::optional<std::string>& said) {
  return [=](const std::string& asked) {
    const bool is_it = command.empty() ? asked.empty() : asked.rfind(command, 0) == 0;
    return is_it ? said : ScriptedServer::usual(asked);
  };
}

inline bool is_temporary(const pigeon::testing::FakeDelivery& delivery) {
  return PIGEON_STATUS_RANGE(delivery.status()) == PIGEON_TEMPORARY;
}

}  // namespace mda_lmtp::testing
