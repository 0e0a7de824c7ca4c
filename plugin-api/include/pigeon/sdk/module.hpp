// SPDX-License-Identifier: MIT
//
// A module in C++: a class with `Result<Outcome> run(Run&)` and what plugin.hpp says of every instance; then
// PIGEON_MODULE(Class, flags, kAbout). What a module may do is in pigeon/abi/module.h.
#pragma once

#include <pigeon/abi/module.h>
#include <pigeon/sdk/datatree.hpp>
#include <pigeon/sdk/message.hpp>
#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/plugin.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pigeon::inline v0 {

enum class Outcome : std::uint32_t {
  go_on = PIGEON_OUTCOME_GO_ON,
  taken = PIGEON_OUTCOME_TAKEN,
  done = PIGEON_OUTCOME_DONE,
};

// A module still to run, and the object that configures it.
struct Step {
  std::string module;
  Object object;
  bool enabled = true;
};

// One delivery, seen from one module.
class Run {
 public:
  explicit Run(const pigeon_run& run) : run_(&run) {}

  [[nodiscard]] bool is_dry() const { return (run_->flags & PIGEON_RUN_DRY) != 0; }
  [[nodiscard]] Deadline deadline() const { return Deadline(run_->deadline); }
  [[nodiscard]] Envelope envelope() const { return Envelope(*run_->envelope); }
  [[nodiscard]] Message message() const { return Message(*run_->message); }
  [[nodiscard]] Object object() const { return copy(*run_->object); }
  [[nodiscard]] Slice domain() const { return copy(*run_->domain); }
  [[nodiscard]] std::optional<Slice> principal() const {
    if (run_->principal == nullptr) return std::nullopt;
    return copy(*run_->principal);
  }
  [[nodiscard]] std::vector<std::string> order() const {
    std::vector<std::string> names;
    for (const auto& name : std::span(run_->order, run_->order_count)) names.push_back(copy(name));
    return names;
  }

  // The object of this name below the module's own, and what is one level below it.
  [[nodiscard]] Result<std::optional<Slice>> fetch(std::string_view name) const {
    Collector found(kMostBelow);
    auto error = blank_error();
    const auto status = run_->fetch(run_->context, borrow(name), 1, found.sink(), &error);
    if (status == PIGEON_NOT_THERE) return std::nullopt;
    if (status != PIGEON_OK) return copy(error, status);
    auto objects = PIGEON_TRY(std::move(found).take());
    return PIGEON_TRY(slice_of(std::move(objects)));
  }
  [[nodiscard]] Done set_principal(const Slice& user) const {
    const LentSlice lent(user);
    return call([&](auto* error) { return run_->set_principal(run_->context, &lent.get(), error); });
  }
  [[nodiscard]] Done replace_steps(const std::vector<Step>& steps) const {
    std::vector<LentObject> objects;
    objects.reserve(steps.size());
    std::vector<pigeon_step> lent;
    for (const auto& step : steps) {
      lent.push_back(
          {borrow(step.module), &objects.emplace_back(step.object).get(), step.enabled ? 1U : 0U, 0});
    }
    return call(
        [&](auto* error) { return run_->replace_steps(run_->context, lent.data(), lent.size(), error); });
  }
  [[nodiscard]] Done allocate(std::string_view creator, std::string_view mda) const {
    return call(
        [&](auto* error) { return run_->allocate(run_->context, borrow(creator), borrow(mda), error); });
  }
  [[nodiscard]] Done store(std::string_view mda, std::string_view folder) const {
    return call([&](auto* error) { return run_->store(run_->context, borrow(mda), borrow(folder), error); });
  }
  void explain(const std::string& line) const { run_->explain(run_->context, borrow(line)); }

 private:
  static constexpr std::size_t kMostBelow = 1000;

  template <typename Call>
  static Done call(Call&& service) {
    auto error = blank_error();
    if (const auto status = service(&error); status != PIGEON_OK) return copy(error, status);
    return {};
  }

  const pigeon_run* run_;
};

template <typename T>
pigeon_status run_module(void* instance, const pigeon_run* run, std::uint32_t* outcome,
                         pigeon_error* error) noexcept {
  return guard(error, [&]() -> pigeon_status {
    Run delivery(*run);
    const Result<Outcome> result = Instance<T>::of(instance).run(delivery);
    if (!result) return report(result.failure(), error);
    *outcome = static_cast<std::uint32_t>(*result);
    return PIGEON_OK;
  });
}

}  // namespace pigeon::inline v0

#define PIGEON_MODULE(type_, flags_, about_)                                                  \
  static constexpr pigeon_module pigeon_plugin_operations = {sizeof(pigeon_module), (flags_), \
                                                             ::pigeon::run_module<type_>};    \
  PIGEON_PLUGIN(PIGEON_KIND_MODULE, type_, pigeon_plugin_operations, about_)
