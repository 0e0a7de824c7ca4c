// SPDX-License-Identifier: MIT
#include "host/configuration.hpp"

#include "host/json_text.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/schema.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <unistd.h>

namespace pigeon::host {
namespace json = boost::json;
namespace {

constexpr std::uint64_t kLargestFile = 1U << 20U;

constexpr std::array kOutermost = {
    path_of("plugins", "the directories of plugins, searched in this order", PIGEON_DECLARATION_MULTI),
    text_of("datatree", "the plugin that keeps the tree", nullptr, PIGEON_DECLARATION_MANDATORY),
    text_of("modules", "which modules may run, and their order", nullptr,
            PIGEON_DECLARATION_MANDATORY | PIGEON_DECLARATION_MULTI),
    time_of("deadline", "how long one delivery may take, its input included", "240"),
    choice_of("disabled", "defer|reject", "what happens to mail for what is disabled", "defer"),
    text_of("user", "whom to become when started as root"),
    integer_of("minimumUid", "no delivery under a uid below this", "100"),
    size_of("messageLimit", "a larger message is refused"),
};
constexpr std::array kLog = {
    text_of("to", "syslog, stderr, or the path of a file", "syslog"),
    choice_of("format", "text|json", "how a record is written", "text"),
    choice_of("level", "error|warning|info|debug", "the least important record that is written", "info"),
};
constexpr std::array kAddress = {
    text_of("detailDelimiters", "each of these characters may separate the user from the detail", "+"),
    choice_of("localPart", "fold|exact", "whether ASCII case counts in local parts: fold ignores it", "fold"),
};
constexpr std::array kSpool = {
    path_of("directory", "where a message that is too large for memory is kept, without a name"),
    size_of("memory", "how large a message may be to be kept in memory", "1M"),
};
constexpr std::array<ConfigurationPart, 4> kParts = {
    {{"", kOutermost}, {"log", kLog}, {"address", kAddress}, {"spool", kSpool}}};

std::string spell(const std::vector<std::string>& path) {
  return "\"" + join(path, ".") + "\"";
}

// Every "NAME=VALUE" of the environment as it is now.
std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> found;
  for (char** each = ::environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view entry = *each;
    const auto equals = entry.find('=');
    if (equals != std::string_view::npos) found.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return found;
}

// "${NAME}" is the environment's, which is how secrets come in without standing in the file.
Result<std::string> expand(std::string_view text, const std::map<std::string, std::string>& environment) {
  std::string expanded;
  for (;;) {
    const auto begin = text.find("${");
    const auto end = text.find('}', begin);
    expanded += text.substr(0, begin);
    if (begin == std::string_view::npos || end == std::string_view::npos)
      return expanded + std::string(text.substr(std::min(begin, text.size())));
    const std::string name(text.substr(begin + 2, end - begin - 2));
    const auto value = environment.find(name);
    if (value == environment.end())
      return misconfigured("the environment has no variable " + printable(name));
    expanded += value->second;
    text.remove_prefix(end + 1);
  }
}

Result<std::string> read_secret(const std::string& path) {
  const std::filesystem::path file(path);
  const auto directory = PIGEON_TRY(Directory::open(file.parent_path()));
  auto text = directory ? PIGEON_TRY(directory->read_file(file.filename(), kLargestFile)) : std::nullopt;
  if (!text) return misconfigured("read secret " + path + ": there is no such file");
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  return *std::move(text);
}

}  // namespace

std::string installation_prefix() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return program.parent_path().parent_path().string();
}

std::string default_configuration_file() {
  const auto prefix = installation_prefix();
  return (prefix == "/usr" || prefix == "/" ? "" : prefix) + "/etc/pigeon/pigeon.json";
}

std::span<const ConfigurationPart> Configuration::parts() {
  return kParts;
}

Failure Configuration::complain(const std::vector<std::string>& path, const std::string& what) const {
  return misconfigured(file + ":" + position_of(text_, path) + ": " + what)
      .with_remedy("correct the configuration; `pigeonctl check` then checks all of it");
}

std::string Configuration::absolute(const std::string& path) const {
  return (std::filesystem::path(file).parent_path() / path).lexically_normal().string();
}

