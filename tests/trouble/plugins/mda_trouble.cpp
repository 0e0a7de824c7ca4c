// SPDX-License-Identifier: MIT
//
// mda-trouble: stores each message as one file, named by its delivery id, in {base}/{user}; unless its deed
// says otherwise, at "open", "propose", "ensure", "deliver", or "after" the message is durable.
#include "deed.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>

namespace {

using namespace pigeon;

constexpr std::array kAllocated = {
    text_of("directory", "where the mail is, below the base", nullptr,
            PIGEON_DECLARATION_ALLOCATION | PIGEON_DECLARATION_MANDATORY),
};
constexpr std::array<pigeon_declaration, 0> kPreferences = {};
constexpr pigeon_class kClass = auxiliary("mda-trouble", "wants trouble with its mail", kPreferences);
constexpr pigeon_class kAllocation = auxiliary("mda-troubleAllocation", "has such mail", kAllocated);
constexpr std::array kClasses = {&kClass, &kAllocation};
constexpr std::array kSettings = {
    path_of("base", "the directory that all mail is below", PIGEON_DECLARATION_MANDATORY),
};
constexpr About kAbout = {.name = "mda-trouble",
                          .version = "1",
                          .summary = "stores mail or makes trouble, for tests",
                          .classes = kClasses,
                          .settings = kSettings};

class MdaTrouble {
 public:
  explicit MdaTrouble(std::string base) : base_(std::move(base)) {}
  static Result<std::unique_ptr<MdaTrouble>> open(Host /*host*/, const Settings& settings) {
    trouble::at("open", &kAbout);
    return std::make_unique<MdaTrouble>(settings.text("base"));
  }

  Result<Attributes> propose(const Principal& principal, const Attributes& /*requests*/) {
    trouble::at("propose", &kAbout);
    Attributes proposed;
    proposed.set("directory", principal.user);
    return proposed;
  }

  Done ensure(const Allocation& allocation, Deadline /*deadline*/) {
    trouble::at("ensure", &kAbout);
    const auto base = PIGEON_TRY(Directory::open(base_));
    if (!base) return misconfigured("there is no " + base_);
    PIGEON_TRY(base->make(std::string(allocation.attributes.get("directory").value_or(""))));
    return base->flush();
  }

  Result<Stored> deliver(const Delivery& delivery) {
    trouble::at("deliver", &kAbout);
    const auto base = PIGEON_TRY(Directory::open(base_));
    if (!base) return misconfigured("there is no " + base_);
    const auto name = std::string(delivery.allocation().attributes.get("directory").value_or(""));
    const auto directory = PIGEON_TRY(base->find(name));
    if (!directory) return misconfigured("there is no " + base->below(name));
    std::string text;
    for (const auto& segment : delivery.message().prefix()) text += view(segment);
    text += delivery.message().body();
    const bool is_new = PIGEON_TRY(directory->publish(delivery.id(), text));
    trouble::at("after", &kAbout);
    return Stored{.where = directory->below(delivery.id()), .already_there = !is_new};
  }

 private:
  std::string base_;
};

}  // namespace

PIGEON_MDA(MdaTrouble, kAbout);
