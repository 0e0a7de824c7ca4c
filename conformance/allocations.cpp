// SPDX-License-Identifier: MIT
#include "conformance/allocations.hpp"

#include <link.h>
#include <sys/auxv.h>
#include <unwind.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>

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

// Where a file is mapped.
struct Range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;

  [[nodiscard]] bool has(std::uintptr_t address) const { return address >= begin && address < end; }
};

// Whoever asks for memory from within one of these, does so for whoever has called it.
constexpr std::array kRuntime = {"libc.so",     "libstdc++.so", "libc++",
                                 "libgcc_s.so", "libm.so",      "libpthread.so"};
constexpr std::size_t kMostRuntime = kRuntime.size() + 4;

struct Files {
  const char* plugin_name = nullptr;
  Range plugin;
  // It makes the memory of thread-local variables when they are first used, and has no way to say that there
  // is none but to end the process: no plugin can help that.
  Range loader;
  std::array<Range, kMostRuntime> runtime;
  std::size_t runtime_count = 0;
};
Files files;

int note_file(dl_phdr_info* object, std::size_t /*size*/, void* /*context*/) {
  Range range = {object->dlpi_addr, object->dlpi_addr};
  for (int index = 0; index < object->dlpi_phnum; ++index) {
    const auto& part = object->dlpi_phdr[index];  // NOLINT(*-pointer-arithmetic): an array of C
    if (part.p_type == PT_LOAD)
      range.end = std::max<std::uintptr_t>(range.end, range.begin + part.p_vaddr + part.p_memsz);
  }
  const std::string_view path(object->dlpi_name);
  const auto name = path.substr(path.rfind('/') + 1);
  const bool is_program = path.empty();
  const bool is_runtime = std::any_of(kRuntime.begin(), kRuntime.end(), [&](const char* each) {
    return name.substr(0, std::strlen(each)) == each;
  });
  if (range.has(::getauxval(AT_BASE))) files.loader = range;
  if ((is_program || is_runtime) && files.runtime_count < kMostRuntime)
    files.runtime[files.runtime_count++] = range;
  if (files.plugin_name != nullptr && path == files.plugin_name) files.plugin = range;
  return 0;
}

#if PIGEON_ALLOCATIONS_FAIL
// From the inside out: the first that is not the C or C++ library decides whose allocation it is.
_Unwind_Reason_Code look_at_frame(_Unwind_Context* frame, void* is_plugins) {
  const std::uintptr_t address = _Unwind_GetIP(frame) - 1;
  for (std::size_t index = 0; index < files.runtime_count; ++index) {
    if (files.runtime[index].has(address)) return _URC_NO_REASON;
  }
  *static_cast<bool*>(is_plugins) = files.plugin.has(address);
  return _URC_END_OF_STACK;
}

bool must_fail(const void* caller) {
  auto* counter = counted_by.load();
  if (counter == nullptr || plugin_calls == 0 || host_calls != 0) return false;
  if (files.loader.has(reinterpret_cast<std::uintptr_t>(caller))) return false;
  bool is_plugins = false;
  ++host_calls;  // looking may allocate
  _Unwind_Backtrace(look_at_frame, &is_plugins);
  --host_calls;
  if (!is_plugins) return false;
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

void note_plugin(const char* path) {
  files.plugin_name = path;
}
void count_allocations(std::atomic<std::uint64_t>& counter, std::uint64_t failing) {
  files.runtime_count = 0;
  ::dl_iterate_phdr(note_file, nullptr);
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

// NOLINTBEGIN(bugprone-reserved-identifier,readability-*,cert-*): these names are the C library's
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
// NOLINTEND(bugprone-reserved-identifier,readability-*,cert-*)

#endif
