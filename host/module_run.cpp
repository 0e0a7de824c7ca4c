// SPDX-License-Identifier: MIT
#include "host/module_run.hpp"

#include "host/delivery_id.hpp"
#include "host/supervisor.hpp"

#include <pigeon/abi/mda.h>
#include <pigeon/sdk/plugin.hpp>
#include <pigeon/sdk/tree_words.hpp>

#include <exception>
#include <optional>
#include <span>

namespace pigeon::host {
namespace {

class ModuleRun {
 public:
  ModuleRun(Opened& module, const Object& object, Attempt& attempt, Services& services)
      : module_(module), object_(object), attempt_(attempt), services_(services) {
    const auto& address = attempt.address;
    envelope_ = {sizeof envelope_,
                 0,
                 borrow(attempt.sender),
                 borrow(recipient_),
                 borrow(attempt.request.original_recipient),
                 borrow(address.local_part),
                 borrow(address.user),
                 borrow(address.detail),
                 borrow(address.domain),
                 borrow(attempt.request.folder),
                 borrow(attempt.request.queue_id)};
    for (const auto& name : services.plugins.configuration().modules) {
      if (after_own_) order_.push_back(borrow(name));
      after_own_ = after_own_ || same_name(name, module.name());
    }
  }

  Result<Outcome> run() {
    const LentObject own(object_);
    const LentSlice domain(attempt_.domain);
    std::optional<LentSlice> principal;
    if (attempt_.principal) principal.emplace(*attempt_.principal);
    const pigeon_run given = {sizeof given,
                              attempt_.is_dry ? PIGEON_RUN_DRY : 0,
                              attempt_.deadline.value(),
                              &envelope_,
                              attempt_.message,
                              &own.get(),
                              &domain.get(),
                              principal ? &principal->get() : nullptr,
                              order_.data(),
                              order_.size(),
                              this,
                              fetch,
                              set_principal,
                              replace_steps,
                              allocate,
                              store,
                              explain};
    auto error = blank_error();
    std::uint32_t outcome = PIGEON_OUTCOME_GO_ON;
    const InPlugin mark(module_.name(), "run");
    const auto operations = module_.operations<pigeon_module>();
    if (operations.run == nullptr) return bug("has no function to run");
    const auto status = operations.run(module_.instance(), &given, &outcome, &error);
    if (status != PIGEON_OK) return copy(error, status).while_doing(std::string(module_.name()));
    if (outcome > PIGEON_OUTCOME_DONE) return bug("gave the outcome " + std::to_string(outcome));
    if (outcome != PIGEON_OUTCOME_GO_ON && (operations.flags & PIGEON_MODULE_TAKES) == 0) {
      return bug("took the message, which it does not declare that it may");
    }
    return static_cast<Outcome>(outcome);
  }

 private:
  static ModuleRun& of(void* context) { return *static_cast<ModuleRun*>(context); }

  [[nodiscard]] Failure bug(const std::string& why) const {
    return failure(PIGEON_BUG, "module " + std::string(module_.name()) + " " + why)
        .with_remedy("report this to whoever made the plugin");
  }

  static pigeon_status fetch(void* context, pigeon_string name, std::uint32_t depth,
                             const pigeon_object_sink* sink, pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      auto& self = of(context);
      const auto top = TreePath::parse(self.object_.path);
      const bool is_name = name.size == 0 || TreePath::is_name(view(name));
      if (!top || !is_name) return report(self.bug("asks for an object whose name cannot be one"), error);
      const auto path = name.size == 0 ? *top : top->child(view(name));
      const auto slice = self.services_.tree.fetch({path, depth, false, self.attempt_.deadline});
      if (!slice) return report(slice.failure(), error);
      if (!*slice) return PIGEON_NOT_THERE;
      bool wanted = sink->object(sink->context, &LentObject((*slice)->object).get()) == 0;
      for (auto child = (*slice)->children.begin(); wanted && child != (*slice)->children.end(); ++child) {
        wanted = sink->object(sink->context, &LentObject(*child).get()) == 0;
      }
      return PIGEON_OK;
    });
  }

