// SPDX-License-Identifier: MIT
#include "host/loader/note.hpp"

#include "host/testing/trusted_plugins.hpp"

#include <pigeon/abi/plugin.h>

#include <doctest/doctest.h>

#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

using pigeon::Fd;
using pigeon::Result;
using pigeon::loader::Note;
using pigeon::loader::read_note;

namespace {

Result<Note> note_of(const std::string& bytes) {
  const Fd file(::memfd_create("plugin", MFD_CLOEXEC));
  REQUIRE(pigeon::write_all(file, bytes, "the file"));
  return read_note(file, "test.so");
}

std::string refusal(const std::string& bytes) {
  const auto note = note_of(bytes);
  if (note) return "none";
  CHECK(note.failure().status == PIGEON_MISCONFIGURED);
  CHECK_FALSE(note.failure().remedy.empty());
  return note.failure().detail;
}

bool is_about(const std::string& refused, const std::string& what) {
  return refused.find(what) != std::string::npos;
}

const std::string& plugin() {
  static const std::string bytes = [] {
    std::ifstream file(pigeon::testing::built_plugin("creator-good"), std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  }();
  return bytes;
}

// A field of a struct at some place of a file, changed.
template <typename Struct, typename Member, typename Value>
std::string with(std::string bytes, std::size_t at, Member Struct::*member, Value value) {
  Struct changed = {};
  std::memcpy(&changed, bytes.data() + at, sizeof changed);
  changed.*member = static_cast<Member>(value);
  std::memcpy(bytes.data() + at, &changed, sizeof changed);
  return bytes;
}

// The smallest file with a note: a header, one segment, and what that holds.
std::string with_notes(const std::string& notes) {
  ElfW(Ehdr) header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  // Of the machine that the plugin is for.
  ElfW(Ehdr) real;
  std::memcpy(&real, plugin().data(), sizeof real);
  header.e_ident[EI_CLASS] = real.e_ident[EI_CLASS];
  header.e_ident[EI_DATA] = real.e_ident[EI_DATA];
  header.e_machine = real.e_machine;
  header.e_type = ET_DYN;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(ElfW(Phdr));
  header.e_phnum = 1;
  ElfW(Phdr) segment = {};
  segment.p_type = PT_NOTE;
  segment.p_offset = sizeof header + sizeof segment;
  segment.p_filesz = notes.size();
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes.append(reinterpret_cast<const char*>(&segment), sizeof segment);
  return bytes + notes;
}

std::string note(const std::string& owner, std::uint32_t type, const std::string& description,
                 std::uint32_t claimed_owner = 0, std::uint32_t claimed_description = 0) {
  const ElfW(Nhdr) header = {
      claimed_owner != 0 ? claimed_owner : static_cast<std::uint32_t>(owner.size()),
      claimed_description != 0 ? claimed_description : static_cast<std::uint32_t>(description.size()), type};
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes += owner;
  bytes.resize((bytes.size() + 3) / 4 * 4);
  bytes += description;
  bytes.resize((bytes.size() + 3) / 4 * 4);
  return bytes;
}

const std::string owner("Pigeon\0", 7);
const std::string description("\0\0\0\0\1\0\0\0\4\0\0\0", 12);

constexpr std::size_t kSegment = sizeof(ElfW(Ehdr));

}  // namespace

TEST_CASE("the note of a plugin says version and kind") {
  const auto found = note_of(plugin());
  REQUIRE(found);
  CHECK(found->major == PIGEON_API_MAJOR);
  CHECK(found->minor == PIGEON_API_MINOR);
  CHECK(found->kind == PIGEON_KIND_CREATOR);
}

TEST_CASE("a note is found behind those of others") {
  const auto ours = note(owner, PIGEON_NOTE_TYPE, description);
  CHECK(note_of(with_notes(ours)));
  CHECK(note_of(with_notes(note("GNU" + std::string(1, '\0'), 3, "x") + ours)));
  CHECK(note_of(with_notes(note("", 0, "") + note("odd", 7, "12345") + ours + "tail")));
}

TEST_CASE("a note of another owner, of another type, or too short is not ours") {
  for (const auto& notes :
       {note(std::string("pigeon\0", 7), PIGEON_NOTE_TYPE, description),
        note("Pigeon", PIGEON_NOTE_TYPE, description),
        note(std::string("Pigeons\0", 8), PIGEON_NOTE_TYPE, description), note(owner, 2, description),
        note(owner, PIGEON_NOTE_TYPE, "12345678"), std::string(), std::string(3, 'x')}) {
    CHECK(is_about(refusal(with_notes(notes)), "it bears no PigeonDeliver note"));
  }
}

TEST_CASE("a note whose sizes lie is not believed") {
  for (const std::uint32_t lie : {13U, 1000U, 0x7fffffffU, 0xfffffffdU, 0xffffffffU}) {
    CHECK(refusal(with_notes(note(owner, PIGEON_NOTE_TYPE, description, lie))) != "none");
    CHECK(refusal(with_notes(note(owner, PIGEON_NOTE_TYPE, description, 0, lie + 4))) != "none");
  }
}

TEST_CASE("what is no ELF file is refused as such") {
  for (const auto& bytes : {std::string(), std::string("x"), std::string("#!/bin/sh\n"),
                            std::string(4096, '\0'), std::string("\x7f") + "ELF"}) {
    CHECK(is_about(refusal(bytes), "it is not an ELF file, or is cut off"));
  }
}

TEST_CASE("a file for another machine, or no shared object, is refused as such") {
  using Header = ElfW(Ehdr);
  const auto other = [](const std::string& bytes) {
    return is_about(refusal(bytes), "it is not a shared object for this machine");
  };
  auto narrow = plugin();
  narrow[EI_CLASS] = static_cast<char>(narrow[EI_CLASS] ^ (ELFCLASS32 ^ ELFCLASS64));
  CHECK(other(narrow));
  auto other_endian = plugin();
  other_endian[EI_DATA] = static_cast<char>(other_endian[EI_DATA] ^ (ELFDATA2LSB ^ ELFDATA2MSB));
  CHECK(other(other_endian));
  CHECK(other(with(plugin(), 0, &Header::e_type, ET_EXEC)));
  CHECK(other(with(plugin(), 0, &Header::e_type, ET_REL)));
  CHECK(other(with(plugin(), 0, &Header::e_machine, EM_NONE)));
  CHECK(other(with(plugin(), 0, &Header::e_phentsize, 8)));
  CHECK(other(with(plugin(), 0, &Header::e_phnum, 0xffff)));
}

TEST_CASE("offsets and sizes that lie are refused") {
  using Header = ElfW(Ehdr);
  using Segment = ElfW(Phdr);
  for (const std::uint64_t lie : {UINT64_C(0xffffffffffffffff), UINT64_C(0x7fffffffffffffff),
                                  UINT64_C(0x8000000000000000), UINT64_C(100'000'000)}) {
    CHECK(is_about(refusal(with(plugin(), 0, &Header::e_phoff, lie)), "it is cut off"));
    const auto small = with_notes(note(owner, PIGEON_NOTE_TYPE, description));
    CHECK(is_about(refusal(with(small, kSegment, &Segment::p_offset, lie)), "it is cut off"));
    CHECK(refusal(with(small, kSegment, &Segment::p_filesz, lie)) != "none");
  }
}

TEST_CASE("a plugin that is cut off anywhere is refused, or its note was read before") {
  const auto small = with_notes(note(owner, PIGEON_NOTE_TYPE, description));
  for (std::size_t size = 0; size < small.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(note_of(small.substr(0, size)));
  }
  for (std::size_t size = 0; size < plugin().size(); size += 997) {
    const auto found = note_of(plugin().substr(0, size));
    if (found && found->kind != PIGEON_KIND_CREATOR) FAIL("cut at " << size);
  }
}

TEST_CASE("every changed byte of a plugin's head is refused in words or read as what it says") {
  const auto small = with_notes(note(owner, PIGEON_NOTE_TYPE, description));
  for (std::size_t at = 0; at < small.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      auto changed = small;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      const auto found = note_of(changed);
      if (!found && found.failure().remedy.empty()) FAIL("byte " << at);
    }
  }
}
