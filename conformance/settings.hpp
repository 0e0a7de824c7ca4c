// SPDX-License-Identifier: MIT
//
// What a plugin is configured with while it is checked.
#pragma once

#include <pigeon/abi/plugin.h>
#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/settings.hpp>

#include <string>

namespace pigeon::conformance {

// What the person who runs the checks wants the plugin to be configured with; may be empty.
using Given = Attributes;

// From a file: one JSON object, as the plugin's section of pigeon.json. "{directory}" in a value stands for
// the directory that each check has of its own.
Result<Given> read_given(const std::string& file);

// The section as the host would hand it over: what was given, checked against what the plugin declares;
// defaults filled in; a mandatory path that was not given lies in `directory`.
Result<Settings> settings_for(const pigeon_plugin& plugin, const Given& given, const std::string& directory);

}  // namespace pigeon::conformance
