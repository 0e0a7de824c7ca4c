// SPDX-License-Identifier: MIT
//
// Declarations in one line each, and the classes that are the tree's own.
#pragma once

#include <pigeon/abi/plugin.h>
#include <pigeon/abi/schema.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace pigeon::inline v0 {

constexpr pigeon_declaration text_of(const char* name, const char* meaning, const char* otherwise = nullptr,
                                     std::uint32_t flags = 0) {
  return {name, PIGEON_TYPE_TEXT, flags, nullptr, otherwise, meaning};
}
constexpr pigeon_declaration boolean_of(const char* name, const char* meaning,
                                        const char* otherwise = nullptr, std::uint32_t flags = 0) {
  return {name, PIGEON_TYPE_BOOLEAN, flags, nullptr, otherwise, meaning};
}
constexpr pigeon_declaration integer_of(const char* name, const char* meaning,
                                        const char* otherwise = nullptr, std::uint32_t flags = 0) {
  return {name, PIGEON_TYPE_INTEGER, flags, nullptr, otherwise, meaning};
}
constexpr pigeon_declaration size_of(const char* name, const char* meaning, const char* otherwise = nullptr,
                                     std::uint32_t flags = 0) {
  return {name, PIGEON_TYPE_SIZE, flags, nullptr, otherwise, meaning};
}
constexpr pigeon_declaration time_of(const char* name, const char* meaning, const char* otherwise = nullptr,
                                     std::uint32_t flags = 0) {
  return {name, PIGEON_TYPE_DURATION, flags, nullptr, otherwise, meaning};
}
constexpr pigeon_declaration choice_of(const char* name, const char* choices, const char* meaning,
                                       const char* otherwise = nullptr, std::uint32_t flags = 0) {
  return {name, PIGEON_TYPE_CHOICE, flags, choices, otherwise, meaning};
}
constexpr pigeon_declaration path_of(const char* name, const char* meaning, std::uint32_t flags = 0) {
  return {name, PIGEON_TYPE_PATH, flags, nullptr, nullptr, meaning};
}

template <std::size_t N>
constexpr pigeon_class structural(const char* name, const char* meaning,
                                  const std::array<pigeon_declaration, N>& attributes) {
  return {name, PIGEON_CLASS_STRUCTURAL, 0, meaning, attributes.data(), N};
}
template <std::size_t N>
constexpr pigeon_class auxiliary(const char* name, const char* meaning,
                                 const std::array<pigeon_declaration, N>& attributes) {
  return {name, PIGEON_CLASS_AUXILIARY, 0, meaning, attributes.data(), N};
}

// The words of the tree that host and plugins share.
namespace tree {

// Every object has these. `name` is the last name of its path and is not stored as an attribute.
inline constexpr std::array kEveryObject = {
    boolean_of("enable", "whether what this object configures is in effect", "TRUE"),
    boolean_of("force",
               "on a domain's object: it is used rather than the user's; on a user's object: it is not",
               "FALSE"),
};

// Every allocation class, whose name is the MDA's followed by this, has these.
inline constexpr const char* kAllocationSuffix = "Allocation";
inline constexpr std::array kEveryAllocation = {
    text_of("id", "what the mailbox is stamped with; never given twice", nullptr,
            PIGEON_DECLARATION_ALLOCATION | PIGEON_DECLARATION_MANDATORY),
    boolean_of("ready", "whether the mailbox has been made", "FALSE", PIGEON_DECLARATION_ALLOCATION),
    text_of("moving", "the id of the mailbox that the mail is being moved into; a token while that is undone",
            nullptr, PIGEON_DECLARATION_ALLOCATION),
};

inline constexpr const char* kRoot = "mailRoot";
inline constexpr const char* kDomain = "mailDomain";
inline constexpr const char* kUser = "mailUser";
inline constexpr const char* kOtherMailbox = "otherMailbox";

inline constexpr std::array kRootAttributes = {
    text_of("tree", "identifies this tree; written when it is made", nullptr, PIGEON_DECLARATION_MANDATORY),
};
inline constexpr std::array kDomainAttributes = {
    boolean_of("acceptUnknown", "whether mail for users that do not exist goes into the domain's own mailbox",
               "FALSE"),
    choice_of("disabled", "defer|reject",
              "what happens to mail for what is disabled; overrides the configuration"),
};
inline constexpr std::array<pigeon_declaration, 0> kUserAttributes = {};
inline constexpr std::array<pigeon_declaration, 0> kOtherMailboxAttributes = {};

inline constexpr pigeon_class kRootClass = structural(kRoot, "the root of the tree", kRootAttributes);
inline constexpr pigeon_class kDomainClass =
    structural(kDomain, "a domain that mail is handled for", kDomainAttributes);
inline constexpr pigeon_class kUserClass = structural(kUser, "a user of a domain", kUserAttributes);
// Below its user or domain, called by the id of the allocation that it bears.
inline constexpr pigeon_class kOtherMailboxClass = structural(
    kOtherMailbox, "a mailbox that mail is being moved into, or was moved out of; none is delivered to it",
    kOtherMailboxAttributes);
inline constexpr std::array kClasses = {&kRootClass, &kDomainClass, &kUserClass, &kOtherMailboxClass};

}  // namespace tree
}  // namespace pigeon::inline v0
