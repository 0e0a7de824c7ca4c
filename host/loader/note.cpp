// SPDX-License-Identifier: MIT
#include "host/loader/note.hpp"

#include <pigeon/abi/plugin.h>

#include <elf.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <vector>

// Our own header, by the linker: what a file for this machine looks like.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): the linker's name
extern "C" __attribute__((visibility("hidden"))) const ElfW(Ehdr) __ehdr_start;

namespace pigeon::loader {
namespace {

// Larger than any note segment that a linker writes, small enough to be read at once.
constexpr std::uint64_t kLargestNotes = 65'536;
constexpr std::uint16_t kMostSegments = 256;

// Fills `to` with what stands at `offset`; false if the file ends before.
bool read_at(const Fd& file, std::uint64_t offset, void* to, std::size_t size) {
  if (offset > INT64_MAX) return false;
  const auto got = retry([&] { return ::pread(file.get(), to, size, static_cast<off_t>(offset)); });
  return got >= 0 && static_cast<std::size_t>(got) == size;
}

constexpr std::uint64_t aligned(std::uint64_t size) {
  return (size + 3) & ~std::uint64_t{3};
}

std::optional<Note> find_note(const std::vector<char>& notes) {
  std::uint64_t at = 0;
  while (notes.size() - at >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes.data() + at, sizeof header);
    const std::uint64_t owner = at + sizeof header;
    const std::uint64_t description = owner + aligned(header.n_namesz);
    const std::uint64_t end = description + aligned(header.n_descsz);
    if (end > notes.size()) return std::nullopt;
    Note note = {};
    if (header.n_type == PIGEON_NOTE_TYPE && header.n_namesz == sizeof PIGEON_NOTE_OWNER &&
        std::memcmp(notes.data() + owner, PIGEON_NOTE_OWNER, sizeof PIGEON_NOTE_OWNER) == 0 &&
        header.n_descsz >= sizeof note) {
      std::memcpy(&note, notes.data() + description, sizeof note);
      return note;
    }
    at = end;
  }
  return std::nullopt;
}

}  // namespace

Result<Note> read_note(const Fd& file, const std::string& shown) {
  const auto refuse = [&](const std::string& why) {
    return misconfigured("refuse plugin " + shown + ": " + why)
        .with_remedy("reinstall the plugin, or remove the file from the plugin directory");
  };
  ElfW(Ehdr) header;
  if (!read_at(file, 0, &header, sizeof header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return refuse("it is not an ELF file, or is cut off");
  }
  const auto& ours = __ehdr_start;
  if (header.e_ident[EI_CLASS] != ours.e_ident[EI_CLASS] ||
      header.e_ident[EI_DATA] != ours.e_ident[EI_DATA] || header.e_machine != ours.e_machine ||
      header.e_type != ET_DYN || header.e_phentsize != sizeof(ElfW(Phdr)) || header.e_phnum > kMostSegments) {
    return refuse("it is not a shared object for this machine");
  }
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) return system_failure("examine plugin " + shown, errno);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  std::vector<ElfW(Phdr)> segments(header.e_phnum);
  if (!read_at(file, header.e_phoff, segments.data(), segments.size() * sizeof segments[0])) {
    return refuse("it is cut off");
  }
  std::optional<Note> note;
  for (const auto& segment : segments) {
    // To touch a page that is mapped from beyond the end of a file is a bus error, and ld.so does touch them.
    const bool is_whole = segment.p_filesz <= size && segment.p_offset <= size - segment.p_filesz;
    if (segment.p_type == PT_LOAD && !is_whole) return refuse("it is cut off");
    if (segment.p_type != PT_NOTE || segment.p_filesz > kLargestNotes || note) continue;
    std::vector<char> notes(segment.p_filesz);
    if (!read_at(file, segment.p_offset, notes.data(), notes.size())) return refuse("it is cut off");
    note = find_note(notes);
  }
  if (note) return *note;
  return refuse("it bears no PigeonDeliver note, so it is not a PigeonDeliver plugin");
}

}  // namespace pigeon::loader
