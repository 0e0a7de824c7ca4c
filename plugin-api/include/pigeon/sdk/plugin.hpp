// SPDX-License-Identifier: MIT
//
// What every plugin written in C++ stands on: the host as it sees it, the guard that no exception passes, and
// the descriptor. Include the header of your kind (datatree.hpp, module.hpp, mda.hpp, creator.hpp), which
// includes this.
#pragma once

#include <pigeon/abi/plugin.h>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/settings.hpp>
#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/time.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>

namespace pigeon::inline v0 {

// The host's services, for as long as the instance is open.
class Host {
 public:
  Host() = default;
  explicit Host(const pigeon_host* host) : host_(host) {}

  void info(const std::string& message) const { log(PIGEON_LOG_INFO, message); }
  void warning(const std::string& message) const { log(PIGEON_LOG_WARNING, message); }
  void error(const std::string& message) const { log(PIGEON_LOG_ERROR, message); }
  void debug(const std::string& message) const { log(PIGEON_LOG_DEBUG, message); }

 private:
  void log(std::uint32_t level, const std::string& message) const {
    if (host_ != nullptr) host_->log(host_->context, level, borrow(message));
  }
  const pigeon_host* host_ = nullptr;
};

// Writes one line of text into a fixed field: cut at a character, terminated.
template <std::size_t N>
void put(char (&field)[N], std::string_view text) {  // NOLINT(*-avoid-c-arrays)
  const std::string line = printable(text.substr(0, N));
  std::size_t length = std::min(line.size(), N - 1);
  while (length > 0 && length < line.size() && (static_cast<unsigned char>(line[length]) & 0xc0U) == 0x80U)
    --length;
  std::memcpy(field, line.data(), length);
  field[length] = '\0';
}

// A failure, crossing. Answers its status.
inline pigeon_status report(const Failure& failure, pigeon_error* error) {
  if (error != nullptr) {
    error->status = failure.status;
    error->flags = failure.may_have_happened ? PIGEON_ERROR_MAY_HAVE_HAPPENED : 0;
    error->dsn_class = failure.dsn.of_class;
    error->dsn_subject = failure.dsn.subject;
    error->dsn_detail = failure.dsn.detail;
    put(error->reason, failure.reason);
    put(error->detail, failure.detail);
    put(error->remedy, failure.remedy);
  }
  return failure.status;
}

inline Failure copy(const pigeon_error& error, pigeon_status status) {
  const auto text = [](const auto& field) {
    return std::string(field, strnlen(field, sizeof field));  // the callee may have forgotten to terminate it
  };
  return {.status = status,
          .detail = text(error.detail),
          .remedy = text(error.remedy),
          .reason = text(error.reason),
          .dsn = {error.dsn_class, error.dsn_subject, error.dsn_detail},
          .may_have_happened = (error.flags & PIGEON_ERROR_MAY_HAVE_HAPPENED) != 0};
}

inline pigeon_error blank_error() {
  pigeon_error error = {};
  error.size = sizeof error;
  return error;
}

// Runs `body`, which returns a pigeon_status, and lets nothing out but a status. Memory that is short is
// trouble of the machine; any other exception is a bug of the plugin. Both are temporary.
template <typename Body>
pigeon_status guard(pigeon_error* error, Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return report(temporary("out of memory"), error);
  } catch (const std::exception& exception) {
    try {
      return report(failure(PIGEON_BUG, std::string("unexpected exception: ") + exception.what()), error);
    } catch (...) {
      return PIGEON_BUG;
    }
  } catch (...) {
    return PIGEON_BUG;
  }
}

// The status of a call whose result says nothing more.
inline pigeon_status answer(const Done& result, pigeon_error* error) {
  return result ? PIGEON_OK : report(result.failure(), error);
}

// What the class of an instance offers beyond its kind's operations:
//   static Result<std::unique_ptr<T>> open(Host, const Settings&)      required
//   Done initialize(const pigeon_schema&, Deadline)                    optional
//   Done check(Deadline)                                               optional
template <typename T>
concept Initializes = requires(T t, const pigeon_schema& schema, Deadline deadline) {
  { t.initialize(schema, deadline) } -> std::same_as<Done>;
};
template <typename T>
concept Checks = requires(T t, Deadline deadline) {
  { t.check(deadline) } -> std::same_as<Done>;
};

template <typename T>
struct Instance {
  static T& of(void* instance) { return *static_cast<T*>(instance); }

  static pigeon_status open(const pigeon_host* host, const pigeon_settings* settings, void** instance,
                            pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      auto opened = T::open(Host(host), Settings(copy(settings->settings, settings->setting_count)));
      if (!opened) return report(opened.failure(), error);
      *instance = opened->release();
      return PIGEON_OK;
    });
  }
  static void close(void* instance) noexcept { delete static_cast<T*>(instance); }
  static pigeon_status initialize(void* instance, const pigeon_schema* schema, std::uint64_t deadline,
                                  pigeon_error* error) noexcept requires Initializes<T> {
    return guard(error, [&] { return answer(of(instance).initialize(*schema, Deadline(deadline)), error); });
  }
  static pigeon_status check(void* instance, std::uint64_t deadline,
                             pigeon_error* error) noexcept requires Checks<T> {
    return guard(error, [&] { return answer(of(instance).check(Deadline(deadline)), error); });
  }
};

// What a plugin says of itself. Everything lasts as long as the process.
struct About {
  const char* name;
  const char* version;
  const char* summary;
  std::span<const pigeon_class* const> classes = {};
  std::span<const pigeon_declaration> settings = {};
};

template <typename T>
constexpr pigeon_plugin describe(std::uint32_t kind, const About& about, const void* operations) {
  pigeon_plugin plugin = {sizeof(pigeon_plugin),
                          PIGEON_API_MAJOR,
                          PIGEON_API_MINOR,
                          kind,
                          about.name,
                          about.version,
                          about.summary,
                          about.classes.data(),
                          about.classes.size(),
                          about.settings.data(),
                          about.settings.size(),
                          nullptr,
                          nullptr,
                          Instance<T>::open,
                          Instance<T>::close,
                          nullptr,
                          nullptr,
                          operations};
  if constexpr (Initializes<T>) plugin.initialize = Instance<T>::initialize;
  if constexpr (Checks<T>) plugin.check = Instance<T>::check;
  return plugin;
}

}  // namespace pigeon::inline v0

// The note and the one exported symbol; used by the macro of each kind.
#define PIGEON_PLUGIN(kind_, type_, operations_, about_)      \
  PIGEON_PLUGIN_NOTE(kind_);                                  \
  extern "C" constinit const pigeon_plugin pigeon_plugin_v0 = \
      ::pigeon::describe<type_>(kind_, about_, &(operations_))
