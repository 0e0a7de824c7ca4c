// SPDX-License-Identifier: MIT
#include "conformance/settings.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/values.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <filesystem>
#include <span>
#include <system_error>

namespace pigeon::conformance {
namespace json = boost::json;
namespace {

constexpr std::size_t kLargestFile = 1U << 20U;
constexpr std::string_view kDirectory = "{directory}";

std::string text_of_value(const json::value& value) {
  if (const auto* string = value.if_string()) return std::string(string->data(), string->size());
  if (value.is_bool()) return value.get_bool() ? "TRUE" : "FALSE";
  return json::serialize(value);
}

std::string expand(std::string text, const std::string& directory) {
  for (auto at = text.find(kDirectory); at != std::string::npos; at = text.find(kDirectory, at)) {
    text.replace(at, kDirectory.size(), directory);
    at += directory.size();
  }
  return text;
}

}  // namespace

Result<Given> read_given(const std::string& file) {
  const std::filesystem::path path(std::filesystem::absolute(file));
  const auto directory = PIGEON_TRY(Directory::open(path.parent_path()));
  const auto text =
      directory ? PIGEON_TRY(directory->read_file(path.filename(), kLargestFile)) : std::nullopt;
  if (!text) return misconfigured("read " + file + ": there is no such file");
  json::parse_options options;
  options.allow_comments = true;
  options.allow_trailing_commas = true;
  json::error_code error;
  const auto parsed = json::parse(*text, error, {}, options);
  if (error) return misconfigured("read " + file + ": " + error.message());
  const auto* object = parsed.if_object();
  if (object == nullptr) return misconfigured("read " + file + ": it must hold one object, { ... }");
  Given given;
  for (const auto& member : *object) {
    Values values;
    if (const auto* list = member.value().if_array()) {
      for (const auto& each : *list) values.push_back(text_of_value(each));
    } else {
      values.push_back(text_of_value(member.value()));
    }
    given.set(std::string(member.key()), std::move(values));
  }
  return given;
}

Result<Settings> settings_for(const pigeon_plugin& plugin, const Given& given, const std::string& directory) {
  const std::span declared(plugin.settings, plugin.setting_count);
  Attributes settings;
  for (const auto& [name, values] : given) {
    const auto* found = static_cast<const pigeon_declaration*>(nullptr);
    for (const auto& each : declared) {
      if (same_name(each.name, name)) found = &each;
    }
    if (found == nullptr) {
      return misconfigured(std::string(plugin.name) + " declares no setting '" + printable(name) + "'");
    }
    Values expanded;
    for (const auto& value : values) {
      expanded.push_back(expand(value, directory));
      if (const auto wrong = complaint(*found, expanded.back())) {
        return misconfigured("setting '" + name + "' " + *wrong);
      }
    }
    settings.set(found->name, std::move(expanded));
  }
  for (const auto& each : declared) {
    if (settings.has(each.name)) continue;
    if (each.default_value != nullptr) settings.set(each.name, each.default_value);
    if ((each.flags & PIGEON_DECLARATION_MANDATORY) == 0) continue;
    if (each.type != PIGEON_TYPE_PATH) {
      return misconfigured(std::string(plugin.name) + " needs the setting '" + each.name + "'")
          .with_remedy("give it in a file: --config FILE");
    }
    settings.set(each.name, directory + "/" + each.name);
  }
  return Settings(std::move(settings));
}

}  // namespace pigeon::conformance
