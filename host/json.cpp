// SPDX-License-Identifier: MIT
//
// Boost.JSON, compiled once, so that no shared object is needed for it.
#include <boost/json/src.hpp>
