// SPDX-License-Identifier: MIT
//
// How much a mailbox may hold, as the user or the domain prefers, and what becomes of a message that is too
// much.
#pragma once

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/settings.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace mailbox_rules {

constexpr pigeon_declaration kQuotaBytes =
    pigeon::size_of("quotaBytes", "how much mail the mailbox may hold");
constexpr pigeon_declaration kQuotaMessages =
    pigeon::integer_of("quotaMessages", "how many messages the mailbox may hold");
constexpr pigeon_declaration kOverQuota =
    pigeon::choice_of("overQuota", "defer|reject", "what happens to a message that is too much", "defer");
constexpr pigeon_declaration kCreateFolders =
    pigeon::boolean_of("createFolders", "whether a folder that is asked for is made", "FALSE");

class Limits {
 public:
  Limits(std::optional<std::uint64_t> bytes, std::optional<std::uint64_t> messages, bool is_final = false)
      : bytes_(bytes), messages_(messages), is_final_(is_final) {}
  // What the preferences of a principal say.
  static Limits of(const pigeon::Settings& preferences) {
    std::optional<std::uint64_t> messages;
    if (preferences.has("quotaMessages")) messages = preferences.integer("quotaMessages");
    return {preferences.size("quotaBytes"), messages, preferences.text("overQuota") == "reject"};
  }

  [[nodiscard]] bool is_set() const { return bytes_ || messages_; }
  [[nodiscard]] const std::optional<std::uint64_t>& bytes() const { return bytes_; }
  [[nodiscard]] const std::optional<std::uint64_t>& messages() const { return messages_; }

  // Whether one more message of this size would be too much.
  [[nodiscard]] bool are_exceeded(const pigeon::Usage& usage, std::uint64_t size) const {
    return (bytes_ && (usage.bytes > *bytes_ || size > *bytes_ - usage.bytes)) ||
           (messages_ && usage.messages >= *messages_);
  }
  // The same usage, with these limits in it.
  [[nodiscard]] pigeon::Usage beside(pigeon::Usage usage) const {
    usage.bytes_limit = bytes_.value_or(0);
    usage.messages_limit = messages_.value_or(0);
    return usage;
  }
  // Of a message that is too much; shown: the mailbox.
  [[nodiscard]] pigeon::Failure failure(const std::string& shown) const {
    return pigeon::failure(is_final_ ? PIGEON_REFUSED : PIGEON_NO_SPACE, "store in " + shown + ": over quota")
        .with_remedy("raise quotaBytes or quotaMessages on the mailStore object of the user or the domain")
        .with_reason({static_cast<unsigned short>(is_final_ ? 5 : 4), 2, 2}, "mailbox full");
  }

 private:
  std::optional<std::uint64_t> bytes_;
  std::optional<std::uint64_t> messages_;
  bool is_final_;
};

}  // namespace mailbox_rules