Result<std::string> Configuration::value_of(const std::vector<std::string>& path, const json::value& value,
                                            const pigeon_declaration& declaration) const {
  std::string text;
  if (const auto* string = value.if_string()) {
    auto expanded = expand(std::string_view(string->data(), string->size()), environment_);
    if (!expanded) return complain(path, expanded.failure().detail);
    text = *std::move(expanded);
  } else if (value.is_bool()) {
    text = value.get_bool() ? "TRUE" : "FALSE";
  } else if (value.is_int64() || value.is_uint64()) {
    text = json::serialize(value);
  } else {
    return complain(path, spell(path) + " must be a string, a whole number, true or false");
  }
  constexpr std::string_view kFile = "file:";
  if ((declaration.flags & PIGEON_DECLARATION_SECRET) != 0 && starts_with(text, kFile)) {
    auto secret = read_secret(absolute(text.substr(kFile.size())));
    if (!secret) return complain(path, secret.failure().detail);
    return *std::move(secret);
  }
  if (const auto wrong = complaint(declaration, text)) return complain(path, spell(path) + " " + *wrong);
  if (declaration.type == PIGEON_TYPE_PATH) return absolute(text);
  return text;
}

Result<Attributes> Configuration::read_part(const std::vector<std::string>& path, const json::object& object,
                                            std::span<const pigeon_declaration> declarations) const {
  std::vector<std::string> known;
  for (const auto& declaration : declarations) known.emplace_back(declaration.name);
  Attributes attributes;
  for (const auto& member : object) {
    auto at = path;
    at.emplace_back(member.key());
    const auto found = std::find(known.begin(), known.end(), at.back());
    if (found == known.end()) {
      return complain(at, "unknown key '" + printable(at.back()) + "'" + suggestion(at.back(), known));
    }
    const auto& declaration = declarations[static_cast<std::size_t>(found - known.begin())];
    const auto* list = member.value().if_array();
    if (list != nullptr && (declaration.flags & PIGEON_DECLARATION_MULTI) == 0) {
      return complain(at, spell(at) + " takes one value");
    }
    Values values;
    if (list == nullptr) {
      values.push_back(PIGEON_TRY(value_of(at, member.value(), declaration)));
    } else {
      for (const auto& each : *list) values.push_back(PIGEON_TRY(value_of(at, each, declaration)));
    }
    attributes.set(at.back(), std::move(values));
  }
  for (const auto& declaration : declarations) {
    if (attributes.has(declaration.name)) continue;
    if (declaration.default_value != nullptr) attributes.set(declaration.name, declaration.default_value);
    if ((declaration.flags & PIGEON_DECLARATION_MANDATORY) == 0) continue;
    auto at = path;
    at.emplace_back(declaration.name);
    return complain(path.empty() ? at : path, spell(at) + " is missing: " + declaration.meaning);
  }
  return attributes;
}

Done Configuration::override_with(const std::string& assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    return misconfigured("take -o " + printable(assignment) + ": it is not KEY=VALUE")
        .with_remedy("write -o log.level=debug, for example");
  }
  const auto key = assignment.substr(0, equals);
  const auto text = assignment.substr(equals + 1);
  const auto dot = key.find('.');
  json::object* part = &root_;
  if (dot != std::string::npos) {
    auto& value = root_[key.substr(0, dot)];
    if (!value.is_object()) value = json::object();
    part = &value.get_object();
  }
  const auto parsed = parse_json(text);
  (*part)[key.substr(dot == std::string::npos ? 0 : dot + 1)] = parsed ? *parsed : json::value(text);
  return {};
}

