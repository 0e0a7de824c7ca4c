// SPDX-License-Identifier: MIT
#include "conformance/tree_rounds.hpp"

#include "conformance/allocations.hpp"

#include <pigeon/abi/datatree.h>
#include <pigeon/sdk/datatree.hpp>

#include <deque>
#include <utility>

namespace pigeon::conformance {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);

std::string path_of_domain(const std::string& domain) {
  return "/" + domain + ".example";
}

std::vector<Change> set_values(bool is_new) {
  return {Change::set("acceptUnknown", is_new ? "TRUE" : "FALSE"),
          Change::set("disabled", is_new ? "reject" : "defer")};
}

Answer apply(Instance& instance, const std::string& path, const std::vector<Change>& changes) {
  std::deque<LentStrings> values;
  std::vector<pigeon_change> lent;
  for (const auto& change : changes) {
    const auto& strings = values.emplace_back(change.values);
    lent.push_back({change.kind, 0, borrow(change.name), strings.data(), strings.size()});
  }
  const pigeon_update update = {.size = sizeof update,
                                .reserved = 0,
                                .deadline = Deadline::in(kPatience).value(),
                                .path = borrow(path),
                                .changes = lent.data(),
                                .change_count = lent.size(),
                                .preconditions = nullptr,
                                .precondition_count = 0,
                                .token = nullptr};
  auto error = blank_error();
  const auto status = [&] {
    const PluginCall call;
    return instance.operations<pigeon_datatree>().apply(instance.get(), &update, &error);
  }();
  return Answer(copy(error, status));
}

// Says the answer, and the values.
void say_fetched(Stage& stage, Instance& instance, const std::string& path,
                 std::chrono::seconds patience = kPatience) {
  const pigeon_fetch request = {sizeof request, 0, Deadline::in(patience).value(), borrow(path), 0, 0};
  Collector collector(10);
  const pigeon_object_sink sink = {sizeof sink, 0, &collector,
                                   [](void* context, const pigeon_object* object) noexcept {
                                     const HostCall called;
                                     const auto* inner = static_cast<Collector*>(context)->sink();
                                     return inner->object(inner->context, object);
                                   }};
  auto error = blank_error();
  const auto status = [&] {
    const PluginCall call;
    return instance.operations<pigeon_datatree>().fetch(instance.get(), &request, &sink, &error);
  }();
  stage.say(Answer(copy(error, status)).text());
  const auto objects = std::move(collector).take();
  if (!objects || objects->size() != 1) return stage.say("not one object");
  const auto& attributes = objects->front().attributes;
  const auto accepts = std::string(attributes.get("acceptUnknown").value_or("none"));
  const auto disabled = std::string(attributes.get("disabled").value_or("none"));
  if (accepts == "FALSE" && disabled == "defer") return stage.say(TreeRounds::kOld);
  if (accepts == "TRUE" && disabled == "reject") return stage.say(TreeRounds::kNew);
  stage.say("acceptUnknown=" + accepts + " and disabled=" + disabled);
}

Trace alone(const Work& work) {
  return Companion(work).wait();
}

Answer first_answer(const Trace& done) {
  if (!done.broken.empty()) return {PIGEON_BUG, done.broken};
  if (!done.ended() || done.said.empty()) return {PIGEON_BUG, done.how_it_ended()};
  return Answer::parse(done.said.front());
}

std::string trouble_of(const Answer& answer) {
  return answer.is_ok() ? "" : answer.shown();
}

}  // namespace

Work TreeRounds::with_tree(std::function<void(Stage&, Instance&)> body) const {
  return [this, body = std::move(body)](Stage& stage) {
    const auto settings = trial_->settings();
    auto instance = settings ? trial_->open_with(*settings) : settings.failure();
    if (!instance) return stage.say(Answer(instance.failure()).text());
    body(stage, **instance);
  };
}

std::string TreeRounds::cannot_apply() const {
  const auto looked = alone(with_tree([](Stage& stage, Instance& instance) {
    const auto tree = instance.operations<pigeon_datatree>();
    stage.say((tree.capabilities & PIGEON_DATATREE_APPLY) != 0 ? "yes" : "no");
  }));
  const bool cannot = looked.ended() && looked.said == std::vector<std::string>{"no"};
  return cannot ? "it does not write (PIGEON_DATATREE_APPLY)" : "";
}

std::string TreeRounds::begin() {
  return trouble_of(first_answer(alone([&](Stage& stage) {
    const auto instance = trial_->open();
    stage.say(Answer(instance ? Done() : Done(instance.failure())).text());
  })));
}

std::string TreeRounds::create(const std::string& domain) {
  return trouble_of(first_answer(alone(with_tree([&](Stage& stage, Instance& instance) {
    auto changes = set_values(false);
    changes.insert(changes.begin(), Change::create(tree::kDomain));
    stage.say(apply(instance, path_of_domain(domain), changes).text());
  }))));
}

Work TreeRounds::changing(std::vector<std::string> domains) const {
  return with_tree([domains = std::move(domains)](Stage& stage, Instance& instance) {
    stage.begin();
    for (const auto& domain : domains)
      stage.say(apply(instance, path_of_domain(domain), set_values(true)).text());
  });
}

Work TreeRounds::changing_again(const std::string& domain) const {
  return with_tree([domain](Stage& stage, Instance& instance) {
    stage.begin();
    const auto first = apply(instance, path_of_domain(domain), set_values(true));
    stage.end();
    stage.say(first.text());
    stage.say(apply(instance, path_of_domain(domain), set_values(true)).text());
  });
}

Work TreeRounds::changing_and_looking(const std::string& domain) const {
  return with_tree([domain](Stage& stage, Instance& instance) {
    stage.begin();
    const auto first = apply(instance, path_of_domain(domain), set_values(true));
    stage.end();
    stage.say(first.text());
    say_fetched(stage, instance, path_of_domain(domain));
    stage.say(apply(instance, path_of_domain(domain), set_values(true)).text());
  });
}

Work TreeRounds::fetching_again(const std::string& domain) const {
  return with_tree([domain](Stage& stage, Instance& instance) {
    stage.begin();
    say_fetched(stage, instance, path_of_domain(domain));
    stage.end();
    say_fetched(stage, instance, path_of_domain(domain));
  });
}

Work TreeRounds::fetching_within(const std::string& domain, std::chrono::seconds patience) const {
  return with_tree([domain, patience](Stage& stage, Instance& instance) {
    const auto begun = Clock::now();
    stage.begin();
    say_fetched(stage, instance, path_of_domain(domain), patience);
    stage.end();
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
    say_fetched(stage, instance, path_of_domain(domain));
    stage.say(std::to_string(took.count()));
  });
}

Answer TreeRounds::change(const std::string& domain) const {
  return first_answer(alone(changing({domain})));
}

Seen TreeRounds::fetch(const std::string& domain) const {
  const auto done = alone(fetching_again(domain));
  if (done.said.size() < 2) return {first_answer(done), ""};
  return seen(done.said, 0);
}

Seen TreeRounds::seen(const std::vector<std::string>& said, std::size_t at) {
  if (said.size() < at + 2) return {};
  return {Answer::parse(said[at]), said[at + 1]};
}

}  // namespace pigeon::conformance
