// SPDX-License-Identifier: MIT
//
// Names one message for one mailbox: equal for a retry by the MTA, whatever fields of its own it put in
// front.
#pragma once

#include "host/message.hpp"

#include <string>
#include <string_view>

namespace pigeon::host {

struct DeliveryIdParts {
  std::string_view queue_id;
  std::string_view principal;
  std::string_view folder;
  std::string_view sender;
};

// 32 hexadecimal digits. is_mapped: the pages of a large body are let go as they are read.
std::string delivery_id(const DeliveryIdParts& parts, const ParsedMessage& parsed, bool is_mapped);

}  // namespace pigeon::host
