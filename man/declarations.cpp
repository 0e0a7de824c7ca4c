// SPDX-License-Identifier: MIT
//
// Fills a manual page with what host and plugins declare, so that the two cannot come to differ. Run while
// building:
//
//   pigeon-declarations TEMPLATE PLUGIN.so... > PAGE
//
// In the template, a line of its own stands for each list: "@part NAME@" the keys of a part of the
// configuration file ("@part@": its outermost), "@tree@" the classes of the tree itself, "@plugins KIND@" the
// plugins of a kind, "@plugin NAME@" the settings of one of them, "@class NAME@" the attributes of a
// class.
#include "host/configuration.hpp"

#include <pigeon/abi/plugin.h>
#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>

#include <dlfcn.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Declarations = std::span<const pigeon_declaration>;

// Text that mdoc leaves alone, also at the beginning of a line.
std::string plain(std::string_view text) {
  std::string escaped = "\\&";
  for (const char c : text) escaped += c == '\\' ? std::string("\\e") : std::string(1, c);
  return escaped;
}

std::string type_of(const pigeon_declaration& declaration) {
  switch (declaration.type) {
    case PIGEON_TYPE_BOOLEAN:
      return "TRUE or FALSE";
    case PIGEON_TYPE_INTEGER:
      return "a whole number";
    case PIGEON_TYPE_SIZE:
      return "a size";
    case PIGEON_TYPE_DURATION:
      return "a time";
    case PIGEON_TYPE_CHOICE:
      return pigeon::join(pigeon::split(declaration.choices, '|'), " or ");
    case PIGEON_TYPE_PATH:
      return "a path";
    default:
      return "a text";
  }
}

void write_list(Declarations declarations) {
  if (declarations.empty()) return;
  std::cout << ".Bl -tag -width Ds -compact\n";
  for (const auto& each : declarations) {
    const auto has = [&](std::uint32_t flag) { return (each.flags & flag) != 0; };
    std::string kind = type_of(each);
    if (has(PIGEON_DECLARATION_MULTI)) kind += ", or several";
    if (has(PIGEON_DECLARATION_MANDATORY)) kind += "; must be there";
    if (has(PIGEON_DECLARATION_ALLOCATION)) kind += "; part of the allocation";
    if (each.default_value != nullptr) kind += "; by default " + std::string(each.default_value);
    std::cout << ".It Cm " << each.name << '\n' << plain(each.meaning) << "\n(" << kind << ")\n";
  }
  std::cout << ".El\n";
}

void write_class(const pigeon_class& declared) {
  const bool is_structural = declared.kind == PIGEON_CLASS_STRUCTURAL;
  std::cout << ".Pp\nClass\n.Sy " << declared.name << "\n(" << (is_structural ? "structural" : "auxiliary")
            << "): " << declared.meaning << ".\n";
  write_list(Declarations(declared.attributes, declared.attribute_count));
}

void write_part(std::string_view name) {
  for (const auto& part : pigeon::host::Configuration::parts()) {
    if (name != part.name) continue;
    write_list(part.settings);
    return;
  }
  throw std::runtime_error("no part " + std::string(name));
}

void write_tree() {
  namespace tree = pigeon::tree;
  std::cout << "Every object has these attributes:\n";
  write_list(tree::kEveryObject);
  std::cout << ".Pp\nEvery allocation, which is an auxiliary class named after its MDA, has these:\n";
  write_list(tree::kEveryAllocation);
  for (const auto* each : tree::kClasses) write_class(*each);
}

void write_plugin(const pigeon_plugin& plugin) {
  std::cout << ".Ss " << plugin.name << '\n' << plain(plugin.summary) << '\n';
  if (plugin.setting_count != 0) {
    std::cout << ".Pp\nSettings, in\n.Xr pigeon.json 5\nunder \"" << plugin.name << "\":\n";
    write_list(Declarations(plugin.settings, plugin.setting_count));
  }
  for (const auto* each : std::span(plugin.classes, plugin.class_count)) write_class(*each);
}

std::uint32_t kind_of(std::string_view name) {
  if (name == "datatree") return PIGEON_KIND_DATATREE;
  if (name == "module") return PIGEON_KIND_MODULE;
  if (name == "mda") return PIGEON_KIND_MDA;
  if (name == "creator") return PIGEON_KIND_CREATOR;
  throw std::runtime_error("no kind " + std::string(name));
}

// Straight from the linker: what was just built is not yet where the host would trust it.
const pigeon_plugin* descriptor_of(const char* path) {
  void* mapped = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
  const void* found = mapped == nullptr ? nullptr : ::dlsym(mapped, "pigeon_plugin_v0");
  if (found != nullptr) return static_cast<const pigeon_plugin*>(found);
  throw std::runtime_error(std::string("load ") + path + ": " +
                           ::dlerror());  // NOLINT(concurrency-mt-unsafe)
}

void write_settings(std::string_view name, const std::vector<const pigeon_plugin*>& plugins) {
  for (const auto* each : plugins) {
    if (name == each->name) return write_list(Declarations(each->settings, each->setting_count));
  }
  throw std::runtime_error("no plugin " + std::string(name));
}

void write_attributes(std::string_view name, const std::vector<const pigeon_plugin*>& plugins) {
  for (const auto* plugin : plugins) {
    for (const auto* each : std::span(plugin->classes, plugin->class_count)) {
      if (name == each->name) return write_list(Declarations(each->attributes, each->attribute_count));
    }
  }
  throw std::runtime_error("no class " + std::string(name));
}

void write(std::string_view list, std::string_view argument,
           const std::vector<const pigeon_plugin*>& plugins) {
  if (list == "part") return write_part(argument);
  if (list == "tree") return write_tree();
  if (list == "plugin") return write_settings(argument, plugins);
  if (list == "class") return write_attributes(argument, plugins);
  if (list != "plugins") throw std::runtime_error("no list " + std::string(list));
  const auto kind = kind_of(argument);
  for (const auto* each : plugins) {
    if (each->kind == kind) write_plugin(*each);
  }
}

void fill(std::ifstream& page, const std::vector<const pigeon_plugin*>& plugins) {
  for (std::string line; std::getline(page, line);) {
    if (line.size() < 2 || line.front() != '@' || line.back() != '@') {
      std::cout << line << '\n';
      continue;
    }
    const auto words = pigeon::split(std::string_view(line).substr(1, line.size() - 2), ' ');
    write(words[0], words.size() > 1 ? words[1] : std::string_view(), plugins);
  }
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const std::span given(arguments, static_cast<std::size_t>(count));
    if (given.size() < 2) throw std::runtime_error("which page");
    std::ifstream page(given[1]);
    if (!page) throw std::runtime_error(std::string("read ") + given[1]);
    std::vector<const pigeon_plugin*> plugins;
    for (const char* path : given.subspan(2)) plugins.push_back(descriptor_of(path));
    fill(page, plugins);
    std::cout.flush();
    return std::cout ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& exception) {
    std::cerr << "pigeon-declarations: " << exception.what() << '\n';
    return EXIT_FAILURE;
  }
}
