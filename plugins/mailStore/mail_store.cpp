// SPDX-License-Identifier: MIT
#include "mail_store.hpp"

#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/tree_words.hpp>

#include <optional>
#include <string_view>

namespace mail_store {
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

}  // namespace

Result<std::unique_ptr<MailStore>> MailStore::open(pigeon::Host /*host*/, const pigeon::Settings& settings) {
  return std::make_unique<MailStore>(settings);
}

Result<Outcome> MailStore::run(Run& run) {
  const auto object = run.object();
  const auto mda = PIGEON_TRY(choose_mda(run, object));
  const auto folder = PIGEON_TRY(choose_folder(run, object));
  PIGEON_TRY(run.allocate(settings_.text("creator"), mda));
  PIGEON_TRY(run.store(mda, folder));
  return Outcome::taken;
}

// The first of these that says anything: where the mail is, the object's class, its property, the
// configuration.
Result<std::string> MailStore::choose_mda(const Run& run, const Object& object) {
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
        .with_remedy("pigeonctl tree set " + pigeon::shell_word(object.path) +
                     " mda=" + pigeon::shell_word(named.front()));
  }
  if (!named.empty()) return explain(named.front(), "property 'mda' of " + object.path);
  return explain(settings_.text("mda"), "the configuration's");
}

Result<std::string> MailStore::choose_folder(const Run& run, const Object& object) const {
  const auto envelope = run.envelope();
  if (!envelope.folder().empty()) return std::string(envelope.folder());
  const bool by_detail =
      PIGEON_TRY(pigeon::flag_of(object, "detailFolder", settings_.is_true("detailFolder")));
  return by_detail ? std::string(envelope.detail()) : std::string();
}

}  // namespace mail_store
