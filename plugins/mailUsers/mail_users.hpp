// SPDX-License-Identifier: MIT
//
// mailUsers: finds the user below its own object, and merges the user's modules with the domain's.
#pragma once

#include <pigeon/sdk/module.hpp>
#include <pigeon/sdk/plugin.hpp>

#include <memory>
#include <optional>

namespace mail_users {

class MailUsers {
 public:
  static pigeon::Result<std::unique_ptr<MailUsers>> open(pigeon::Host host, const pigeon::Settings& settings);

  pigeon::Result<pigeon::Outcome> run(pigeon::Run& run);

 private:
  static pigeon::Result<std::optional<pigeon::Slice>> find(pigeon::Run& run);
};

}  // namespace mail_users
