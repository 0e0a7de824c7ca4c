// SPDX-License-Identifier: MIT
#include "host/plugins.hpp"

#include "host/supervisor.hpp"

#include <pigeon/sdk/plugin.hpp>

#include <algorithm>
#include <exception>
#include <span>

namespace pigeon::host {
namespace {

Failure used_as_another(std::uint32_t kind, std::string_view name, std::uint32_t theirs) {
  return misconfigured("use plugin " + printable(name) + " as " + loader::a_kind(kind) + ": it is " +
                       loader::a_kind(theirs))
      .with_remedy("name " + loader::a_kind(kind) + " there");
}

}  // namespace

Opened::Opened(const loader::Library& library, Log& log)
    : library_(&library), log_(&log), services_{sizeof services_, PIGEON_API_MINOR, this, write_log} {}

Opened::~Opened() {
  const InPlugin mark(name(), "close");
  if (is_open_) descriptor().close(instance_);
}

void Opened::write_log(void* context, std::uint32_t level, pigeon_string message) noexcept {
  try {
    const auto& self = *static_cast<const Opened*>(context);
    self.log_->write(level, "plugin", {{"plugin", std::string(self.name())}, {"text", copy(message)}});
  } catch (const std::exception&) {
    return;  // no memory for a log record: the record is lost, the delivery is not
  }
}

Result<std::unique_ptr<Opened>> Opened::open(const loader::Library& library, const Settings& settings,
                                             Log& log) {
  std::unique_ptr<Opened> opened(new Opened(library, log));
  const LentAttributes lent(settings.attributes());
  const pigeon_settings given = {sizeof given, 0, lent.data(), lent.size()};
  auto error = blank_error();
  const InPlugin mark(opened->name(), "open");
  const auto status = opened->descriptor().open(&opened->services_, &given, &opened->instance_, &error);
  if (status != PIGEON_OK)
    return copy(error, status).while_doing("open plugin " + std::string(opened->name()));
  opened->is_open_ = true;
  return opened;
}

const pigeon_class* Opened::declared_class(std::string_view name) const {
  for (const auto* each : std::span(descriptor().classes, descriptor().class_count)) {
    if (same_name(each->name, name)) return each;
  }
  return nullptr;
}

Done Opened::initialize(const pigeon_schema& schema, Deadline deadline) {
  if (descriptor().initialize == nullptr) return {};
  auto error = blank_error();
  const InPlugin mark(name(), "initialize");
  const auto status = descriptor().initialize(instance_, &schema, deadline.value(), &error);
  return status == PIGEON_OK ? Done() : Done(copy(error, status));
}

Done Opened::check(Deadline deadline) {
  if (descriptor().check == nullptr) return {};
  auto error = blank_error();
  const InPlugin mark(name(), "check");
  const auto status = descriptor().check(instance_, deadline.value(), &error);
  return status == PIGEON_OK ? Done() : Done(copy(error, status));
}

Result<std::unique_ptr<Plugins>> Plugins::of(const Configuration& configuration, const loader::Trust& trust,
                                             Log& log) {
  auto index = PIGEON_TRY(loader::Index::of(configuration.plugins, trust));
  for (const auto& section : configuration.plugin_sections()) {
    if (index.find(section) != nullptr) continue;
    std::vector<std::string> names;
    for (const auto& [name, entry] : index.entries()) names.push_back(entry.name);
    return configuration.unknown_section(section, names);
  }
  return std::unique_ptr<Plugins>(new Plugins(configuration, trust, std::move(index), log));
}

Result<const loader::Library*> Plugins::load(std::uint32_t kind, std::string_view name) {
  if (const auto found = libraries_.find(name); found != libraries_.end()) {
    const auto theirs = found->second->descriptor().kind;
    return theirs == kind ? Result<const loader::Library*>(found->second.get())
                          : used_as_another(kind, name, theirs);
  }
  const auto* entry = index_.find(name);
  if (entry == nullptr) {
    return misconfigured("load " + std::string(loader::kind_name(kind)) + " " + printable(name) +
                         ": there is no such plugin in " + index_.where())
        .with_remedy("install " + printable(name) +
                     ".so there, or correct the name; `pigeonctl plugin list` shows "
                     "what there is");
  }
  // Before the file is looked at: what is there under its own name is in order, and who named it here is not.
  if (const auto theirs = loader::kind_of(entry->name); theirs != kind)
    return used_as_another(kind, entry->name, theirs);
  const InPlugin mark(entry->name, "load");
  auto library = PIGEON_TRY(loader::Library::load(*entry, kind, trust_));
  return libraries_.emplace(entry->name, std::move(library)).first->second.get();
}

Result<const pigeon_plugin*> Plugins::describe(std::uint32_t kind, std::string_view name) {
  return &PIGEON_TRY(load(kind, name))->descriptor();
}

Result<std::unique_ptr<Opened>> Plugins::open_another(std::uint32_t kind, std::string_view name) {
  return open_under(configuration_, kind, name);
}

Result<std::unique_ptr<Opened>> Plugins::open_under(const Configuration& configuration, std::uint32_t kind,
                                                    std::string_view name) {
  const auto* library = PIGEON_TRY(load(kind, name));
  const auto settings = PIGEON_TRY(configuration.settings_of(library->descriptor()));
  return PIGEON_TRY(Opened::open(*library, settings, log_));
}

Result<Opened*> Plugins::open(std::uint32_t kind, std::string_view name) {
  // Also for what is open already: it may have been opened as something else.
  PIGEON_TRY(load(kind, name));
  if (const auto found = opened_.find(name); found != opened_.end()) return found->second.get();
  auto opened = PIGEON_TRY(open_another(kind, name));
  return opened_.emplace(std::string(name), std::move(opened)).first->second.get();
}

}  // namespace pigeon::host