  static pigeon_status set_principal(void* context, const pigeon_slice* user, pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      auto& self = of(context);
      const auto flags = self.module_.operations<pigeon_module>().flags;
      if ((flags & PIGEON_MODULE_FINDS_USER) == 0) return report(self.bug("found a user, undeclared"), error);
      if (self.attempt_.principal) return report(self.bug("found a user where there is one"), error);
      self.attempt_.principal = copy(*user);
      return PIGEON_OK;
    });
  }

  static pigeon_status replace_steps(void* context, const pigeon_step* steps, std::size_t count,
                                     pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      auto& attempt = of(context).attempt_;
      attempt.steps.resize(attempt.next);
      for (const auto& step : std::span(steps, count)) {
        attempt.steps.push_back({copy(step.module), copy(*step.object), step.enabled != 0});
      }
      return PIGEON_OK;
    });
  }

  static pigeon_status allocate(void* context, pigeon_string creator, pigeon_string mda,
                                pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      auto& self = of(context);
      if (!self.attempt_.principal) return report(self.bug("wants a mailbox for nobody"), error);
      auto allocation =
          self.services_.allocator.allocate(self.attempt_, self.object_, view(creator), view(mda));
      if (!allocation) return report(allocation.failure(), error);
      self.attempt_.allocation = {copy(mda), *std::move(allocation)};
      self.attempt_.allocated_for = self.object_;
      return PIGEON_OK;
    });
  }

  static pigeon_status store(void* context, pigeon_string mda, pigeon_string folder,
                             pigeon_error* error) noexcept {
    return guard(error, [&] { return answer(of(context).store_in(copy(mda), copy(folder)), error); });
  }

  static void explain(void* context, pigeon_string line) noexcept {
    try {
      const auto& self = of(context);
      if (self.attempt_.explain) self.attempt_.explain(self.module_.name(), copy(line));
    } catch (const std::exception&) {
      return;  // an explanation that is lost changes nothing
    }
  }

  Done store_in(const std::string& mda_name, const std::string& folder) {
    if (!attempt_.allocation || !same_name(attempt_.allocation->first, mda_name)) {
      return bug("stores with " + printable(mda_name) + " before it has a mailbox there");
    }
    auto* mda = PIGEON_TRY(services_.plugins.open(PIGEON_KIND_MDA, mda_name));
    const auto preferences = PIGEON_TRY(Allocator::preferences(object_, *mda));
    if (attempt_.is_dry) {
      PIGEON_TRY(look_into(*mda));
      attempt_.say("the message would be stored by " + mda_name +
                   (folder.empty() ? "" : " in folder " + folder));
      return {};
    }
    const auto& principal = attempt_.principal->object.path;
    attempt_.id = delivery_id({attempt_.request.queue_id, principal, folder, attempt_.sender},
                              *attempt_.parsed, attempt_.is_mapped);
    const auto& allocation = attempt_.allocation->second;
    const LentAllocation allocated(allocation);
    const LentAttributes preferred(preferences.attributes());
    auto error = blank_error();
    pigeon_receipt receipt = {};
    receipt.size = sizeof receipt;
    receipt.status = PIGEON_BUG;
    receipt.error = &error;
    const pigeon_delivery delivery = {sizeof delivery,
                                      attempt_.request.queue_id.empty() ? 0 : PIGEON_DELIVERY_ID_IS_UNIQUE,
                                      attempt_.deadline.value(),
                                      borrow(attempt_.id),
                                      &allocated.get(),
                                      preferred.data(),
                                      preferred.size(),
                                      borrow(folder),
                                      &envelope_,
                                      attempt_.message,
                                      &receipt,
                                      0,
                                      0,
                                      0};
    services_.store.store(mda_name, delivery);
    return note(receipt, mda_name);
  }

  // A mailbox that is ready but cannot be opened would be trouble: listed up to its first message, if the MDA
  // can.
  Done look_into(Opened& mda) {
    const auto operations = mda.operations<pigeon_mda>();
    const auto standing = PIGEON_TRY(standing_allocation(attempt_.principal->object));
    if (operations.list == nullptr || !standing || !standing->is_ready) return {};
    const LentAllocation allocated(attempt_.allocation->second);
    const pigeon_entry_sink sink = {sizeof sink, 0, nullptr,
                                    [](void*, const pigeon_entry*) noexcept { return std::uint32_t{1}; }};
    auto error = blank_error();
    const InPlugin mark(mda.name(), "list");
    const auto status =
        operations.list(mda.instance(), &allocated.get(), attempt_.deadline.value(), &sink, &error);
    return status == PIGEON_OK ? Done() : Done(copy(error, status));
  }

  Done note(const pigeon_receipt& receipt, const std::string& mda) {
    auto& facts = attempt_.facts;
    facts.emplace_back("mda", mda);
    if (receipt.status != PIGEON_OK) {
      auto met = copy(*receipt.error, receipt.status);
      if (met.detail.empty()) met.detail = mda + " did not answer a delivery";
      return met;
    }
    facts.emplace_back("stored",
                       std::string(receipt.stored, ::strnlen(receipt.stored, sizeof receipt.stored)));
    if ((receipt.flags & PIGEON_RECEIPT_ALREADY_THERE) != 0) facts.emplace_back("already-there", "yes");
    if ((receipt.flags & PIGEON_RECEIPT_NO_SUCH_FOLDER) != 0) facts.emplace_back("no-such-folder", "yes");
    return {};
  }

  Opened& module_;
  const Object& object_;
  Attempt& attempt_;
  Services& services_;
  std::string recipient_ = attempt_.address.text();
  pigeon_envelope envelope_ = {};
  std::vector<pigeon_string> order_;
  bool after_own_ = false;
};

}  // namespace

Result<Outcome> run_module(Opened& module, const Object& object, Attempt& attempt, Services& services) {
  return ModuleRun(module, object, attempt, services).run();
}

}  // namespace pigeon::host
