// SPDX-License-Identifier: MIT
//
// Addresses as they stand in MAIL and RCPT. Names from the tree and from strangers become parts of commands
// here and nowhere else.
#pragma once

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace mda_lmtp {

// An address that can be written: a local part, which is quoted where it has to be, and a domain.
// Nothing: no command can hold it, because it is too long, has a control character, or lacks a part.
std::optional<std::string> written(std::string_view local_part, std::string_view domain);

// "local part@domain", the local part as it is, not quoted.
std::optional<std::string> written_address(std::string_view address);

// A sender, whom an MTA may have quoted already, and who may lack a domain. Empty: the null sender.
std::optional<std::string> written_sender(std::string_view sender);

// Whether only a server with SMTPUTF8 (RFC 6531) takes it.
bool needs_utf8(std::string_view written);

// The address with a folder behind the user: user+folder@domain.
std::string with_detail(std::string_view address, std::string_view delimiter, std::string_view folder);

// What addresses mail goes to: a template such as "{user}@{domain}", and another one for catch-alls.
class Recipients {
 public:
  static pigeon::Result<Recipients> parse(std::string_view users, std::optional<std::string_view> catch_all);

  // Written, it differs for every two users, unless the template leaves the domain out.
  [[nodiscard]] pigeon::Result<std::string> address_of(const pigeon::Principal& principal) const;

 private:
  Recipients(std::string users, std::string catch_all)
      : users_(std::move(users)), catch_all_(std::move(catch_all)) {}

  std::string users_;
  std::string catch_all_;  // empty: catch-alls have no address
};

}  // namespace mda_lmtp
