// SPDX-License-Identifier: MIT
#include "host/control/commands.hpp"

#include "host/loader/index.hpp"

#include <pigeon/sdk/text.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <iostream>
#include <span>

namespace pigeon::control {
namespace json = boost::json;
namespace {

std::string_view type_name(const pigeon_declaration& declaration) {
  switch (declaration.type) {
    case PIGEON_TYPE_BOOLEAN:
      return "boolean";
    case PIGEON_TYPE_INTEGER:
      return "integer";
    case PIGEON_TYPE_SIZE:
      return "size";
    case PIGEON_TYPE_DURATION:
      return "time";
    case PIGEON_TYPE_CHOICE:
      return "choice";
    case PIGEON_TYPE_PATH:
      return "path";
    default:
      return "text";
  }
}

std::string describe(const pigeon_declaration& declaration) {
  std::string text = "  " + std::string(declaration.name) + " (";
  text +=
      declaration.choices != nullptr ? std::string(declaration.choices) : std::string(type_name(declaration));
  if ((declaration.flags & PIGEON_DECLARATION_MULTI) != 0) text += ", several";
  if ((declaration.flags & PIGEON_DECLARATION_MANDATORY) != 0) text += ", mandatory";
  if ((declaration.flags & PIGEON_DECLARATION_ALLOCATION) != 0) text += ", allocation";
  if (declaration.default_value != nullptr) text += ", default " + std::string(declaration.default_value);
  return text + "): " + declaration.meaning;
}

json::object to_json(const pigeon_declaration& declaration) {
  json::object object = {{"name", declaration.name},
                         {"type", type_name(declaration)},
                         {"multi", (declaration.flags & PIGEON_DECLARATION_MULTI) != 0},
                         {"mandatory", (declaration.flags & PIGEON_DECLARATION_MANDATORY) != 0},
                         {"allocation", (declaration.flags & PIGEON_DECLARATION_ALLOCATION) != 0},
                         {"meaning", declaration.meaning}};
  if (declaration.choices != nullptr) object["choices"] = declaration.choices;
  if (declaration.default_value != nullptr) object["default"] = declaration.default_value;
  return object;
}

json::array to_json(std::span<const pigeon_declaration> declarations) {
  json::array array;
  for (const auto& each : declarations) array.push_back(to_json(each));
  return array;
}

json::object to_json(const pigeon_class& declared) {
  return {{"name", declared.name},
          {"kind", declared.kind == PIGEON_CLASS_STRUCTURAL ? "structural" : "auxiliary"},
          {"meaning", declared.meaning},
          {"attributes", to_json(std::span(declared.attributes, declared.attribute_count))}};
}

std::string api_version(const pigeon_plugin& plugin) {
  return std::to_string(plugin.major) + "." + std::to_string(plugin.minor);
}

}  // namespace

Done plugin_list(Session& session) {
  auto* plugins = PIGEON_TRY(session.plugins());
  std::size_t refused = 0;
  for (const auto& [name, entry] : plugins->index().entries()) {
    const auto kind = loader::kind_of(name);
    const auto plugin = plugins->describe(kind, name);
    const std::string kind_text(loader::kind_name(kind));
    if (plugin) {
      session.out().line(entry.name + "  " + kind_text + "  " + (*plugin)->version + "  " +
                         (*plugin)->summary);
      session.out().value(json::object{{"name", entry.name},
                                       {"kind", kind_text},
                                       {"version", (*plugin)->version},
                                       {"summary", (*plugin)->summary},
                                       {"path", entry.path}});
      continue;
    }
    ++refused;
    session.out().line(entry.name + "  " + kind_text + "  REFUSED  " + printable(plugin.failure().detail));
    session.out().value(json::object{{"name", entry.name},
                                     {"kind", kind_text},
                                     {"refused", plugin.failure().detail},
                                     {"remedy", plugin.failure().remedy},
                                     {"path", entry.path}});
  }
  if (refused == 0) return {};
  return misconfigured(std::to_string(refused) + " of these plugins cannot be used")
      .with_remedy("`pigeonctl plugin show NAME` says why, and what to do");
}

Done plugin_show(Session& session, const std::string& name) {
  auto* plugins = PIGEON_TRY(session.plugins());
  const auto kind = loader::kind_of(name);
  const auto& plugin = *PIGEON_TRY(plugins->describe(kind, name));
  const auto* entry = plugins->index().find(name);
  const std::string kind_text(loader::kind_name(kind));
  auto& out = session.out();
  out.line(std::string("name: ") + plugin.name);
  out.line("kind: " + kind_text);
  out.line(std::string("version: ") + plugin.version);
  out.line("plugin API: " + api_version(plugin));
  out.line(std::string("summary: ") + plugin.summary);
  out.line("file: " + entry->path);
  const std::span settings(plugin.settings, plugin.setting_count);
  if (!settings.empty())
    out.line("settings, in the configuration under \"" + std::string(plugin.name) + "\":");
  for (const auto& each : settings) out.line(describe(each));
  json::array classes;
  for (const auto* each : std::span(plugin.classes, plugin.class_count)) {
    out.line("class " + std::string(each->name) + ": " + each->meaning);
    for (const auto& attribute : std::span(each->attributes, each->attribute_count))
      out.line(describe(attribute));
    classes.push_back(to_json(*each));
  }
  out.value(json::object{{"name", plugin.name},
                         {"kind", kind_text},
                         {"version", plugin.version},
                         {"api", api_version(plugin)},
                         {"summary", plugin.summary},
                         {"path", entry->path},
                         {"settings", to_json(settings)},
                         {"classes", std::move(classes)}});
  return {};
}

Done schema_json(Session& session) {
  json::array classes;
  for (const auto* each : PIGEON_TRY(session.schema())->classes()) classes.push_back(to_json(*each));
  std::cout << json::serialize(json::object{{"classes", std::move(classes)}}) << '\n';
  return {};
}

Done schema_in(Session& session, const std::string& language) {
  const auto& schema = PIGEON_TRY(session.schema())->get();
  std::cout << PIGEON_TRY(PIGEON_TRY(session.tree())->print_schema(schema, language));
  return {};
}

}  // namespace pigeon::control
