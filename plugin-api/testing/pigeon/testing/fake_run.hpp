// SPDX-License-Identifier: MIT
//
// A delivery for a module under test: its object, its domain, its envelope; and a record of what it asked of
// the host.
#pragma once

#include <pigeon/sdk/module.hpp>
#include <pigeon/testing/fake_tree.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pigeon::testing {

class FakeRun {
 public:
  struct Given {
    std::string local_part = "alice";
    std::string user = "alice";
    std::string detail = {};
    std::string domain = "example.com";
    std::string folder = {};
    std::string message = "Subject: x\n\nx\n";
    std::vector<std::string> order = {};
    bool is_dry = false;
  };

  // The module's object, and the domain's with its children, are read from the tree.
  FakeRun(FakeTree& tree, const std::string& module_object, Given given)
      : tree_(tree), given_(std::move(given)) {
    object_ = fetch_slice(module_object).object;
    domain_ = fetch_slice("/" + given_.domain);
  }

  template <typename Module>
  Result<Outcome> run(Module& module) {
    return lend([&](const pigeon_run& run) {
      Run seen(run);
      return Result<Outcome>(module.run(seen));
    });
  }

  // As the host does: for a plugin that was loaded.
  Result<Outcome> run(const pigeon_module& module, void* instance) {
    return lend([&](const pigeon_run& run) -> Result<Outcome> {
      auto error = blank_error();
      std::uint32_t outcome = 0;
      const auto status = module.run(instance, &run, &outcome, &error);
      if (status != PIGEON_OK) return copy(error, status);
      return static_cast<Outcome>(outcome);
    });
  }

  // What the module has been given, or did.
  std::optional<Slice> principal;
  std::vector<Step> steps;
  std::vector<std::pair<std::string, std::string>> allocated;  // creator, MDA
  std::vector<std::pair<std::string, std::string>> stored;     // MDA, folder
  std::vector<std::string> explained;
  // What `allocate` and `store` answer.
  std::optional<Failure> allocation_failure;
  std::optional<Failure> store_failure;

 private:
  Slice fetch_slice(const std::string& path) {
    auto found = tree_.fetch({*TreePath::parse(path), 1, false, Deadline()});
    auto slice = slice_of(found && *found ? **found : Objects{{.path = path, .objectclass = "none"}});
    return *std::move(slice);
  }
  template <typename Call>
  Result<Outcome> lend(Call&& call) {
    const auto recipient = given_.local_part + "@" + given_.domain;
    const pigeon_envelope envelope = {sizeof envelope,
                                      0,
                                      borrow("sender@example.org"),
                                      borrow(recipient),
                                      {},
                                      borrow(given_.local_part),
                                      borrow(given_.user),
                                      borrow(given_.detail),
                                      borrow(given_.domain),
                                      borrow(given_.folder),
                                      {}};
    const pigeon_message message = {sizeof message, 0, nullptr, 0, borrow(given_.message)};
    const LentObject object(object_);
    const LentSlice domain(domain_);
    const LentStrings order(given_.order);
    std::optional<LentSlice> lent_principal;
    if (principal) lent_principal.emplace(*principal);
    const pigeon_run run = {sizeof run,
                            given_.is_dry ? PIGEON_RUN_DRY : 0,
                            Deadline::in(std::chrono::seconds(10)).value(),
                            &envelope,
                            &message,
                            &object.get(),
                            &domain.get(),
                            lent_principal ? &lent_principal->get() : nullptr,
                            order.data(),
                            order.size(),
                            this,
                            fetch,
                            set_principal,
                            replace_steps,
                            allocate,
                            store,
                            explain};
    return call(run);
  }

  static FakeRun& of(void* context) { return *static_cast<FakeRun*>(context); }

  static pigeon_status fetch(void* context, pigeon_string name, std::uint32_t depth,
                             const pigeon_object_sink* sink, pigeon_error* error) noexcept {
    auto& self = of(context);
    const auto top = *TreePath::parse(self.object_.path);
    const auto path = name.size == 0 ? top : top.child(view(name));
    const auto found = self.tree_.fetch({path, depth, false, Deadline()});
    return DatatreeOperations<FakeTree>::give(found, sink, error);
  }
  static pigeon_status set_principal(void* context, const pigeon_slice* user,
                                     pigeon_error* /*error*/) noexcept {
    of(context).principal = copy(*user);
    return PIGEON_OK;
  }
  static pigeon_status replace_steps(void* context, const pigeon_step* steps, std::size_t count,
                                     pigeon_error* /*error*/) noexcept {
    for (const auto& step : std::span(steps, count)) {
      of(context).steps.push_back({copy(step.module), copy(*step.object), step.enabled != 0});
    }
    return PIGEON_OK;
  }
  static pigeon_status allocate(void* context, pigeon_string creator, pigeon_string mda,
                                pigeon_error* error) noexcept {
    of(context).allocated.emplace_back(copy(creator), copy(mda));
    const auto& failure = of(context).allocation_failure;
    return failure ? report(*failure, error) : PIGEON_OK;
  }
  static pigeon_status store(void* context, pigeon_string mda, pigeon_string folder,
                             pigeon_error* error) noexcept {
    of(context).stored.emplace_back(copy(mda), copy(folder));
    const auto& failure = of(context).store_failure;
    return failure ? report(*failure, error) : PIGEON_OK;
  }
  static void explain(void* context, pigeon_string line) noexcept {
    of(context).explained.push_back(copy(line));
  }

  FakeTree& tree_;
  Given given_;
  Object object_;
  Slice domain_;
};

}  // namespace pigeon::testing
