// SPDX-License-Identifier: MIT
//
// mailStore: stores the message, by an MDA, in a mailbox that a creator has allocated.
#pragma once

#include <pigeon/sdk/module.hpp>
#include <pigeon/sdk/plugin.hpp>

#include <memory>
#include <string>
#include <utility>

namespace mail_store {

class MailStore {
 public:
  explicit MailStore(pigeon::Settings settings) : settings_(std::move(settings)) {}
  static pigeon::Result<std::unique_ptr<MailStore>> open(pigeon::Host host, const pigeon::Settings& settings);

  pigeon::Result<pigeon::Outcome> run(pigeon::Run& run);

 private:
  pigeon::Result<std::string> choose_mda(const pigeon::Run& run, const pigeon::Object& object);
  pigeon::Result<std::string> choose_folder(const pigeon::Run& run, const pigeon::Object& object) const;

  pigeon::Settings settings_;
};

}  // namespace mail_store
