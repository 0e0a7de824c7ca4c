// SPDX-License-Identifier: MIT
#include "host/loader/index.hpp"

#include <pigeon/abi/plugin.h>
#include <pigeon/sdk/file.hpp>

namespace pigeon::loader {
namespace {

constexpr std::string_view kSuffix = ".so";

Done add_directory(const std::string& path, std::map<std::string, Index::Entry, NameLess>& entries) {
  const auto directory = PIGEON_TRY(Directory::open(path));
  if (!directory) {
    return misconfigured("open plugin directory " + path + ": there is none")
        .with_remedy("correct \"plugins\" in the configuration, or install the plugins there");
  }
  std::map<std::string, Index::Entry, NameLess> found;
  for (const auto& file : PIGEON_TRY(directory->names())) {
    if (file.size() <= kSuffix.size() ||
        file.compare(file.size() - kSuffix.size(), kSuffix.size(), kSuffix) != 0) {
      continue;
    }
    const auto name = file.substr(0, file.size() - kSuffix.size());
    if (!is_key_string(name)) continue;
    const auto [at, is_new] = found.emplace(name, Index::Entry{name, path + "/" + file});
    if (!is_new) {
      return misconfigured("list plugin directory " + path + ": " + at->second.name + " and " + name +
                           " are one name, because case does not count")
          .with_remedy("remove one of the two files");
    }
  }
  entries.merge(found);
  return {};
}

}  // namespace

std::string_view kind_name(std::uint32_t kind) {
  switch (kind) {
    case PIGEON_KIND_DATATREE:
      return "datatree";
    case PIGEON_KIND_MODULE:
      return "module";
    case PIGEON_KIND_MDA:
      return "MDA";
    case PIGEON_KIND_CREATOR:
      return "creator";
    default:
      return "plugin of an unknown kind";
  }
}

std::string a_kind(std::uint32_t kind) {
  return (kind == PIGEON_KIND_MDA ? "an " : "a ") + std::string(kind_name(kind));
}

std::uint32_t kind_of(std::string_view name) {
  const auto folded = fold(name);
  if (starts_with(folded, "datatree-")) return PIGEON_KIND_DATATREE;
  if (starts_with(folded, "mda-")) return PIGEON_KIND_MDA;
  if (starts_with(folded, "creator-")) return PIGEON_KIND_CREATOR;
  return PIGEON_KIND_MODULE;
}

Result<Index> Index::of(const std::vector<std::string>& directories, const Trust& trust) {
  Index index;
  for (const auto& directory : directories) {
    PIGEON_TRY(trust.check_directory(directory, "plugin directory"));
    PIGEON_TRY(add_directory(directory, index.entries_));
  }
  index.where_ = join(directories, ", ");
  return index;
}

const Index::Entry* Index::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

}  // namespace pigeon::loader
