// SPDX-License-Identifier: MIT
//
// A whole delivery on the stage: a domain and a user, whose mail is stored by mda-lent.
#pragma once

#include "host/mail_master.hpp"
#include "host/message.hpp"
#include "host/testing/stage.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace pigeon::testing {

// A domain with a user, whose mail is stored by mda-lent.
struct Play : Stage {
  explicit Play(const std::string& modules = R"(["findsLent", "stepLent", "takesLent"])",
                const std::string& further = "")
      : Stage(modules, further) {
    objects.add({.path = "/d", .objectclass = "mailDomain"});
    objects.add({.path = "/d/findsLent", .objectclass = "findsLent"});
    objects.add({.path = "/d/findsLent/u", .objectclass = "mailUser"});
    objects.add({.path = "/d/takesLent", .objectclass = "takesLent"});
    finds.on_run = [](Run& run) -> Result<Outcome> {
      const auto user = PIGEON_TRY(run.fetch(run.envelope().user()));
      if (user) PIGEON_TRY(run.set_principal(*user));
      return Outcome::go_on;
    };
    takes.on_run = [](Run& run) -> Result<Outcome> {
      PIGEON_TRY(run.allocate("creator-lent", "mda-lent"));
      PIGEON_TRY(run.store("mda-lent", run.envelope().folder()));
      return Outcome::taken;
    };
  }

  void set(const std::string& path, const std::string& name, const std::string& value) {
    auto found = objects.fetch({*TreePath::parse(path), 0, true, {}});
    auto object = (**found).front();
    object.attributes.set(name, value);
    objects.add(object);
  }

  host::Verdict run(const std::string& recipient = "u@d", const std::string& text = "Subject: x\n\nx\n") {
    host::Attempt attempt;
    attempt.request = {.recipient = recipient, .folder = folder, .queue_id = queue_id};
    attempt.address = *host::parse_recipient(recipient, plugins->configuration().address);
    attempt.sender = "s@x";
    attempt.is_dry = is_dry;
    attempt.explain = [&](std::string_view who, const std::string& line) {
      explained += std::string(who) + ": " + line + "\n";
    };
    const auto parsed = host::parse_message(text);
    const host::OutgoingMessage outgoing(parsed, {.sender = "s@x", .delivered_to = recipient}, false);
    attempt.parsed = &parsed;
    attempt.message = &outgoing.get();
    attempt.deadline = Deadline::in(std::chrono::seconds(20));
    host::Services services = {*tree, *plugins, *allocator, *store, log};
    return host::deliver(attempt, services);
  }
  [[nodiscard]] std::string allocation(const std::string& name) {
    const auto found = objects.fetch({*TreePath::parse("/d/findsLent/u"), 0, true, {}});
    return std::string((**found).front().attributes.get(name).value_or(""));
  }

  std::string folder;
  std::string queue_id;
  bool is_dry = false;
  std::string explained;
};

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace pigeon::testing
