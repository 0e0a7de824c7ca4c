// SPDX-License-Identifier: MIT
#include "conformance/trial.hpp"

#include "conformance/allocations.hpp"

#include <filesystem>

namespace pigeon::conformance {
namespace {

constexpr auto kLongest = std::chrono::seconds(20);

// All classes that a tree would hold with this plugin installed.
struct PluginSchema {
  explicit PluginSchema(const pigeon_plugin& plugin) : classes(tree::kClasses.begin(), tree::kClasses.end()) {
    classes.insert(classes.end(), plugin.classes, plugin.classes + plugin.class_count);
    schema = {sizeof schema, 0, classes.data(), classes.size()};
  }
  std::vector<const pigeon_class*> classes;
  pigeon_schema schema = {};
};

}  // namespace

Done Instance::initialize() {
  if (descriptor().initialize == nullptr) return {};
  const PluginSchema schema(descriptor());
  auto error = blank_error();
  const auto status = [&] {
    const PluginCall call;
    return descriptor().initialize(instance_, &schema.schema, Deadline::in(kLongest).value(), &error);
  }();
  return status == PIGEON_OK ? Done() : Done(copy(error, status).while_doing("initialize"));
}

Done Instance::check() {
  if (descriptor().check == nullptr) return {};
  auto error = blank_error();
  const auto status = [&] {
    const PluginCall call;
    return descriptor().check(instance_, Deadline::in(kLongest).value(), &error);
  }();
  return status == PIGEON_OK ? Done() : Done(copy(error, status).while_doing("check"));
}

Trial::Trial(const std::string& path, std::uint32_t kind, std::string directory, Given settings,
             std::uint64_t seed)
    : entry_{std::filesystem::path(path).stem().string(), path},
      kind_(kind),
      directory_(std::move(directory)),
      given_(std::move(settings)),
      seed_(seed),
      random_(seed) {}

void Trial::take_log(void* context, std::uint32_t /*level*/, pigeon_string message) noexcept {
  const HostCall called;
  try {
    auto& trial = *static_cast<Trial*>(context);
    const std::lock_guard guard(trial.log_mutex_);
    trial.log_.push_back(copy(message));
  } catch (const std::bad_alloc&) {
    return;  // a record less
  }
}

std::string Trial::random_text(std::size_t size) {
  std::string text;
  while (text.size() < size) text += static_cast<char>(random_() & 0xffU);
  return text;
}

loader::Trust Trial::trust() const {
  return loader::Trust(std::filesystem::path(entry_.path).parent_path().string());
}

Result<pigeon_plugin> Trial::descriptor() {
  return loader::map_plugin(entry_, kind_, trust());
}

Result<const loader::Library*> Trial::library() {
  if (!library_) {
    library_ = PIGEON_TRY(loader::Library::load(entry_, kind_, trust()));
    note_plugin(entry_.path.c_str());
  }
  return library_.get();
}

Result<Settings> Trial::settings() {
  return settings_in(directory_);
}

Result<Settings> Trial::settings_in(const std::string& directory) {
  return settings_for(PIGEON_TRY(library())->descriptor(), given_, directory);
}

Result<std::unique_ptr<Instance>> Trial::open() {
  auto opened = PIGEON_TRY(open_with(PIGEON_TRY(settings())));
  PIGEON_TRY(opened->initialize());
  return opened;
}

Result<std::unique_ptr<Instance>> Trial::open_with(const Settings& settings) {
  auto attempt = PIGEON_TRY(try_to_open(settings));
  if (attempt.instance) return std::move(attempt.instance);
  return copy(attempt.error, attempt.status).while_doing("open an instance");
}

Result<Trial::Attempt> Trial::try_to_open(const Settings& settings) {
  const auto* loaded = PIGEON_TRY(library());
  auto host = std::make_unique<pigeon_host>(
      pigeon_host{sizeof(pigeon_host), PIGEON_API_MINOR, this, &Trial::take_log});
  const LentAttributes lent(settings.attributes());
  const pigeon_settings given = {sizeof given, 0, lent.data(), lent.size()};
  void* instance = nullptr;
  Attempt attempt;
  {
    const PluginCall call;
    attempt.status = loaded->descriptor().open(host.get(), &given, &instance, &attempt.error);
  }
  if (attempt.status == PIGEON_OK)
    attempt.instance = std::make_unique<Instance>(*loaded, instance, std::move(host));
  return attempt;
}

}  // namespace pigeon::conformance
