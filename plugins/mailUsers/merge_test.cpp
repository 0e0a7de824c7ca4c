// SPDX-License-Identifier: MIT
#include "merge.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

namespace {

using pigeon::Object;

// A side of the merge: nothing, or an object with these values of force and enable; "-" leaves the property
// out.
struct Side {
  std::string force;
  std::string enable;
};

std::vector<Object> objects(const std::string& parent, const std::optional<Side>& side) {
  if (!side) return {};
  Object object{.path = parent + "/mailStore", .objectclass = "mailStore"};
  if (side->force != "-") object.attributes.set("force", side->force);
  if (side->enable != "-") object.attributes.set("enable", side->enable);
  return {object};
}

auto merge(const std::optional<Side>& user, const std::optional<Side>& domain) {
  return mail_users::merge({"mailStore"}, objects("/d/mailUsers/u", user), objects("/d", domain));
}

constexpr const char* kUsers = "/d/mailUsers/u/mailStore";
constexpr const char* kDomains = "/d/mailStore";

}  // namespace

TEST_CASE("the truth table of force, with every spelling of FALSE") {
  for (const std::string domain_false : {"FALSE", "-"}) {
    for (const std::string user_force : {"TRUE", "FALSE", "-"}) {
      CAPTURE(user_force);
      CAPTURE(domain_false);
      const auto merged = merge(Side{user_force, "-"}, Side{domain_false, "-"});
      REQUIRE(merged);
      REQUIRE(merged->size() == 1);
      CHECK(merged->front().step.object.path == kUsers);
    }
  }
  const auto both = merge(Side{"TRUE", "-"}, Side{"TRUE", "-"});
  REQUIRE(both);
  CHECK(both->front().step.object.path == kUsers);
  for (const std::string user_false : {"FALSE", "-"}) {
    const auto forced = merge(Side{user_false, "-"}, Side{"TRUE", "-"});
    REQUIRE(forced);
    CHECK(forced->front().step.object.path == kDomains);
  }
}

TEST_CASE("a module that one side has is used, forced or not") {
  for (const std::string force : {"TRUE", "FALSE", "-"}) {
    const auto users = merge(Side{force, "-"}, std::nullopt);
    REQUIRE(users);
    CHECK(users->front().step.object.path == kUsers);
    const auto domains = merge(std::nullopt, Side{force, "-"});
    REQUIRE(domains);
    CHECK(domains->front().step.object.path == kDomains);
  }
}

TEST_CASE("a module that neither side has is not mentioned") {
  const auto merged = merge(std::nullopt, std::nullopt);
  REQUIRE(merged);
  CHECK(merged->empty());
}

TEST_CASE("enable of the side that is used decides, and of that side alone") {
  struct Row {
    std::string user_force, user_enable, domain_force, domain_enable;
    bool enabled;
  };
  const Row rows[] = {
      {"-", "FALSE", "-", "TRUE", false},       {"-", "TRUE", "-", "FALSE", true},
      {"-", "TRUE", "TRUE", "FALSE", false},    {"-", "FALSE", "TRUE", "TRUE", true},
      {"TRUE", "FALSE", "TRUE", "TRUE", false}, {"TRUE", "TRUE", "TRUE", "FALSE", true},
      {"-", "-", "-", "FALSE", true},           {"-", "TRUE", "TRUE", "-", true},
  };
  for (const auto& row : rows) {
    CAPTURE(row.user_force + row.user_enable + row.domain_force + row.domain_enable);
    const auto merged =
        merge(Side{row.user_force, row.user_enable}, Side{row.domain_force, row.domain_enable});
    REQUIRE(merged);
    REQUIRE(merged->size() == 1);
    CHECK(merged->front().step.enabled == row.enabled);
  }
}

TEST_CASE("a disabled module of one side is an explicit off, not an absence") {
  const auto merged = merge(Side{"-", "FALSE"}, std::nullopt);
  REQUIRE(merged);
  REQUIRE(merged->size() == 1);
  CHECK_FALSE(merged->front().step.enabled);
}

TEST_CASE(
    "a flag that is neither TRUE nor FALSE is a mistake, on either side, also where it would not decide") {
  for (const std::string bad : {"true", "yes", "1", " TRUE", ""}) {
    CAPTURE(bad);
    CHECK_FALSE(merge(Side{bad, "-"}, Side{"-", "-"}));
    CHECK_FALSE(merge(Side{"-", bad}, Side{"-", "-"}));
    CHECK_FALSE(merge(Side{"-", "-"}, Side{bad, "-"}));
    CHECK_FALSE(merge(Side{"-", "-"}, Side{"-", bad}));
    const auto failed = merge(Side{bad, "-"}, std::nullopt);
    REQUIRE_FALSE(failed);
    CHECK(failed.failure().status == PIGEON_MISCONFIGURED);
    CHECK(failed.failure().remedy.find("pigeonctl tree set /d/mailUsers/u/mailStore force=") == 0);
  }
}

TEST_CASE("a flag with two values is a mistake") {
  auto user = objects("/u", Side{"-", "-"});
  user.front().attributes.set("enable", pigeon::Values{"TRUE", "FALSE"});
  CHECK_FALSE(mail_users::merge({"mailStore"}, user, {}));
}

TEST_CASE("two objects of one class on one level are a mistake") {
  auto user = objects("/u", Side{"-", "-"});
  user.push_back({.path = "/u/another", .objectclass = "MAILSTORE"});
  const auto merged = mail_users::merge({"mailStore"}, user, {});
  REQUIRE_FALSE(merged);
  CHECK(merged.failure().detail.find("/u/another") != std::string::npos);
}

TEST_CASE("modules come in the configured order, and what it does not name does not come") {
  const std::vector<Object> domain = {{.path = "/d/b", .objectclass = "mailB"},
                                      {.path = "/d/x", .objectclass = "mailX"},
                                      {.path = "/d/a", .objectclass = "mailA"}};
  const auto merged = mail_users::merge({"mailA", "mailB", "mailC"}, {}, domain);
  REQUIRE(merged);
  REQUIRE(merged->size() == 2);
  CHECK((*merged)[0].step.module == "mailA");
  CHECK((*merged)[1].step.module == "mailB");
}
