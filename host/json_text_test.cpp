// SPDX-License-Identifier: MIT
#include "host/json_text.hpp"

#include <doctest/doctest.h>

#include <string>

using pigeon::host::parse_json;
using pigeon::host::position_of;
using pigeon::host::suggestion;

namespace {

std::string complaint(const std::string& text) {
  const auto parsed = parse_json(text);
  return parsed ? "" : parsed.failure().detail;
}

}  // namespace

TEST_CASE("comments and trailing commas are taken") {
  const auto parsed = parse_json("// a\n{ /* b */ \"x\": [1, 2,], \"y\": {\"z\": true,}, }\n// c\n");
  REQUIRE(parsed);
  CHECK(parsed->at("x").as_array().size() == 2);
  CHECK(parsed->at("y").at("z").as_bool());
}

TEST_CASE("what is no JSON is refused where it stops being some") {
  CHECK(complaint("{\n  \"x\": 1\n  \"y\": 2\n}").rfind("3:3: ", 0) == 0);
  CHECK(complaint("{\"x\": 1} {").rfind("1:10: ", 0) == 0);
  CHECK(complaint("").rfind("1:1: ", 0) == 0);
  CHECK(complaint("{").rfind("1:2: ", 0) == 0);
  CHECK(complaint("{\"x\": tru}").rfind("1:", 0) == 0);
  CHECK(complaint("{\"x\": \"\xff\"}").rfind("1:", 0) == 0);
}

TEST_CASE("a slash that begins no comment, or one that does not end, is refused where it stands") {
  CHECK(complaint("{\n  / c\n}").rfind("2:3: ", 0) == 0);
  CHECK(complaint(" /x").rfind("1:2: ", 0) == 0);
  CHECK(complaint("/").rfind("1:1: ", 0) == 0);
  CHECK(complaint("{\"a\": /q").rfind("1:7: ", 0) == 0);
  CHECK(complaint("{} /* x").rfind("1:4: ", 0) == 0);
  CHECK(complaint("{} /*/").rfind("1:4: ", 0) == 0);
  CHECK(complaint("// c\n/ c\n\" xxxxxxxxxxxxxxxxxxxx :7 z ){20sxxx,}").rfind("2:1: ", 0) == 0);
}

TEST_CASE("what looks like a comment inside of a string is none, and a comment moves nothing") {
  const auto parsed = parse_json(R"({"a//b": "/* \" // */", /* "x": 1, */ "c": "\\" /**/} // "end)");
  REQUIRE(parsed);
  CHECK(parsed->as_object().size() == 2);
  CHECK(parsed->at("a//b").as_string() == "/* \" // */");
  CHECK(position_of("/* a\n */ {\"a\": 1, // \"b\"\n \"b\": 2}", {"b"}) == "3:2");
}

TEST_CASE("a key that stands twice in one object is refused where it stands the second time") {
  CHECK(complaint("{\"x\": 1,\n   \"x\": 2}") == "2:4: the key 'x' stands twice");
  CHECK(complaint("{\"a\": {\"x\": 1, \"y\": [{\"x\": 2, \"x\": 3}]}}") == "1:31: the key 'x' stands twice");
  CHECK(complaint("{\"a\": {\"x\": 1}, \"b\": {\"x\": 1}, \"x\": [{\"x\": 1}, {\"x\": 1}]}").empty());
}

TEST_CASE("keys that are spelled with escapes are the same keys") {
  CHECK(complaint("{\"x\": 1, \"\\u0078\": 2}").find("stands twice") != std::string::npos);
}

TEST_CASE("nesting that would exhaust the stack is refused") {
  CHECK_FALSE(complaint(std::string(100'000, '[')).empty());
  CHECK_FALSE(complaint(std::string(1000, '[') + std::string(1000, ']')).empty());
}

TEST_CASE("the position of a key is that of its opening quote, at any depth") {
  const std::string text = "{\n  \"a\": {\"b\": 1,\n    \"c\": {\"b\": 2}},\n  \"b\": 3 }";
  CHECK(position_of(text, {"a"}) == "2:3");
  CHECK(position_of(text, {"a", "b"}) == "2:9");
  CHECK(position_of(text, {"a", "c", "b"}) == "3:11");
  CHECK(position_of(text, {"b"}) == "4:3");
  CHECK(position_of(text, {"nowhere"}) == "1:1");
  CHECK(position_of(text, {}) == "1:1");
  CHECK(position_of("", {"a"}) == "1:1");
  CHECK(position_of("{\"a\": [{\"b\": 1}], \"b\": 2}", {"b"}) == "1:19");
}

TEST_CASE("a key that is nearly another is taken for it, and one that is like none is not") {
  CHECK(suggestion("dedline", {"datatree", "deadline"}) == " (did you mean 'deadline'?)");
  CHECK(suggestion("DEADLINE", {"deadline"}) == " (did you mean 'deadline'?)");
  CHECK(suggestion("quota", {"deadline", "log"}).empty());
  CHECK(suggestion("x", {}).empty());
}
