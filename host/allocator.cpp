// SPDX-License-Identifier: MIT
#include "host/allocator.hpp"

#include "host/obtaining.hpp"
#include "host/supervisor.hpp"

#include <pigeon/sdk/plugin.hpp>
#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/tree_words.hpp>

#include <sodium.h>

#include <algorithm>
#include <array>
#include <span>

namespace pigeon::host {
namespace {

std::span<const pigeon_declaration> attributes_of(const pigeon_class* declared) {
  return declared == nullptr ? std::span<const pigeon_declaration>()
                             : std::span(declared->attributes, declared->attribute_count);
}

bool is_allocated(const pigeon_declaration& declaration) {
  return (declaration.flags & PIGEON_DECLARATION_ALLOCATION) != 0;
}

std::string new_id() {
  std::array<unsigned char, 16> random = {};
  randombytes_buf(random.data(), random.size());
  std::array<char, 2 * random.size() + 1> hex = {};
  return sodium_bin2hex(hex.data(), hex.size(), random.data(), random.size());
}

// What an MDA proposes goes into the tree for good, so it is looked at first.
Done check_proposal(const Opened& mda, const Attributes& proposed) {
  const auto declared = attributes_of(mda.declared_class(std::string(mda.name()) + tree::kAllocationSuffix));
  const auto bug = [&](const std::string& why) {
    return failure(PIGEON_BUG, std::string(mda.name()) + " proposes an allocation " + why);
  };
  for (const auto& [name, values] : proposed) {
    const auto same = [&, &wanted = name](const auto& each) { return same_name(each.name, wanted); };
    const auto found = std::find_if(declared.begin(), declared.end(), same);
    if (found == declared.end()) return bug("with '" + printable(name) + "', which it does not declare");
    for (const auto& value : values) {
      if (const auto wrong = complaint(*found, value)) return bug("whose '" + name + "' " + *wrong);
    }
  }
  for (const auto& each : declared) {
    const bool is_mandatory = (each.flags & PIGEON_DECLARATION_MANDATORY) != 0;
    if (is_mandatory && !proposed.has(each.name)) return bug(std::string("without '") + each.name + "'");
  }
  return {};
}

Principal names_of(const Attempt& attempt) {
  return {.domain = name_of(attempt.domain.object),
          .user = attempt.principal_is_catch_all ? "" : name_of(attempt.principal->object)};
}

TreePath path_of(const Object& object) {
  return TreePath::parse(object.path).value_or(TreePath());
}

std::string told(const Attributes& attributes) {
  std::vector<std::string> parts;
  for (const auto& [name, values] : attributes) parts.push_back(name + "=" + printable(join(values, ",")));
  return join(parts, " ");
}

}  // namespace

Result<std::optional<StandingAllocation>> standing_allocation(const Object& principal) {
  constexpr std::string_view kSuffix = tree::kAllocationSuffix;
  std::optional<StandingAllocation> found;
  for (const auto& each : principal.auxiliary) {
    if (each.size() <= kSuffix.size() || !same_name(each.substr(each.size() - kSuffix.size()), kSuffix))
      continue;
    const auto mda = each.substr(0, each.size() - kSuffix.size());
    if (found) {
      return misconfigured(principal.path + " has two allocations, " + found->mda + " and " + mda)
          .with_remedy("find the mailbox that holds the mail, and remove the other class from the object");
    }
    const auto id = principal.attributes.get("id");
    if (!id) {
      return misconfigured("the allocation of " + principal.path + " has no id")
          .with_remedy(
              "pigeonctl mailbox adopt, if the mailbox is known; else restore the object from a backup");
    }
    const bool is_ready = PIGEON_TRY(flag_of(principal, "ready", false));
    found = {mda, {std::string(*id), principal.attributes, {}}, is_ready};
  }
  return found;
}

Attributes declared_only(const Attributes& attributes, const Opened& mda) {
  Attributes declared;
  for (const auto& each :
       attributes_of(mda.declared_class(std::string(mda.name()) + tree::kAllocationSuffix))) {
    const auto values = attributes.all(each.name);
    declared.set(each.name, Values(values.begin(), values.end()));
  }
  return declared;
}

Result<Settings> Allocator::preferences(const Object& module_object, const Opened& mda) {
  Attributes preferences;
  for (const auto& declared : attributes_of(mda.declared_class(mda.name()))) {
    if (is_allocated(declared)) continue;
    const auto values = module_object.attributes.all(declared.name);
    if (values.empty() && declared.default_value != nullptr)
      preferences.set(declared.name, declared.default_value);
    if (values.empty()) continue;
    if (values.size() > 1 && (declared.flags & PIGEON_DECLARATION_MULTI) == 0) {
      return misconfigured("property '" + std::string(declared.name) + "' of " + module_object.path +
                           " has several values")
          .with_remedy("pigeonctl tree set " + shell_word(module_object.path) + " " + declared.name +
                       "=VALUE");
    }
    for (const auto& value : values) {
      const auto wrong = complaint(declared, value);
      if (!wrong) continue;
      return misconfigured("property '" + std::string(declared.name) + "' of " + module_object.path +
                           " is '" + printable(value) + "': it " + *wrong)
          .with_remedy("pigeonctl tree set " + shell_word(module_object.path) + " " + declared.name +
                       "=VALUE");
    }
    preferences.set(declared.name, Values(values.begin(), values.end()));
  }
  return Settings(std::move(preferences));
}

Result<Attributes> Allocator::requests_for(const Attempt& attempt, const Object& module_object,
                                           const Opened& mda) {
  const auto* own = PIGEON_TRY(only_of_class(attempt.principal->children, module_object.objectclass));
  const auto* of_domain = PIGEON_TRY(only_of_class(attempt.domain.children, module_object.objectclass));
  Attributes requests;
  for (const auto& declared : attributes_of(mda.declared_class(mda.name()))) {
    if (!is_allocated(declared)) continue;
    if (of_domain != nullptr && of_domain->attributes.has(declared.name)) {
      return misconfigured("property '" + std::string(declared.name) + "' stands on " + of_domain->path +
                           ": that would put every user of the domain into one mailbox")
          .with_remedy("pigeonctl tree unset " + shell_word(of_domain->path) + " " + declared.name);
    }
    if (own == nullptr) continue;
    const auto values = own->attributes.all(declared.name);
    requests.set(declared.name, Values(values.begin(), values.end()));
  }
  return requests;
}

Result<Allocation> Allocator::propose(Opened& mda, const Principal& principal, const Attributes& requests) {
  const pigeon_principal lent = {sizeof lent, 0, borrow(principal.domain), borrow(principal.user)};
  const LentAttributes wanted(requests);
  Attributes proposed;
  const pigeon_attribute_sink sink = {sizeof sink, 0, &proposed,
                                      [](void* context, pigeon_string name, pigeon_string value) noexcept {
                                        static_cast<Attributes*>(context)->add(view(name), view(value));
                                      }};
  auto error = blank_error();
  {
    const InPlugin mark(mda.name(), "propose");
    const auto status = mda.operations<pigeon_mda>().propose(mda.instance(), &lent, wanted.data(),
                                                             wanted.size(), &sink, &error);
    if (status != PIGEON_OK) return copy(error, status).while_doing("propose a mailbox");
  }
  PIGEON_TRY(check_proposal(mda, proposed));
  return Allocation{new_id(), std::move(proposed), principal};
}

Result<Applied> Allocator::commit(const TreePath& principal, const std::string& mda,
                                  const Allocation& allocation, bool is_ready,
                                  std::vector<Precondition> preconditions, const std::optional<Token>& token,
                                  Deadline deadline) {
  Update update = {
      .path = principal,
      .changes = {Change::add_class(mda + tree::kAllocationSuffix), Change::set("id", allocation.id),
                  Change::set("ready", is_ready ? "TRUE" : "FALSE")},
      .preconditions = std::move(preconditions),
      .token = token,
      .deadline = deadline};
  for (const auto& [name, values] : allocation.attributes)
    update.changes.push_back(Change::set(name, values));
  auto applied = tree_.apply(update);
  if (applied || !applied.failure().may_have_happened) return applied;
  // The answer was lost. What stands in the tree now says what happened.
  const auto slice = PIGEON_TRY(tree_.fetch({principal, 0, true, deadline}));
  const auto standing = slice ? PIGEON_TRY(standing_allocation(slice->object)) : std::nullopt;
  if (!standing) return applied;
  return standing->allocation.id == allocation.id ? Applied::yes : Applied::conflict;
}

Result<Allocation> Allocator::obtain(Attempt& attempt, std::string_view creator, Opened& mda,
                                     const Attributes& requests) {
  auto* opened = PIGEON_TRY(plugins_.open(PIGEON_KIND_CREATOR, creator));
  const Obtaining::For principal = {path_of(attempt.principal->object), names_of(attempt)};
  Obtaining obtaining(*this, tree_, mda, requests, principal, attempt.deadline);
  return obtaining.by(*opened);
}

Done ensure(Opened& mda, const Allocation& allocation, Deadline deadline) {
  const LentAllocation lent(allocation);
  auto error = blank_error();
  const InPlugin mark(mda.name(), "ensure");
  const auto status =
      mda.operations<pigeon_mda>().ensure(mda.instance(), &lent.get(), deadline.value(), &error);
  return status == PIGEON_OK ? Done() : Done(copy(error, status).while_doing("make the mailbox"));
}

// Made real first, said to be so afterwards: whoever reads `ready` may rely on the mailbox, and take its
// absence for trouble.
Done Allocator::make_ready(const Attempt& attempt, Opened& mda, const Allocation& allocation) {
  PIGEON_TRY(ensure(mda, allocation, attempt.deadline));
  const auto applied = PIGEON_TRY(tree_.apply({.path = path_of(attempt.principal->object),
                                               .changes = {Change::set("ready", "TRUE")},
                                               .preconditions = {Precondition::equal("id", allocation.id)},
                                               .deadline = attempt.deadline}));
  if (applied == Applied::yes) return {};
  return temporary("mark the mailbox of " + attempt.principal->object.path +
                   " as ready: its allocation was replaced meanwhile");
}

Result<Allocation> Allocator::allocate(Attempt& attempt, const Object& module_object,
                                       std::string_view creator, std::string_view mda_name) {
  auto* mda = PIGEON_TRY(plugins_.open(PIGEON_KIND_MDA, mda_name));
  const auto requests = PIGEON_TRY(requests_for(attempt, module_object, *mda));
  auto standing = PIGEON_TRY(standing_allocation(attempt.principal->object));
  if (standing && !same_name(standing->mda, mda_name)) {
    return failure(PIGEON_BUG, "a mailbox of " + printable(mda_name) + " is asked for, where " +
                                   attempt.principal->object.path + " has one of " + standing->mda);
  }
  if (standing) {
    standing->allocation.attributes = declared_only(standing->allocation.attributes, *mda);
    standing->allocation.principal = names_of(attempt);
    for (const auto& [name, values] : requests) {
      const auto allocated = standing->allocation.attributes.all(name);
      if (Values(allocated.begin(), allocated.end()) == values) continue;
      log_.write(
          PIGEON_LOG_WARNING, "request",
          {{"principal", attempt.principal->object.path},
           {"detail", "'" + name + "' is requested as " + join(values, ",") + ", and was allocated as " +
                          join(allocated, ",") + "; the mail stays where it is"}});
    }
  }
  if (attempt.is_dry) {
    PIGEON_TRY(plugins_.open(PIGEON_KIND_CREATOR, creator));
    const auto shown =
        standing ? standing->allocation : PIGEON_TRY(propose(*mda, names_of(attempt), requests));
    attempt.say(standing ? "the allocation: " + told(shown.attributes)
                         : "an allocation would be made by " + std::string(creator) + ": " +
                               told(shown.attributes));
    // Only `ensure` finds out, and it makes what it can.
    if (!standing || !standing->is_ready)
      attempt.say("its mailbox is not made yet; whether something stands in its way is not looked at");
    return shown;
  }
  if (standing && standing->is_ready) return std::move(standing->allocation);
  auto allocation =
      standing ? std::move(standing->allocation) : PIGEON_TRY(obtain(attempt, creator, *mda, requests));
  PIGEON_TRY(make_ready(attempt, *mda, allocation));
  return allocation;
}

}  // namespace pigeon::host
