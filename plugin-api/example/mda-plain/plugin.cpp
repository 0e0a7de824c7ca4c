// SPDX-License-Identifier: MIT
//
// mda-plain: a directory per user, a file per message; crash-safe, because the SDK's short way is.
#include <pigeon/sdk/mailbox.hpp>

using namespace pigeon;  // NOLINT(google-build-using-namespace): all of this file speaks of plugins

class Plain {
 public:
  explicit Plain(const Settings& settings) : mailboxes_(settings.text("base")) {}
  static Result<std::unique_ptr<Plain>> open(Host /*host*/, const Settings& settings) {
    return std::make_unique<Plain>(settings);
  }
  Done initialize(const pigeon_schema& /*schema*/, Deadline /*deadline*/) { return mailboxes_.initialize(); }
  Result<Attributes> propose(const Principal& principal, const Attributes& /*requests*/) {
    return mailboxes_.propose(principal);
  }
  Done ensure(const Allocation& allocation, Deadline /*deadline*/) { return mailboxes_.ensure(allocation); }
  Result<Stored> deliver(const Delivery& delivery) {
    return store_once(PIGEON_TRY(mailboxes_.open(delivery.allocation())), delivery);
  }

 private:
  Mailboxes mailboxes_;
};

constexpr std::array kAllocated = {text_of("home", "the user's directory, below the base", nullptr,
                                           PIGEON_DECLARATION_ALLOCATION | PIGEON_DECLARATION_MANDATORY)};
constexpr std::array<pigeon_declaration, 0> kNone = {};
constexpr pigeon_class kPreferences = auxiliary("mda-plain", "wants its mail in plain files", kNone);
constexpr pigeon_class kAllocation = auxiliary("mda-plainAllocation", "has plain files", kAllocated);
constexpr std::array kClasses = {&kPreferences, &kAllocation};
constexpr std::array kSettings = {path_of("base", "what all is below", PIGEON_DECLARATION_MANDATORY)};
constexpr About kAbout = {"mda-plain", "1.0", "stores each message in a file", kClasses, kSettings};

PIGEON_MDA(Plain, kAbout);
