// SPDX-License-Identifier: MIT
#include "host/loader/library.hpp"

#include "host/loader/note.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/plugin.hpp>

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>

#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

namespace pigeon::loader {
namespace {

std::string version(std::uint32_t major, std::uint32_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

Failure refuse(const Index::Entry& entry, const std::string& why, const std::string& remedy) {
  return misconfigured("refuse plugin " + entry.path + ": " + why).with_remedy(remedy);
}

Done check_version(const Index::Entry& entry, std::uint32_t major, std::uint32_t minor) {
  const auto theirs = version(major, minor);
  const auto ours = version(PIGEON_API_MAJOR, PIGEON_API_MINOR);
  if (major != PIGEON_API_MAJOR) {
    return refuse(entry, "it is built for plugin API " + theirs + ", this host has " + ours,
                  "install a build of the plugin for plugin API " + std::to_string(PIGEON_API_MAJOR));
  }
  if (minor > PIGEON_API_MINOR) {
    return refuse(entry, "it needs plugin API " + theirs + ", this host has " + ours,
                  "upgrade PigeonDeliver");
  }
  return {};
}

Done check_kind(const Index::Entry& entry, std::uint32_t found, std::uint32_t wanted) {
  if (found == wanted && found == kind_of(entry.name)) return {};
  return refuse(entry, "it says it is " + a_kind(found) + ", where " + a_kind(wanted) + " is wanted",
                "reinstall the plugin under the name that it was built with");
}

// Whether the object that holds `address` was mapped from this path, and the path still leads to the file
// that was checked: that no package was installed over it in between.
bool is_mapped_from(const void* address, const std::string& path, const struct stat& checked) {
  Dl_info found = {};
  struct stat now = {};
  return ::dladdr(address, &found) != 0 && found.dli_fname == path && ::stat(path.c_str(), &now) == 0 &&
         now.st_dev == checked.st_dev && now.st_ino == checked.st_ino;
}

// Maps the file. It is never unmapped: threads, thread-local destructors and unique symbols outlive any
// unloading.
Result<const pigeon_plugin*> map(const Index::Entry& entry, const struct stat& checked) {
  constexpr const char* kSymbol = "pigeon_plugin_v0";
  constexpr auto kNow = boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local;
  const pigeon_plugin* descriptor = nullptr;
  try {
    // Boost.DLL has no name for RTLD_NODELETE, and passes it through.
    boost::dll::shared_library library(entry.path,
                                       kNow | static_cast<boost::dll::load_mode::type>(RTLD_NODELETE));
    if (library.has(kSymbol)) descriptor = &library.get<const pigeon_plugin>(kSymbol);
  } catch (const std::exception& exception) {
    return refuse(entry, std::string("the linker says: ") + exception.what(),
                  "install what the plugin needs, or reinstall the plugin");
  }
  if (descriptor == nullptr) {
    return refuse(entry, std::string("it does not export ") + kSymbol, "reinstall the plugin");
  }
  // dlsym also looks into the libraries that the plugin needs.
  if (!is_mapped_from(descriptor, entry.path, checked)) {
    return refuse(entry, "what was mapped is not the file that was checked",
                  "try again; restart if it persists");
  }
  return descriptor;
}

Done check_descriptor(const Index::Entry& entry, const pigeon_plugin& plugin, const Note& note) {
  const auto broken = [&](const std::string& why) {
    return refuse(entry, why, "report this to whoever made the plugin");
  };
  if (plugin.size < offsetof(pigeon_plugin, operations) + sizeof plugin.operations) {
    return broken("its descriptor is too short");
  }
  if (plugin.major != note.major || plugin.minor != note.minor || plugin.kind != note.kind) {
    return broken("its note and its descriptor disagree");
  }
  if (plugin.name == nullptr || !same_name(plugin.name, entry.name)) {
    return broken("it calls itself '" + printable(plugin.name == nullptr ? "" : plugin.name) + "'");
  }
  if (plugin.version == nullptr || plugin.summary == nullptr || plugin.open == nullptr ||
      plugin.close == nullptr || plugin.operations == nullptr) {
    return broken("its descriptor lacks what is mandatory");
  }
  return {};
}

}  // namespace

Result<pigeon_plugin> map_plugin(const Index::Entry& entry, std::uint32_t kind, const Trust& trust) {
  PIGEON_TRY(trust.check_entry(entry.path, "plugin"));
  const Fd file(::open(entry.path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status = {};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0)
    return system_failure("open " + entry.path, errno);
  const auto note = PIGEON_TRY(read_note(file, entry.path));
  PIGEON_TRY(check_version(entry, note.major, note.minor));
  PIGEON_TRY(check_kind(entry, note.kind, kind));
  const auto* mapped = PIGEON_TRY(map(entry, status));
  PIGEON_TRY(check_descriptor(entry, *mapped, note));
  pigeon_plugin descriptor = {};
  std::memcpy(&descriptor, mapped, std::min<std::size_t>(sizeof descriptor, mapped->size));
  return descriptor;
}

Result<std::unique_ptr<Library>> Library::load(const Index::Entry& entry, std::uint32_t kind,
                                               const Trust& trust) {
  const auto descriptor = PIGEON_TRY(map_plugin(entry, kind, trust));
  if (descriptor.load != nullptr) {
    auto error = blank_error();
    if (const auto answer = descriptor.load(&error); answer != PIGEON_OK) {
      return copy(error, answer).while_doing("load plugin " + entry.name);
    }
  }
  return std::unique_ptr<Library>(new Library(entry.path, descriptor));
}

Library::~Library() {
  if (descriptor_.unload != nullptr) descriptor_.unload();
}

void copy_operations(const pigeon_plugin& descriptor, void* to, std::uint32_t size) {
  std::uint32_t theirs = 0;
  std::memcpy(&theirs, descriptor.operations, sizeof theirs);
  std::memcpy(to, descriptor.operations, std::min(size, theirs));
}

}  // namespace pigeon::loader
