// SPDX-License-Identifier: MIT
#include <pigeon/sdk/tree_path.hpp>

#include <doctest/doctest.h>

using pigeon::TreePath;

TEST_CASE("a path that is read and written again is canonical") {
  for (const auto& [text, canonical] : {std::pair{"/", "/"},
                                        {"/a/b", "/a/b"},
                                        {"/a%2fb", "/a%2Fb"},
                                        {"/%61", "/a"},
                                        {"/100%25", "/100%25"},
                                        {"/a b", "/a%20b"},
                                        {"/\xc3\xa4", "/\xc3\xa4"}}) {
    const auto path = TreePath::parse(text);
    REQUIRE(path);
    CHECK(path->text() == canonical);
    CHECK(TreePath::parse(path->text()) == path);
  }
}

TEST_CASE("what is no path is not taken for one") {
  for (const auto* text : {"", "a", "a/b", "//", "/a/", "/a//b", "/%", "/%4", "/%zz", "/%+1", "/%00",
                           "/a%0Ab", "/\n", "/\xff", "/%ff"}) {
    CAPTURE(text);
    CHECK_FALSE(TreePath::parse(text));
  }
  CHECK(TreePath::parse("/" + std::string(255, 'a')));
  CHECK_FALSE(TreePath::parse("/" + std::string(256, 'a')));
}

TEST_CASE("a path has at most 32 levels") {
  std::string text;
  for (int level = 0; level < 32; ++level) text += "/a";
  CHECK(TreePath::parse(text));
  CHECK_FALSE(TreePath::parse(text + "/a"));
}

TEST_CASE("a path knows what is above and below it") {
  const auto domain = TreePath().child("example.com");
  const auto odd = domain.child("a/b");
  CHECK(odd.text() == "/example.com/a%2Fb");
  CHECK(odd.name() == "a/b");
  CHECK(odd.parent() == domain);
  CHECK(odd.is_below(domain));
  CHECK(odd.is_below(TreePath()));
  CHECK_FALSE(domain.is_below(domain));
  CHECK_FALSE(TreePath().child("example.com2").is_below(domain));
  CHECK(TreePath().is_root());
}
