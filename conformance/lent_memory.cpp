// SPDX-License-Identifier: MIT
#include "conformance/lent_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <new>
#include <string>

namespace pigeon::conformance {
namespace {

// Addresses, not memory.
constexpr std::size_t kReserved = 256U << 20U;

}  // namespace

LentMemory::LentMemory() {
  void* memory = ::mmap(nullptr, kReserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  begin_ = free_ = static_cast<char*>(memory);
}

LentMemory::~LentMemory() {
  ::munmap(begin_, kReserved);
}

const void* LentMemory::put(const void* bytes, std::size_t size) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto whole = (size + page - 1) / page * page;
  auto* const first = free_;
  // The page behind it stays without access.
  if (whole + page > kReserved - static_cast<std::size_t>(free_ - begin_)) throw std::bad_alloc();
  free_ += whole + page;
  if (size == 0) return first;
  if (::mprotect(first, whole, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  std::memcpy(first + whole - size, bytes, size);
  ::mprotect(first, whole, PROT_READ);
  return first + whole - size;
}

pigeon_string LentMemory::text(std::string_view text) {
  return {static_cast<const char*>(put(text.data(), text.size())), text.size()};
}

const pigeon_object* LentMemory::object(const Object& object) {
  std::vector<pigeon_string> auxiliary;
  for (const auto& name : object.auxiliary) auxiliary.push_back(text(name));
  std::vector<pigeon_attribute> attributes;
  for (const auto& [name, values] : object.attributes) {
    std::vector<pigeon_string> lent;
    for (const auto& value : values) lent.push_back(text(value));
    attributes.push_back({text(name), put(lent), lent.size()});
  }
  return put(pigeon_object{sizeof(pigeon_object), 0, text(object.path), text(object.alias),
                           text(object.objectclass), put(auxiliary), auxiliary.size(), put(attributes),
                           attributes.size()});
}

const pigeon_slice* LentMemory::slice(const Slice& slice) {
  std::vector<const pigeon_object*> children;
  for (const auto& child : slice.children) children.push_back(object(child));
  return put(pigeon_slice{sizeof(pigeon_slice), 0, object(slice.object), put(children), children.size()});
}

void LentMemory::take_back() {
  ::madvise(begin_, kReserved, MADV_DONTNEED);
  ::mprotect(begin_, kReserved, PROT_NONE);
}

}  // namespace pigeon::conformance
