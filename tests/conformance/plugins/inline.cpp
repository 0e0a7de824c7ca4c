// SPDX-License-Identifier: MIT
//
// A module with an inline variable that another plugin defines as well: each must have its own, and says so
// by failing where it has not. -DTHROWS: it throws instead, from every function.
#include <pigeon/abi/module.h>
#include <pigeon/abi/plugin.h>

#include <cstring>
#include <initializer_list>
#include <stdexcept>

struct Shared {
  static inline const char* owner = nullptr;
};
inline const char* owner = nullptr;

inline const char*& local_of_an_inline() {
  static const char* local = nullptr;
  return local;
}

static void attempt() {
#ifdef THROWS
  throw std::runtime_error("an exception that leaves its plugin");
#endif
}

static pigeon_status open_it(const pigeon_host* /*host*/, const pigeon_settings* /*settings*/,
                             void** instance, pigeon_error* /*error*/) noexcept {
  attempt();
  Shared::owner = owner = local_of_an_inline() = NAME;
  *instance = nullptr;
  return PIGEON_OK;
}
static void close_it(void* /*instance*/) noexcept {}

static pigeon_status run(void* /*instance*/, const pigeon_run* /*run*/, uint32_t* outcome,
                         pigeon_error* error) noexcept {
  attempt();
  *outcome = PIGEON_OUTCOME_GO_ON;
  bool is_mine = true;
  for (const char* each : {Shared::owner, owner, local_of_an_inline()})
    is_mine = is_mine && std::strcmp(each, NAME) == 0;
  if (is_mine) return PIGEON_OK;
  std::strcpy(error->detail, "another plugin has changed what is mine");
  return error->status = PIGEON_BUG;
}

static constexpr pigeon_class kClass = {NAME, PIGEON_CLASS_STRUCTURAL, 0, "has variables", nullptr, 0};
static constexpr const pigeon_class* kClasses[] = {&kClass};
static constexpr pigeon_module kOperations = {sizeof(pigeon_module), 0, run};

PIGEON_PLUGIN_NOTE(PIGEON_KIND_MODULE);
const pigeon_plugin pigeon_plugin_v0 = {sizeof(pigeon_plugin),
                                        PIGEON_API_MAJOR,
                                        PIGEON_API_MINOR,
                                        PIGEON_KIND_MODULE,
                                        NAME,
                                        "1",
                                        "has variables that others have as well",
                                        kClasses,
                                        1,
                                        nullptr,
                                        0,
                                        nullptr,
                                        nullptr,
                                        open_it,
                                        close_it,
                                        nullptr,
                                        nullptr,
                                        &kOperations};
