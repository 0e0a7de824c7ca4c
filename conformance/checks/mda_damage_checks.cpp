// SPDX-License-Identifier: MIT
//
// Level 3 of an MDA: what it does when its files are not as they were left.
#include "conformance/check.hpp"
#include "conformance/damage.hpp"
#include "conformance/error_form.hpp"
#include "conformance/mailbox.hpp"
#include "conformance/trial.hpp"

#include <pigeon/abi/mda.h>

#include <array>
#include <optional>
#include <set>
#include <string>

namespace pigeon::conformance {
namespace {

using Texts = std::multiset<std::string>;

constexpr const char* kDeliver = "pigeon/abi/mda.h, deliver";
constexpr int kMessages = 3;
const Principal alice = {"example.com", "alice"};

std::string text_of(const Trial& trial, int number) {
  return "Subject: " + std::to_string(number) + "\n\n" + std::to_string(trial.seed()) +
         std::string(500, 'x') + "\n";
}

// What can be read; nothing if the mailbox cannot be listed. A message that is listed may be past reading.
struct Looked {
  std::optional<Texts> texts;
  pigeon_status worst = PIGEON_OK;  // permanent, if an answer was
};

Looked look(Mailbox& mailbox) {
  Looked looked;
  const auto note = [&](pigeon_status status) {
    if (is_permanent(status)) looked.worst = status;
  };
  const auto entries = mailbox.list();
  if (!entries) note(entries.failure().status);
  if (!entries) return looked;
  looked.texts.emplace();
  for (const auto& entry : *entries) {
    const auto text = mailbox.read(entry);
    if (text) looked.texts->insert(*text);
    if (!text) note(text.failure().status);
  }
  return looked;
}

// Without the line ends behind it: what was cut off in the middle of a line may be given one, before what is
// appended.
std::string trimmed(const std::string& text) {
  return text.substr(0, text.find_last_not_of("\r\n") + 1);
}

// The first of these that is no more there; empty if all are.
std::string lost(const Texts& before, const Texts& after) {
  Texts left;
  for (const auto& text : after) left.insert(trimmed(text));
  for (const auto& text : before) {
    const auto found = left.find(trimmed(text));
    if (found == left.end()) return "a message of " + std::to_string(text.size()) + " bytes is gone";
    left.erase(found);
  }
  return {};
}

Finding endures(Trial& trial, const Allocation& allocation, const std::string& what) {
  const auto settings = PIGEON_EXPECT_OK(trial.settings(), "made up settings");
  const auto attempt = PIGEON_EXPECT_OK(trial.try_to_open(settings), "loaded the plugin");
  PIGEON_EXPECT(!is_permanent(attempt.status), what + ", and opened an instance",
                "an instance, or a temporary failure", "status " + shown(attempt.status));
  if (!attempt.instance) return Finding::passed();
  const auto mda = attempt.instance->operations<pigeon_mda>();
  const bool can_look = mda.list != nullptr && mda.read != nullptr;
  Mailbox mailbox(trial, *attempt.instance);
  mailbox.use(allocation);
  const auto before = can_look ? look(mailbox) : Looked{};
  PIGEON_EXPECT(before.worst == PIGEON_OK, what + ", listed and read", "messages, or temporary failures",
                "status " + shown(before.worst));
  for (const auto* id : {"d0", "new"}) {
    const auto text = id == std::string("d0") ? text_of(trial, 0) : text_of(trial, kMessages);
    const auto receipt = mailbox.deliver({.id = id, .text = text});
    PIGEON_EXPECT(!is_permanent(receipt.status), what + ", and delivered", "success, or a temporary failure",
                  told(receipt));
    PIGEON_EXPECT(!receipt.is_stored() || receipt.was_there() || mailbox.copies(text) > 0,
                  what + ", and delivered", "a message that is there, if it says so", "none");
  }
  if (!before.texts) return Finding::passed();
  const auto after = look(mailbox);
  const auto missing = after.texts ? lost(*before.texts, *after.texts) : "";
  PIGEON_EXPECT(missing.empty(), what + ", read all that could be read, and delivered",
                "that it still can be", missing);
  return Finding::passed();
}

Finding endures_damage(Trial& trial) {
  Allocation allocation;
  {
    const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
    if (hands_over(*instance)) return Finding::skipped("another server keeps the files");
    Mailbox mailbox(trial, *instance);
    PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
    allocation = mailbox.allocation();
    for (int number = 0; number < kMessages; ++number) {
      const auto receipt =
          mailbox.deliver({.id = "d" + std::to_string(number), .text = text_of(trial, number)});
      PIGEON_EXPECT(receipt.is_stored(), "delivered a message", "success", told(receipt));
    }
  }
  return after_each_damage(trial, [&](const std::string& damage) {
    return endures(trial, allocation, "closed the mailbox, had " + damage);
  });
}

constexpr std::array kChecks = {
    Check{
        "MDA-30", Weight::must, 3, PIGEON_KIND_MDA,
        "A mailbox that is damaged loses nothing else by a delivery, and bounces none",
        "removes, empties, cuts, overwrites and replaces each of its files, reads, delivers, and reads again",
        kDeliver, endures_damage, 90},
};

}  // namespace

std::span<const Check> mda_damage_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
