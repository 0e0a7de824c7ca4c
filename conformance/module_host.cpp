// SPDX-License-Identifier: MIT
#include "conformance/module_host.hpp"

#include "conformance/allocations.hpp"
#include "conformance/error_form.hpp"

#include <pigeon/sdk/plugin.hpp>
#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <span>

namespace pigeon::conformance {
namespace {

constexpr std::size_t kMostLent = 4;

// A value that this declaration allows.
std::string some_value(const pigeon_declaration& declared) {
  if (declared.default_value != nullptr) return declared.default_value;
  if (declared.type == PIGEON_TYPE_BOOLEAN) return "TRUE";
  if (declared.type == PIGEON_TYPE_CHOICE) return std::string(split(declared.choices, '|').front());
  return declared.type == PIGEON_TYPE_TEXT ? "something" : "100";
}

Object object_of(const pigeon_plugin& plugin) {
  Object object{.path = std::string("/example.com/") + plugin.name, .objectclass = plugin.name};
  for (const auto* each : std::span(plugin.classes, plugin.class_count)) {
    if (!same_name(each->name, plugin.name)) continue;
    for (const auto& declared : std::span(each->attributes, each->attribute_count)) {
      if ((declared.flags & PIGEON_DECLARATION_MANDATORY) != 0)
        object.attributes.set(declared.name, some_value(declared));
    }
  }
  return object;
}

}  // namespace

int ModuleHost::Answer::count(const std::string& service) const {
  return static_cast<int>(
      std::count_if(calls.begin(), calls.end(), [&](const auto& call) { return call.service == service; }));
}

std::string ModuleHost::Answer::told() const {
  std::string text;
  for (const auto& call : calls) text += call.service + "(" + printable(call.with) + "); ";
  text += "status " + shown(status);
  return status == PIGEON_OK ? text + ", outcome " + std::to_string(outcome) : text;
}

// One delivery, and the services for it.
struct ModuleHost::Delivery {
  const ModuleHost* host = nullptr;
  const Scene* scene = nullptr;
  LentMemory* lent = nullptr;
  Answer answer = {};

  static Delivery& of(void* context) { return *static_cast<Delivery*>(context); }

  pigeon_status called(const std::string& service, std::string with, pigeon_error* error) {
    answer.calls.push_back({service, std::move(with)});
    if (service != scene->failing || answer.count(service) < scene->from_call) return PIGEON_OK;
    answer.calls.back().answer = scene->failure;
    return report(failure(scene->failure, service + " fails, as it was told to"), error);
  }

  static pigeon_status fetch(void* context, pigeon_string name, std::uint32_t depth,
                             const pigeon_object_sink* sink, pigeon_error* error) noexcept {
    const HostCall called;
    auto& self = of(context);
    if (const auto status = self.called("fetch", copy(name), error); status != PIGEON_OK) return status;
    if (name.size == 0) {
      sink->object(sink->context, self.lent->object(self.host->object_));
      return PIGEON_OK;
    }
    if (view(name) != "alice") return PIGEON_NOT_THERE;
    if (sink->object(sink->context, self.lent->object(self.host->alice_.object)) != 0 || depth == 0)
      return PIGEON_OK;
    for (const auto& child : self.host->alice_.children) {
      if (sink->object(sink->context, self.lent->object(child)) != 0) break;
    }
    return PIGEON_OK;
  }
  static pigeon_status set_principal(void* context, const pigeon_slice* user, pigeon_error* error) noexcept {
    const HostCall called;
    const auto& object = *user->object;
    return of(context).called("set_principal", copy(object.objectclass) + " " + copy(object.path), error);
  }
  static pigeon_status replace_steps(void* context, const pigeon_step* steps, std::size_t count,
                                     pigeon_error* error) noexcept {
    const HostCall called;
    std::vector<std::string> modules;
    for (const auto& step : std::span(steps, count))
      modules.push_back(copy(step.module) + " by " + copy(step.object->path));
    return of(context).called("replace_steps", join(modules, ", "), error);
  }
  static pigeon_status allocate(void* context, pigeon_string creator, pigeon_string mda,
                                pigeon_error* error) noexcept {
    const HostCall called;
    return of(context).called("allocate", copy(creator) + ", " + copy(mda), error);
  }
  static pigeon_status store(void* context, pigeon_string mda, pigeon_string folder,
                             pigeon_error* error) noexcept {
    const HostCall called;
    return of(context).called("store", copy(mda) + ", " + copy(folder), error);
  }
  static void explain(void* context, pigeon_string line) noexcept {
    const HostCall called;
    of(context).answer.explained.push_back(copy(line));
  }

  const pigeon_run* lend() {
    const auto local_part = scene->user + (scene->detail.empty() ? "" : "+" + scene->detail);
    const pigeon_envelope envelope = {sizeof envelope,
                                      0,
                                      lent->text(scene->sender),
                                      lent->text(local_part + "@example.com"),
                                      lent->text(""),
                                      lent->text(local_part),
                                      lent->text(scene->user),
                                      lent->text(scene->detail),
                                      lent->text("example.com"),
                                      lent->text(scene->folder),
                                      lent->text("4ABC123")};
    const std::vector<pigeon_string> prefix = {lent->text("Return-Path: <" + scene->sender + ">\n")};
    const pigeon_message message = {sizeof message, 0, lent->put(prefix), prefix.size(),
                                    lent->text(scene->message)};
    std::vector<pigeon_string> order;
    for (const auto& name : host->order_) order.push_back(lent->text(name));
    return lent->put(pigeon_run{
        sizeof(pigeon_run), scene->is_dry ? PIGEON_RUN_DRY : 0, scene->deadline.value(), lent->put(envelope),
        lent->put(message), lent->object(host->object_), lent->slice(host->domain_),
        host->finds_user() ? nullptr : lent->slice(host->alice_), lent->put(order), order.size(), this, fetch,
        set_principal, replace_steps, allocate, store, explain});
  }
};

ModuleHost::ModuleHost(const Trial& trial, const pigeon_plugin& plugin)
    : flags_(static_cast<const pigeon_module*>(plugin.operations)->flags), object_(object_of(plugin)) {
  domain_.object = {.path = "/example.com", .objectclass = tree::kDomain};
  alice_.object = {.path = "/example.com/mailUsers/alice", .objectclass = tree::kUser};
  for (const auto* module : {"mailUsers", "mailStore"}) {
    if (!same_name(trial.name(), module))
      domain_.children.push_back({.path = std::string("/example.com/") + module, .objectclass = module});
  }
  domain_.children.push_back(object_);
  if (same_name(trial.name(), "mailStore")) return;
  order_ = {"mailStore"};
  alice_.children.push_back({.path = alice_.object.path + "/mailStore", .objectclass = "mailStore"});
}

ModuleHost::Answer ModuleHost::run(const Instance& instance, const Scene& scene) {
  if (lent_.size() == kMostLent) lent_.erase(lent_.begin());
  lent_.push_back(std::make_unique<LentMemory>());
  Delivery delivery = {this, &scene, lent_.back().get(), {}};
  const auto* run = delivery.lend();
  auto& answer = delivery.answer;
  answer.outcome = PIGEON_OUTCOME_GO_ON;
  const auto module = instance.operations<pigeon_module>();
  {
    const PluginCall call;
    answer.status = module.run(instance.get(), run, &answer.outcome, &answer.error);
  }
  if (scene.deadline.passed()) {
    const auto now = Deadline::at(Clock::now()).value();
    answer.late = nanoseconds(now - scene.deadline.value());
  }
  lent_.back()->take_back();
  return answer;
}

}  // namespace pigeon::conformance
