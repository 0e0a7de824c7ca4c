// SPDX-License-Identifier: MIT
//
// Plugins that a host must refuse, each for one reason; the build says which by the definitions below. Where
// nothing is said, it is a creator as it should be.
#include <pigeon/abi/creator.h>
#include <pigeon/abi/plugin.h>

#include <cstdlib>

#ifndef PIGEON_ODD_MAJOR
#define PIGEON_ODD_MAJOR PIGEON_API_MAJOR
#endif
#ifndef PIGEON_ODD_MINOR
#define PIGEON_ODD_MINOR PIGEON_API_MINOR
#endif
#ifndef PIGEON_ODD_KIND
#define PIGEON_ODD_KIND PIGEON_KIND_CREATOR
#endif
#ifndef PIGEON_ODD_NOTE_KIND
#define PIGEON_ODD_NOTE_KIND PIGEON_ODD_KIND
#endif
#ifndef PIGEON_ODD_SIZE
#define PIGEON_ODD_SIZE sizeof(pigeon_plugin)
#endif
#ifndef PIGEON_ODD_OPERATIONS
#define PIGEON_ODD_OPERATIONS (&operations)
#endif
#ifndef PIGEON_ODD_SYMBOL
#define PIGEON_ODD_SYMBOL pigeon_plugin_v0
#endif

namespace {

pigeon_status obtain(void* /*instance*/, const pigeon_allocating* /*allocating*/,
                     pigeon_error* /*error*/) noexcept {
  return PIGEON_OK;
}
[[maybe_unused]] constexpr pigeon_creator operations = {sizeof(pigeon_creator), 0,  // NOLINT(*-naming)
                                                        obtain};

// Fails as often as the environment says.
pigeon_status load(pigeon_error* error) noexcept {
  const char* fails = std::getenv("PIGEON_TEST_LOAD_FAILS");  // NOLINT(concurrency-mt-unsafe)
  if (fails == nullptr) return PIGEON_OK;
  error->detail[0] = 'x';
  return PIGEON_UNAVAILABLE;
}
pigeon_status open_one(const pigeon_host* /*host*/, const pigeon_settings* /*settings*/, void** /*instance*/,
                       pigeon_error* /*error*/) noexcept {
  return PIGEON_OK;
}
void close_one(void* /*instance*/) noexcept {}

#ifdef PIGEON_ODD_CONSTRUCTOR
// What a file does that is mapped: the test sees whether it was.
__attribute__((constructor)) void announce() {
  ::setenv("PIGEON_TEST_MAPPED", PIGEON_ODD_NAME, 1);  // NOLINT(concurrency-mt-unsafe)
}
#endif

}  // namespace

#ifndef PIGEON_ODD_NO_NOTE
__attribute__((section(".note.pigeon"), used, aligned(4))) static const pigeon_note odd_note = {
    7, 12, PIGEON_NOTE_TYPE, PIGEON_NOTE_OWNER, PIGEON_ODD_MAJOR, PIGEON_ODD_MINOR, PIGEON_ODD_NOTE_KIND};
#endif

extern "C" {
PIGEON_EXPORT extern const pigeon_plugin PIGEON_ODD_SYMBOL;
constinit const pigeon_plugin PIGEON_ODD_SYMBOL = {PIGEON_ODD_SIZE,
                                                   PIGEON_ODD_MAJOR,
                                                   PIGEON_ODD_MINOR,
                                                   PIGEON_ODD_KIND,
                                                   PIGEON_ODD_NAME,
                                                   "1",
                                                   "a plugin for the tests of the loader",
                                                   nullptr,
                                                   0,
                                                   nullptr,
                                                   0,
                                                   load,
                                                   nullptr,
                                                   open_one,
                                                   close_one,
                                                   nullptr,
                                                   nullptr,
                                                   PIGEON_ODD_OPERATIONS};
}
