// SPDX-License-Identifier: MIT
//
// One module, run for one attempt: what it is given, and the services that it may ask for.
#pragma once

#include "host/allocator.hpp"
#include "host/attempt.hpp"
#include "host/plugins.hpp"
#include "host/store.hpp"
#include "host/tree.hpp"

#include <pigeon/abi/module.h>
#include <pigeon/sdk/module.hpp>
#include <pigeon/sdk/result.hpp>

#include <string>
#include <vector>

namespace pigeon::host {

// What the modules of every attempt share.
struct Services {
  Tree& tree;
  Plugins& plugins;
  Allocator& allocator;
  Store& store;
  Log& log;
};

// Runs the module on its object. What it finds, replaces and stores is noted in the attempt.
Result<Outcome> run_module(Opened& module, const Object& object, Attempt& attempt, Services& services);

}  // namespace pigeon::host
