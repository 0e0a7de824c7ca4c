// SPDX-License-Identifier: MIT
#include "host/idn.hpp"

#include <pigeon/sdk/text.hpp>

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>

#include <idn2.h>

#include <exception>
#include <memory>

namespace pigeon::host {

namespace load_mode = boost::dll::load_mode;

Result<std::optional<std::string>> to_a_labels(const std::string& domain) {
  constexpr const char* kLibrary = "libidn2.so.0";
  try {
    const boost::dll::shared_library library(
        kLibrary, load_mode::rtld_now | load_mode::rtld_local | load_mode::search_system_folders);
    const auto& convert = library.get<decltype(::idn2_to_ascii_8z)>("idn2_to_ascii_8z");
    const auto& release = library.get<decltype(::idn2_free)>("idn2_free");
    char* converted = nullptr;
    const int status = convert(domain.c_str(), &converted, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
    const std::unique_ptr<char, decltype(&release)> owner(converted, release);
    if (status == IDN2_MALLOC) return temporary("convert domain " + printable(domain) + ": out of memory");
    if (status != IDN2_OK) return std::nullopt;
    return fold(converted);
  } catch (const std::exception& exception) {
    return unavailable("convert domain " + printable(domain) + ": " + exception.what())
        .with_remedy(std::string("install ") + kLibrary);
  }
}

}  // namespace pigeon::host
