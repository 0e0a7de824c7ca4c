// SPDX-License-Identifier: MIT
#include "conformance/allocations.hpp"

#include <link.h>
#include <sys/auxv.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PIGEON_ALLOCATIONS_FAIL 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define PIGEON_ALLOCATIONS_FAIL 0
#endif
#endif
#ifndef PIGEON_ALLOCATIONS_FAIL
#ifdef __GLIBC__
#define PIGEON_ALLOCATIONS_FAIL 1
#else
#define PIGEON_ALLOCATIONS_FAIL 0
#endif
#endif

namespace pigeon::conformance {
namespace {

// All of these are touched from inside malloc: nothing in them may allocate.
std::atomic<std::atomic<std::uint64_t>*> counted_by = nullptr;
std::atomic<std::uint64_t> failing_one = 0;
std::atomic<int> plugin_calls = 0;
thread_local int host_calls = 0;

// Where the dynamic loader is. It makes the memory of thread-local variables when they are first used, and
// has no way to say that there is none but to end the process: no plugin can help that.
struct Loader {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;

  [[nodiscard]] bool has(const void* address) const {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    return at >= begin && at < end;
  }
};
Loader loader;

int note_loader(dl_phdr_info* object, std::size_t /*size*/, void* base) {
  if (object->dlpi_addr != *static_cast<std::uintptr_t*>(base)) return 0;
  loader.begin = object->dlpi_addr;
  for (int index = 0; index < object->dlpi_phnum; ++index) {
    const auto& part = object->dlpi_phdr[index];  // NOLINT(*-pointer-arithmetic): an array of C
    if (part.p_type == PT_LOAD) loader.end = std::max(loader.end, loader.begin + part.p_vaddr + part.p_memsz);
  }
  return 1;
}

#if PIGEON_ALLOCATIONS_FAIL
bool must_fail(const void* caller) {
  auto* counter = counted_by.load();
  if (counter == nullptr || plugin_calls == 0 || host_calls != 0 || loader.has(caller)) return false;
  if (++*counter != failing_one) return false;
  errno = ENOMEM;
  return true;
}
#endif

}  // namespace

std::string why_no_allocation_fails() {
#if PIGEON_ALLOCATIONS_FAIL
  return "";
#else
  return "no allocation can be made to fail here: the runner is built with a sanitizer, or for another C "
         "library";
#endif
}

void count_allocations(std::atomic<std::uint64_t>& counter, std::uint64_t failing) {
  auto base = static_cast<std::uintptr_t>(::getauxval(AT_BASE));
  if (loader.end == 0) ::dl_iterate_phdr(note_loader, &base);
  failing_one = failing;
  counted_by = &counter;
}
void count_no_allocations() {
  counted_by = nullptr;
}

PluginCall::PluginCall() {
  ++plugin_calls;
}
PluginCall::~PluginCall() {
  --plugin_calls;
}
HostCall::HostCall() {
  ++host_calls;
}
HostCall::~HostCall() {
  --host_calls;
}

}  // namespace pigeon::conformance

#if PIGEON_ALLOCATIONS_FAIL

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-inconsistent-declaration-parameter-name):
// these names are the C library's
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

#define PIGEON_ALLOCATES __attribute__((visibility("default"), noinline))
#define PIGEON_MUST_FAIL() pigeon::conformance::must_fail(__builtin_return_address(0))

PIGEON_ALLOCATES void* malloc(std::size_t size) {
  return PIGEON_MUST_FAIL() ? nullptr : __libc_malloc(size);
}
PIGEON_ALLOCATES void* calloc(std::size_t count, std::size_t size) {
  return PIGEON_MUST_FAIL() ? nullptr : __libc_calloc(count, size);
}
PIGEON_ALLOCATES void* realloc(void* memory, std::size_t size) {
  return PIGEON_MUST_FAIL() ? nullptr : __libc_realloc(memory, size);
}
PIGEON_ALLOCATES void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return PIGEON_MUST_FAIL() ? nullptr : __libc_memalign(alignment, size);
}
PIGEON_ALLOCATES void* memalign(std::size_t alignment, std::size_t size) {
  return PIGEON_MUST_FAIL() ? nullptr : __libc_memalign(alignment, size);
}
PIGEON_ALLOCATES int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  if (alignment % sizeof(void*) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
  void* made = PIGEON_MUST_FAIL() ? nullptr : __libc_memalign(alignment, size);
  if (made == nullptr) return ENOMEM;
  *memory = made;
  return 0;
}
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-inconsistent-declaration-parameter-name)

#endif
