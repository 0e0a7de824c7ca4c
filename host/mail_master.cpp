// SPDX-License-Identifier: MIT
#include "host/mail_master.hpp"

#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/tree_words.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace pigeon::host {
namespace {

std::string milliseconds_since(Clock::time_point begin) {
  const auto tenths =
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count() / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

class Chain {
 public:
  Chain(Attempt& attempt, Services& services) : attempt_(attempt), services_(services) {}

  Done run() {
    PIGEON_TRY(find_domain());
    PIGEON_TRY(list_steps());
    bool done = false;
    while (!done && attempt_.next < attempt_.steps.size()) {
      const auto step = attempt_.steps[attempt_.next++];
      const auto begin = Clock::now();
      const auto outcome = run_step(step);
      if (step.enabled) run_modules_.push_back(step.module + ":" + milliseconds_since(begin));
      if (outcome) {
        taken_ = taken_ || *outcome != Outcome::go_on;
        done = *outcome == Outcome::done;
      } else if (taken_) {
        // The message is somebody's already: to defer it now would deliver it twice.
        warn(outcome.failure());
      } else {
        return outcome.failure();
      }
    }
    if (!taken_) return nobody_took_it();
    return {};
  }

  [[nodiscard]] std::string run_modules() const { return join(run_modules_, ","); }

 private:
  // The domain is not there: permanent. It could not be asked for: temporary.
  Done find_domain() {
    const auto path = TreePath().child(attempt_.address.domain);
    auto slice = PIGEON_TRY(services_.tree.fetch({path, 1, false, attempt_.deadline}));
    if (!slice) {
      return failure(PIGEON_UNKNOWN_RECIPIENT, path.text() + ": there is no such domain")
          .with_remedy("pigeonctl domain add " + shell_operand(attempt_.address.domain) +
                       ", if it should be there");
    }
    if (!same_name(slice->object.objectclass, tree::kDomain)) {
      return misconfigured(slice->object.path + " is a " + slice->object.objectclass + ", not a " +
                           tree::kDomain);
    }
    attempt_.domain = *std::move(slice);
    attempt_.say("domain " + attempt_.domain.object.path + " found");
    if (PIGEON_TRY(is_enabled(attempt_.domain.object))) return {};
    return disabled("the domain " + attempt_.domain.object.path);
  }

  // Which modules the domain has, in the order of the configuration; what that does not name does not run.
  Done list_steps() {
    for (const auto& name : services_.plugins.configuration().modules) {
      const auto* object = PIGEON_TRY(only_of_class(attempt_.domain.children, name));
      if (object == nullptr) continue;
      PIGEON_TRY(is_forced(*object));
      const bool enabled = PIGEON_TRY(is_enabled(*object));
      attempt_.steps.push_back({name, *object, enabled});
    }
    std::vector<std::string> names;
    for (const auto& step : attempt_.steps) names.push_back(step.module + (step.enabled ? "" : " (off)"));
    attempt_.say("modules of the domain: " + (names.empty() ? "none" : join(names, ", ")));
    return {};
  }

  Result<Outcome> run_step(const Step& step) {
    if (!step.enabled) {
      switched_off_.push_back(step.module);
      attempt_.say(step.module + " is off, by " + step.object.path);
      return Outcome::go_on;
    }
    auto* module = PIGEON_TRY(services_.plugins.open(PIGEON_KIND_MODULE, step.module));
    const auto flags = module->operations<pigeon_module>().flags;
    const bool finds_user = (flags & PIGEON_MODULE_FINDS_USER) != 0;
    if (finds_user && principal_is_settled_) return out_of_order(step.module);
    if (!finds_user) PIGEON_TRY(settle_principal());
    const auto outcome = PIGEON_TRY(run_module(*module, step.object, attempt_, services_));
    if (finds_user && attempt_.principal) PIGEON_TRY(check_user());
    return outcome;
  }

  // A user who is disabled never falls through to the catch-all.
  Done check_user() {
    attempt_.say("the principal is " + attempt_.principal->object.path);
    if (PIGEON_TRY(is_enabled(attempt_.principal->object))) return {};
    return disabled("the user " + attempt_.principal->object.path);
  }

  // No principal, no mail, whatever modules there are.
  Done settle_principal() {
    principal_is_settled_ = true;
    if (attempt_.principal) return {};
    // Nobody is unknown before those were asked who know.
    for (auto later = attempt_.next; later < attempt_.steps.size(); ++later) {
      const auto& [name, object, enabled] = attempt_.steps[later];
      if (enabled && PIGEON_TRY(flags_of(name)) & PIGEON_MODULE_FINDS_USER) return out_of_order(name);
    }
    // Somebody switched off what would have found the user: whether there is one was not asked.
    for (const auto& name : switched_off_) {
      if (PIGEON_TRY(flags_of(name)) & PIGEON_MODULE_FINDS_USER) {
        return disabled("the module " + name + " of " + attempt_.domain.object.path);
      }
    }
    PIGEON_TRY(nobody_was_left_out());
    PIGEON_TRY(nobody_is_hidden());
    if (PIGEON_TRY(flag_of(attempt_.domain.object, "acceptUnknown", false))) {
      attempt_.principal = attempt_.domain;
      attempt_.principal_is_catch_all = true;
      attempt_.say("no such user, and the domain accepts unknown ones: the principal is " +
                   attempt_.domain.object.path);
      return {};
    }
    return failure(PIGEON_UNKNOWN_RECIPIENT, attempt_.address.text() + ": there is no such user")
        .with_remedy("pigeonctl user add " +
                     shell_operand(attempt_.address.user + "@" + attempt_.address.domain) +
                     ", if it should be there");
  }

  // A module that the domain has for finding users, and that the configuration does not name, was not asked.
  Done nobody_was_left_out() {
    const auto& listed = services_.plugins.configuration().modules;
    for (const auto& object : attempt_.domain.children) {
      const auto& name = object.objectclass;
      const auto is_it = [&](const std::string& each) { return same_name(each, name); };
      if (std::any_of(listed.begin(), listed.end(), is_it)) continue;
      if (services_.plugins.index().find(name) == nullptr || loader::kind_of(name) != PIGEON_KIND_MODULE)
        continue;
      if ((PIGEON_TRY(flags_of(name)) & PIGEON_MODULE_FINDS_USER) == 0) continue;
      return misconfigured(name + " finds users for " + attempt_.domain.object.path +
                           ", and \"modules\" of the configuration does not name it")
          .with_remedy("name " + name + " at the front of \"modules\", or remove " + shell_word(object.path) +
                       " if the domain has no users");
    }
    return {};
  }

  // A module that the domain does not show may be hidden by a rule of access; asked for by name, it is not
  // there, or the tree says that it cannot tell.
  Done nobody_is_hidden() {
    for (const auto& name : services_.plugins.configuration().modules) {
      if (PIGEON_TRY(only_of_class(attempt_.domain.children, name)) != nullptr) continue;
      const auto path = TreePath().child(attempt_.address.domain).child(name);
      const auto found = PIGEON_TRY(services_.tree.fetch({path, 0, false, attempt_.deadline}));
      if (!found || !same_name(found->object.objectclass, name)) continue;
      return unavailable("read what is below " + attempt_.domain.object.path + ": " + path.text() +
                         " was not shown, and is there")
          .with_remedy("nothing, if it was made this moment; else see who may read it");
    }
    return {};
  }

  [[nodiscard]] static Failure out_of_order(const std::string& module) {
    return misconfigured(module + " finds the user, and stands behind a module that needs one")
        .with_remedy("move " + module + " to the front of \"modules\" in the configuration");
  }

  // Decided so by an "off": as the configuration says. Otherwise it is our trouble, and the mail waits.
  Done nobody_took_it() {
    PIGEON_TRY(settle_principal());
    for (const auto& name : switched_off_) {
      if (PIGEON_TRY(flags_of(name)) & PIGEON_MODULE_TAKES) {
        return disabled("the module " + name + " for " + attempt_.principal->object.path);
      }
    }
    return misconfigured("no module took the message for " + attempt_.principal->object.path)
        .with_remedy(
            "name a module that stores in \"modules\" of the configuration, and give the domain or the user "
            "an object of that class; see pigeonctl explain " +
            shell_operand(attempt_.address.text()));
  }

  Result<std::uint32_t> flags_of(const std::string& module) {
    return PIGEON_TRY(services_.plugins.open(PIGEON_KIND_MODULE, module))->operations<pigeon_module>().flags;
  }

  // Deferred or refused, as the domain or else the configuration says.
  [[nodiscard]] Failure disabled(const std::string& what) const {
    auto policy = services_.plugins.configuration().disabled;
    if (const auto own = attempt_.domain.object.attributes.all("disabled"); !own.empty()) {
      if (own.size() != 1 || (own.front() != "defer" && own.front() != "reject")) {
        return misconfigured("property 'disabled' of " + attempt_.domain.object.path + " is '" +
                             printable(join(own, "', '")) + "', which is neither defer nor reject")
            .with_remedy("pigeonctl tree set " + shell_word(attempt_.domain.object.path) +
                         " disabled=defer (or reject)");
      }
      policy = own.front() == "reject" ? Disabled::reject : Disabled::defer;
    }
    const auto detail = what + " is switched off";
    if (policy == Disabled::reject) {
      return failure(PIGEON_REFUSED, detail).with_reason({5, 2, 1}, "mailbox disabled");
    }
    return temporary(detail)
        .with_remedy("set enable=TRUE on it, or have such mail refused with \"disabled\": \"reject\"")
        .with_reason({4, 2, 1}, "mailbox disabled; it will be tried again");
  }

  void warn(const Failure& met) {
    auto fields = fields_of(met);
    fields.insert(fields.begin(), {{"recipient", attempt_.address.text()}, {"delivery", attempt_.id}});
    services_.log.write(PIGEON_LOG_WARNING, "after-delivery", fields);
  }

  Attempt& attempt_;
  Services& services_;
  std::vector<std::string> switched_off_;
  std::vector<std::string> run_modules_;
  bool principal_is_settled_ = false;
  bool taken_ = false;
};

}  // namespace

Verdict deliver(Attempt& attempt, Services& services) {
  Chain chain(attempt, services);
  const auto result = chain.run();
  auto verdict = result ? Verdict::delivered() : Verdict::of(result.failure());
  if (attempt.principal) verdict.facts.emplace_back("principal", attempt.principal->object.path);
  verdict.facts.emplace_back("delivery", attempt.id);
  verdict.facts.insert(verdict.facts.end(), attempt.facts.begin(), attempt.facts.end());
  verdict.facts.emplace_back("modules", chain.run_modules());
  return verdict;
}

}  // namespace pigeon::host
