// SPDX-License-Identifier: MIT
//
// Level 1: the file, and the descriptor in it. Nothing of the plugin is called.
#include "conformance/check.hpp"
#include "conformance/elf_file.hpp"
#include "conformance/trial.hpp"
#include "host/loader/note.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/text.hpp>

#include <dlfcn.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <set>

namespace pigeon::conformance {
namespace {

constexpr const char* kPlugin = "pigeon/abi/plugin.h";
constexpr const char* kSchema = "pigeon/abi/schema.h";

Finding bears_a_note(Trial& trial) {
  const Fd file(::open(trial.path().c_str(), O_RDONLY | O_CLOEXEC));
  const auto note = PIGEON_EXPECT_OK(loader::read_note(file, trial.path()), "read the ELF note");
  PIGEON_EXPECT(note.major == PIGEON_API_MAJOR, "read the note's major version",
                std::to_string(PIGEON_API_MAJOR), std::to_string(note.major));
  PIGEON_EXPECT(note.minor <= PIGEON_API_MINOR, "read the note's minor version",
                "at most " + std::to_string(PIGEON_API_MINOR), std::to_string(note.minor));
  PIGEON_EXPECT(note.kind == loader::kind_of(trial.name()), "compared the note's kind with the file's name",
                std::string(loader::kind_name(loader::kind_of(trial.name()))),
                std::string(loader::kind_name(note.kind)));
  return Finding::passed();
}

Finding exports_one_symbol(Trial& trial) {
  const auto file = PIGEON_EXPECT_OK(read_elf(trial.path()), "read the dynamic symbols");
  std::vector<std::string> names;
  for (const auto& symbol : file.exported) {
    names.push_back(symbol.name);
    PIGEON_EXPECT(!symbol.is_unique, "read the binding of " + symbol.name, "not STB_GNU_UNIQUE",
                  "STB_GNU_UNIQUE: build with -fno-gnu-unique");
  }
  PIGEON_EXPECT(names == std::vector<std::string>{"pigeon_plugin_v0"}, "listed the exported symbols",
                "pigeon_plugin_v0 alone", names.empty() ? "none" : join(names, ", "));
  return Finding::passed();
}

Finding is_hardened(Trial& trial) {
  const auto file = PIGEON_EXPECT_OK(read_elf(trial.path()), "read the program headers");
  PIGEON_EXPECT(!file.has_text_relocations, "looked for text relocations", "none",
                "DT_TEXTREL: build with -fPIC");
  PIGEON_EXPECT(!file.has_executable_stack, "looked at the stack's flags", "not executable", "executable");
  PIGEON_EXPECT(file.has_relro, "looked for PT_GNU_RELRO", "present", "absent: link with -z relro");
  PIGEON_EXPECT(file.is_bound_now, "looked for BIND_NOW", "present", "absent: link with -z now");
  return Finding::passed();
}

Finding has_no_run_path(Trial& trial) {
  const auto file = PIGEON_EXPECT_OK(read_elf(trial.path()), "read the dynamic section");
  PIGEON_EXPECT(file.run_path.empty(), "looked for RPATH and RUNPATH", "neither", file.run_path);
  return Finding::passed();
}

// Looks where the linker looks for this file alone: in it and in what it needs, not in what this program has.
Finding finds_its_symbols(Trial& trial) {
  const auto file = PIGEON_EXPECT_OK(read_elf(trial.path()), "read the dynamic symbols");
  void* mapped = ::dlopen(trial.path().c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  const char* complaint = mapped == nullptr ? ::dlerror() : nullptr;  // NOLINT(concurrency-mt-unsafe)
  PIGEON_EXPECT(mapped != nullptr, "mapped the file, all symbols bound at once", "that every symbol is found",
                std::string(complaint == nullptr ? "no reason" : complaint));
  for (const auto& name : file.undefined) {
    // A sanitizer's functions come from the program.
    const bool is_sanitizers = name.find("san_") != std::string::npos || starts_with(name, "__sanitizer");
    PIGEON_EXPECT(is_sanitizers || ::dlsym(mapped, name.c_str()) != nullptr, "looked for " + name,
                  "that a library that the file needs defines it", "none: link with -z defs");
  }
  return Finding::passed();
}

Finding needs_no_plugin(Trial& trial) {
  const auto file = PIGEON_EXPECT_OK(read_elf(trial.path()), "read the dynamic section");
  const auto beside = std::filesystem::path(trial.path()).parent_path();
  for (const auto& needed : file.needed) {
    const bool is_library = needed.find(".so") != std::string::npos && needed.find('/') == std::string::npos;
    PIGEON_EXPECT(is_library, "read what the file needs", "libraries, by name", printable(needed));
    const auto stem = needed.substr(0, needed.find(".so"));
    PIGEON_EXPECT(!starts_with(stem, "pigeon") && !starts_with(stem, "libpigeon"), "read what the file needs",
                  "nothing of the host", printable(needed));
    const bool is_plugin = loader::kind_of(stem) != PIGEON_KIND_MODULE;
    PIGEON_EXPECT(!is_plugin && !std::filesystem::exists(beside / needed), "read what the file needs",
                  "no other plugin", printable(needed));
  }
  return Finding::passed();
}

Finding descriptor_is_whole(Trial& trial) {
  const auto plugin = PIGEON_EXPECT_OK(trial.descriptor(), "mapped the plugin as the host does");
  PIGEON_EXPECT(is_key_string(plugin.name), "read the name", "an RFC 4512 key string",
                printable(plugin.name));
  for (const char* text : {plugin.version, plugin.summary}) {
    PIGEON_EXPECT(*text != '\0' && is_utf8(text) && !has_control_characters(text), "read version and summary",
                  "one line of UTF-8 each", "'" + printable(text) + "'");
  }
  return Finding::passed();
}

// What is wrong with a declaration; empty if nothing is.
std::string wrong_with(const pigeon_declaration& each, bool is_setting) {
  if (each.name == nullptr || !is_key_string(each.name)) return "its name is not a key string";
  if (each.meaning == nullptr || *each.meaning == '\0') return "it has no meaning, one line for people";
  if (each.type > PIGEON_TYPE_PATH) return "its type is unknown";
  if (each.type == PIGEON_TYPE_PATH && !is_setting) return "it is a path, which only settings may be";
  if ((each.type == PIGEON_TYPE_CHOICE) != (each.choices != nullptr))
    return "choices go with PIGEON_TYPE_CHOICE";
  if (each.default_value == nullptr) return {};
  if ((each.flags & PIGEON_DECLARATION_MANDATORY) != 0) return "it is mandatory, and has a default";
  if (const auto wrong = complaint(each, each.default_value)) return "its default " + *wrong;
  return {};
}

Finding declares_what_it_reads(Trial& trial) {
  const auto plugin = PIGEON_EXPECT_OK(trial.descriptor(), "mapped the plugin as the host does");
  const auto look_at = [&](const pigeon_declaration* declared, std::size_t count, const std::string& where,
                           bool is_setting) -> Finding {
    std::set<std::string> seen;
    for (const auto& each : std::span(declared, count)) {
      const auto wrong = wrong_with(each, is_setting);
      const std::string name = each.name == nullptr ? "?" : printable(each.name);
      PIGEON_EXPECT(wrong.empty(), "read the declaration of " + where + "." + name,
                    "a declaration that is whole", wrong);
      PIGEON_EXPECT(seen.insert(fold(name)).second, "read the declarations of " + where, "each name once",
                    name + " twice");
    }
    return Finding::passed();
  };
  auto settings = look_at(plugin.settings, plugin.setting_count, "the settings", true);
  if (settings.status != Finding::Status::passed) return settings;
  std::set<std::string> classes;
  for (const auto* each : std::span(plugin.classes, plugin.class_count)) {
    PIGEON_EXPECT(each != nullptr && each->name != nullptr && is_key_string(each->name), "read the classes",
                  "names that are key strings", "a class without one");
    PIGEON_EXPECT(classes.insert(fold(each->name)).second, "read the classes", "each once",
                  std::string(each->name) + " twice");
    PIGEON_EXPECT(each->kind == PIGEON_CLASS_STRUCTURAL || each->kind == PIGEON_CLASS_AUXILIARY,
                  std::string("read the kind of class ") + each->name, "structural or auxiliary",
                  std::to_string(each->kind));
    auto attributes = look_at(each->attributes, each->attribute_count, each->name, false);
    if (attributes.status != Finding::Status::passed) return attributes;
  }
  if (plugin.kind == PIGEON_KIND_MDA) {
    const auto wanted = fold(trial.name() + "Allocation");
    PIGEON_EXPECT(classes.contains(wanted), "looked for the class of an allocation",
                  trial.name() + "Allocation", "none");
  }
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"FILE-01", Weight::must, 1, kEveryKind,
          "The file bears a note of this API's major version, of no newer minor, and of the kind that its "
          "name says",
          "reads the ELF note without mapping the file", kPlugin, bears_a_note},
    Check{"FILE-02", Weight::must, 1, kEveryKind,
          "The file exports its descriptor and nothing else, and no unique symbol",
          "lists the dynamic symbols", kPlugin, exports_one_symbol},
    Check{"FILE-03", Weight::must, 1, kEveryKind,
          "The file is position-independent, its stack is not executable, and its relocations are read-only "
          "once it is loaded",
          "reads the program headers and the dynamic section", kPlugin, is_hardened},
    Check{"FILE-04", Weight::must, 1, kEveryKind, "The file brings no search path of its own for libraries",
          "looks for RPATH and RUNPATH", kPlugin, has_no_run_path},
    Check{"FILE-05", Weight::must, 1, kEveryKind,
          "Every symbol that the file does not define is in a library that it says it needs",
          "maps the file, and looks each symbol up in it and in what it needs", kPlugin, finds_its_symbols},
    Check{"FILE-06", Weight::must, 1, kEveryKind, "The file needs neither the host nor another plugin",
          "reads what the file needs", kPlugin, needs_no_plugin},
    Check{"DESC-01", Weight::must, 1, kEveryKind,
          "File name, note and descriptor agree, and what the descriptor says of itself is there",
          "maps the plugin as the host does, and calls nothing of it", kPlugin, descriptor_is_whole},
    Check{"DESC-02", Weight::must, 1, kEveryKind,
          "Every class and every setting that the plugin reads is declared, once, with a type, a meaning, "
          "and a default of that type",
          "reads the declarations", kSchema, declares_what_it_reads},
};

}  // namespace

std::span<const Check> file_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
