// SPDX-License-Identifier: MIT
#include "host/control/recipient.hpp"

#include "host/address.hpp"
#include "host/allocator.hpp"
#include "host/mail_master.hpp"
#include "host/message.hpp"
#include "host/store.hpp"

#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/tree_words.hpp>

#include <algorithm>
#include <utility>

namespace pigeon::control {
namespace {

// No user can have this name, so that it finds the catch-all of a domain that accepts unknown users.
constexpr const char* kNobody = "@";

Result<host::Address> address_of(Session& session, const std::string& recipient) {
  auto address = host::parse_recipient((starts_with(recipient, "@") ? kNobody : "") + recipient,
                                       session.configuration().address);
  // What the MTA is to do about it is nothing that an administrator asked.
  if (!address && address.failure().status == PIGEON_MISCONFIGURED)
    return std::move(address).failure().with_remedy("write user@domain, or @domain for a catch-all");
  return address;
}

Failure no_domain(const std::string& text) {
  return misconfigured("take '" + printable(text) + "' as a domain: it is none")
      .with_remedy(
          "write it as it stands in an address, such as example.com: letters, digits and hyphens between "
          "dots");
}

bool consists_of(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
  });
}

// RFC 1035, section 2.3.4; host names have no underscore, but there are domains that do.
bool has_labels(std::string_view name) {
  constexpr std::size_t kLongest = 63;
  const auto labels = split(name, '.');
  return std::all_of(labels.begin(), labels.end(), [](std::string_view label) {
    return !label.empty() && label.size() <= kLongest && consists_of(label, "-_");
  });
}

// "[192.0.2.1]", "[ipv6:2001:db8::1]" (RFC 5321, section 4.1.3).
bool is_literal(std::string_view name) {
  return name.size() > 2 && name.front() == '[' && name.back() == ']' &&
         consists_of(name.substr(1, name.size() - 2), "-.:");
}

// Nobody is missing where the user was one that nobody can be.
void name_catch_all(const host::Attempt& attempt, host::Verdict& verdict) {
  const auto& domain = attempt.domain.object.path;
  if (verdict.status != PIGEON_UNKNOWN_RECIPIENT || attempt.principal || domain.empty()) return;
  verdict.detail = domain + ": it has no catch-all, for it does not accept unknown users";
  verdict.remedy = "pigeonctl tree set " + shell_word(domain) + " acceptUnknown=TRUE, if it should";
}

}  // namespace

// Behind an "@", an address would pass for its domain.
Result<std::string> domain_argument(Session& session, const std::string& domain) {
  auto address = host::parse_recipient("x@" + domain, session.configuration().address);
  if (address && domain.find('@') == std::string::npos) return address->domain;
  return no_domain(domain);
}

Result<std::string> new_domain_argument(Session& session, const std::string& domain) {
  auto name = PIGEON_TRY(domain_argument(session, domain));
  return is_literal(name) || has_labels(name) ? Result<std::string>(std::move(name)) : no_domain(domain);
}

Result<UserPlace> user_argument(Session& session, const std::string& address_text) {
  const auto parsed = host::parse_recipient(address_text, session.configuration().address);
  if (!parsed) {
    return misconfigured("take '" + printable(address_text) + "' as an address: " + parsed.failure().detail)
        .with_remedy("write user@domain, such as alice@example.com");
  }
  const auto& address = *parsed;
  const auto domain = TreePath().child(address.domain);
  const auto slice = PIGEON_TRY(session.fetch(domain, 1));
  auto* plugins = PIGEON_TRY(session.plugins());
  for (const auto& name : session.configuration().modules) {
    const auto* object = PIGEON_TRY(only_of_class(slice.children, name));
    if (object == nullptr) continue;
    const auto* module = PIGEON_TRY(plugins->open(PIGEON_KIND_MODULE, name));
    if ((module->operations<pigeon_module>().flags & PIGEON_MODULE_FINDS_USER) == 0) continue;
    const auto users = PIGEON_TRY(path_argument(object->path));
    return UserPlace{users, users.child(address.local_part)};
  }
  return misconfigured(domain.text() + " has no module that finds users")
      .with_remedy("add one: pigeonctl tree add " + shell_word(domain.text()) +
                   "/NAME NAME, for a module that finds users");
}

Result<DryRun> run_dry(Session& session, const host::Request& request, const host::Explain& explain) {
  host::Attempt attempt{.request = request, .deadline = Session::soon(), .is_dry = true, .explain = explain};
  attempt.address = PIGEON_TRY(address_of(session, request.recipient));
  attempt.sender = host::clean_sender(request.sender.value_or(""));
  attempt.say("recipient " + attempt.address.text() + ": user " + attempt.address.user +
              (attempt.address.detail.empty() ? "" : ", detail " + attempt.address.detail) + ", domain " +
              attempt.address.domain);

  const auto parsed = host::parse_message("");
  const host::Prefix prefix = {
      .sender = attempt.sender, .delivered_to = attempt.address.text(), .original_recipient = {}};
  const host::OutgoingMessage message(parsed, prefix, false);
  attempt.parsed = &parsed;
  attempt.message = &message.get();

  auto* plugins = PIGEON_TRY(session.plugins());
  auto* tree = PIGEON_TRY(session.tree());
  host::Allocator allocator(*tree, *plugins, session.log());
  host::Store store(*plugins);
  host::Services services = {*tree, *plugins, allocator, store, session.log()};
  auto verdict = host::deliver(attempt, services);
  if (starts_with(request.recipient, "@")) name_catch_all(attempt, verdict);
  attempt.parsed = nullptr;
  attempt.message = nullptr;
  return DryRun{std::move(attempt), std::move(verdict)};
}

}  // namespace pigeon::control