Done Configuration::take_own_parts() {
  json::object outermost;
  std::vector<Settings> settings;
  for (const auto& member : root_) {
    const auto is_part = [&](const auto& part) { return member.key() == part.name; };
    const bool is_own = std::any_of(kParts.begin(), kParts.end(), is_part);
    if (!is_own && !member.value().is_object()) outermost[member.key()] = member.value();
  }
  for (const auto& part : kParts) {
    const bool is_outermost = *part.name == '\0';
    const auto* found = is_outermost ? nullptr : root_.if_contains(part.name);
    const auto* object = is_outermost ? &outermost : found == nullptr ? nullptr : found->if_object();
    if (found != nullptr && object == nullptr)
      return complain({part.name}, spell({part.name}) + " must be an object");
    const json::object none;
    const std::vector<std::string> path =
        is_outermost ? std::vector<std::string>() : std::vector<std::string>{part.name};
    settings.emplace_back(PIGEON_TRY(read_part(path, object == nullptr ? none : *object, part.settings)));
  }

  const auto& top = settings[0];
  plugins = Values(top.all("plugins").begin(), top.all("plugins").end());
  if (plugins.empty()) plugins.push_back(installation_prefix() + "/lib/pigeon/plugins");
  datatree = top.text("datatree");
  modules = Values(top.all("modules").begin(), top.all("modules").end());
  deadline = top.time("deadline");
  disabled = top.text("disabled") == "reject" ? Disabled::reject : Disabled::defer;
  if (top.has("user")) user = top.text("user");
  minimum_uid = top.integer("minimumUid");
  message_limit = top.size("messageLimit");

  log.to = settings[1].text("to");
  if (log.to != "syslog" && log.to != "stderr") log.to = absolute(log.to);
  log.format = settings[1].text("format") == "json" ? LogFormat::json : LogFormat::text;
  const auto level = settings[1].text("level");
  log.level = level == "error"     ? PIGEON_LOG_ERROR
              : level == "warning" ? PIGEON_LOG_WARNING
              : level == "debug"   ? PIGEON_LOG_DEBUG
                                   : PIGEON_LOG_INFO;
  address.detail_delimiters = settings[2].text("detailDelimiters");
  address.fold_local_part = settings[2].text("localPart") == "fold";
  if (settings[3].has("directory")) spool.directory = settings[3].text("directory");
  spool.memory = settings[3].size("memory").value_or(0);
  if (deadline < std::chrono::seconds(1))
    return complain({"deadline"}, "\"deadline\" must be at least a second");
  return {};
}

Result<Configuration> Configuration::read(const std::string& file, const std::vector<std::string>& overrides,
                                          const loader::Trust& trust) {
  std::error_code error;
  Configuration configuration;
  configuration.environment_ = environment();
  configuration.file = std::filesystem::absolute(file, error).lexically_normal().string();
  PIGEON_TRY(trust.check_file(configuration.file, "configuration"));
  const std::filesystem::path path(configuration.file);
  const auto directory = PIGEON_TRY(Directory::open(path.parent_path()));
  auto text = directory ? PIGEON_TRY(directory->read_file(path.filename(), kLargestFile)) : std::nullopt;
  if (!text) return misconfigured("read configuration " + configuration.file + ": there is no such file");
  configuration.text_ = *std::move(text);

  auto parsed = parse_json(configuration.text_);
  if (!parsed) {
    return misconfigured(configuration.file + ":" + parsed.failure().detail)
        .with_remedy("correct the configuration: JSON, with comments and trailing commas");
  }
  if (!parsed->is_object()) return configuration.complain({}, "the configuration must be an object, { ... }");
  configuration.root_ = std::move(parsed->get_object());
  for (const auto& assignment : overrides) PIGEON_TRY(configuration.override_with(assignment));
  PIGEON_TRY(configuration.take_own_parts());
  return configuration;
}

Result<Configuration> Configuration::with(const std::string& assignment) const {
  auto changed = *this;
  PIGEON_TRY(changed.override_with(assignment));
  PIGEON_TRY(changed.take_own_parts());
  return changed;
}

std::vector<std::string> Configuration::plugin_sections() const {
  std::vector<std::string> names;
  for (const auto& member : root_) {
    const auto is_own = [&](const auto& part) { return member.key() == part.name; };
    if (member.value().is_object() && std::none_of(kParts.begin(), kParts.end(), is_own)) {
      names.emplace_back(member.key());
    }
  }
  return names;
}

Failure Configuration::unknown_section(const std::string& name,
                                       const std::vector<std::string>& plugins) const {
  auto known = plugins;
  for (const auto& part : kParts) {
    if (*part.name != '\0') known.emplace_back(part.name);
  }
  return complain({name}, "unknown key '" + printable(name) + "', and no plugin of that name is installed" +
                              suggestion(name, known));
}

Result<Settings> Configuration::settings_of(const pigeon_plugin& plugin) const {
  static const json::object none;
  const json::object* section = &none;
  for (const auto& member : root_) {
    if (same_name(std::string_view(member.key().data(), member.key().size()), plugin.name) &&
        member.value().is_object()) {
      section = &member.value().get_object();
    }
  }
  return Settings(
      PIGEON_TRY(read_part({plugin.name}, *section, std::span(plugin.settings, plugin.setting_count))));
}

}  // namespace pigeon::host
