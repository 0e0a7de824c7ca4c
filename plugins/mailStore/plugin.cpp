// SPDX-License-Identifier: MIT
//
// mailStore: stores the message, by an MDA, in a mailbox that a creator has allocated.
#include <pigeon/sdk/module.hpp>
#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/tree_words.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using pigeon::Object;
using pigeon::Outcome;
using pigeon::Result;
using pigeon::Run;

constexpr std::string_view kMdaPrefix = "mda-";
constexpr std::string_view kAllocation = pigeon::tree::kAllocationSuffix;

// "mda-x" of the object's class "mda-xAllocation": there the mail is.
std::optional<std::string> allocated_by(const Object& principal) {
  for (const auto& name : principal.auxiliary) {
    if (name.size() <= kAllocation.size()) continue;
    const auto stem = name.size() - kAllocation.size();
    if (pigeon::same_name(std::string_view(name).substr(stem), kAllocation)) return name.substr(0, stem);
  }
  return std::nullopt;
}

// The storage format that the object's classes name.
Result<std::optional<std::string>> format_class(const Object& object) {
  std::optional<std::string> found;
  for (const auto& name : object.auxiliary) {
    if (!pigeon::same_name(std::string_view(name).substr(0, kMdaPrefix.size()), kMdaPrefix)) continue;
    if (found) {
      return pigeon::misconfigured(object.path + " is of two storage formats, " + *found + " and " + name)
          .with_remedy("remove one of the two classes from " + pigeon::shell_word(object.path));
    }
    found = name;
  }
  return found;
}

class MailStore {
 public:
  explicit MailStore(const pigeon::Settings& settings) : settings_(settings) {}

  static Result<std::unique_ptr<MailStore>> open(pigeon::Host /*host*/, const pigeon::Settings& settings) {
    return std::make_unique<MailStore>(settings);
  }

  Result<Outcome> run(Run& run) {
    const auto object = run.object();
    const auto mda = PIGEON_TRY(choose_mda(run, object));
    const auto folder = PIGEON_TRY(choose_folder(run, object));
    PIGEON_TRY(run.allocate(settings_.text("creator"), mda));
    PIGEON_TRY(run.store(mda, folder));
    return Outcome::taken;
  }

 private:
  // The first of these that says anything: where the mail is, the object's class, its property, the configuration.
  Result<std::string> choose_mda(const Run& run, const Object& object) {
    const auto explain = [&](const std::string& mda, const std::string& why) {
      run.explain("storage format " + mda + ": " + why);
      return mda;
    };
    const auto principal = run.principal();
    if (!principal) return pigeon::failure(PIGEON_BUG, "mailStore was run without a principal");
    if (const auto mda = allocated_by(principal->object)) return explain(*mda, "allocated, the mail is there");
    if (const auto mda = PIGEON_TRY(format_class(object))) return explain(*mda, "a class of " + object.path);
    const auto named = object.attributes.all("mda");
    if (named.size() > 1) {
      return pigeon::misconfigured("property 'mda' of " + object.path + " has several values")
          .with_remedy("pigeonctl tree set " + pigeon::shell_word(object.path) + " mda=" + named.front());
    }
    if (!named.empty()) return explain(named.front(), "property 'mda' of " + object.path);
    return explain(settings_.text("mda"), "the configuration's");
  }

  Result<std::string> choose_folder(const Run& run, const Object& object) const {
    const auto envelope = run.envelope();
    if (!envelope.folder().empty()) return std::string(envelope.folder());
    const bool by_detail = PIGEON_TRY(pigeon::flag_of(object, "detailFolder", settings_.is_true("detailFolder")));
    return by_detail ? std::string(envelope.detail()) : std::string();
  }

  pigeon::Settings settings_;
};

constexpr std::array kAttributes = {
    pigeon::text_of("mda", "the storage format for a user who has no mailbox yet"),
    pigeon::boolean_of("detailFolder", "whether mail for user+detail goes into the folder of that name"),
};
constexpr pigeon_class kClass = pigeon::structural("mailStore", "stores mail", kAttributes);
constexpr std::array kClasses = {&kClass};

constexpr std::array kSettings = {
    pigeon::text_of("mda", "the storage format where the tree names none", nullptr, PIGEON_DECLARATION_MANDATORY),
    pigeon::text_of("creator", "how mailboxes are allocated", nullptr, PIGEON_DECLARATION_MANDATORY),
    pigeon::boolean_of("detailFolder", "whether mail for user+detail goes into the folder of that name", "FALSE"),
};

constexpr pigeon::About kAbout = {.name = "mailStore",
                                  .version = PIGEON_PLUGIN_VERSION,
                                  .summary = "stores mail in the user's mailbox",
                                  .classes = kClasses,
                                  .settings = kSettings};

}  // namespace

PIGEON_MODULE(MailStore, PIGEON_MODULE_TAKES, kAbout);
