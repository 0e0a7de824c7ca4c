// SPDX-License-Identifier: MIT
//
// The command line of pigeon-deliver, with the flags that dovecot-lda has, and the environment where a flag
// is missing.
#pragma once

#include "host/attempt.hpp"

#include <pigeon/sdk/result.hpp>

#include <string>
#include <vector>

namespace pigeon::host {

struct DeliverOptions {
  enum class Action { deliver, help, version };
  Action action = Action::deliver;
  std::string configuration_file;
  std::vector<std::string> overrides;
  std::string trusted;     // see loader::Trust
  std::string input_file;  // empty: standard input
  Request request;
};

// A failure is a mistake in the MTA's set-up, so it is temporary. What was understood is in the options all
// the same: the configuration that they name says where the mistake is logged.
Done parse_deliver_options(int count, char* const* arguments, DeliverOptions& options);

const char* deliver_help();

}  // namespace pigeon::host
