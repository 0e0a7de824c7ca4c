// SPDX-License-Identifier: MIT
//
// One attempt to deliver one message to one recipient: what came from the MTA, and what has been found and
// decided so far.
#pragma once

#include "host/address.hpp"
#include "host/message.hpp"
#include "host/verdict.hpp"

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/module.hpp>
#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/time.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pigeon::host {

// The envelope as the MTA gave it. Everything but `recipient` may be missing.
struct Request {
  std::string recipient;
  std::optional<std::string> sender;
  std::string original_recipient;
  std::string final_recipient;  // for Delivered-To, where it is not the recipient
  std::string folder;
  std::string queue_id;
};

// Takes a line of explanation and who says it: the host's own lines come under "mailMaster".
using Explain = std::function<void(std::string_view who, const std::string& line)>;

struct Attempt {
  Request request;
  Address address;
  std::string sender;
  const ParsedMessage* parsed = nullptr;
  const pigeon_message* message = nullptr;
  Deadline deadline;
  bool is_dry = false;
  bool is_mapped = false;
  Explain explain;

  Slice domain;
  std::optional<Slice> principal;
  bool principal_is_catch_all = false;
  std::vector<Step> steps;
  std::size_t next = 0;  // the step that comes after the one that runs

  // The allocation that `allocate` got for an MDA, by the MDA's name.
  std::optional<std::pair<std::string, Allocation>> allocation;
  // The object of the module that asked for it: it says what the principal prefers.
  std::optional<Object> allocated_for;

  std::string id;  // once something was stored
  Fields facts;

  void say(const std::string& line) const {
    if (explain) explain("mailMaster", line);
  }
};

}  // namespace pigeon::host
