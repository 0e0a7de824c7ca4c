// SPDX-License-Identifier: MIT
#include "host/loader/trust.hpp"

#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

using pigeon::loader::Trust;
using pigeon::testing::TemporaryDirectory;
namespace fs = std::filesystem;

namespace {

// root/above/plugins/x.so, all as it should be.
struct Place {
  TemporaryDirectory root;
  std::string above = root / "above";
  std::string directory = above + "/plugins";
  std::string file = directory + "/x.so";

  Place() {
    fs::create_directories(directory);
    static_cast<void>(root.write("above/plugins/x.so", "x"));
    mode(above, 0755);
    mode(directory, 0755);
    mode(file, 0644);
  }
  static void mode(const std::string& path, mode_t mode) { REQUIRE(::chmod(path.c_str(), mode) == 0); }
};

std::string refusal(const Trust& trust, const std::string& file) {
  const auto checked = trust.check_file(file, "plugin");
  if (checked) return "none";
  CHECK_FALSE(checked.failure().remedy.empty());
  CHECK(PIGEON_STATUS_RANGE(checked.failure().status) == PIGEON_TEMPORARY);
  return checked.failure().detail;
}

}  // namespace

TEST_CASE("a file is believed where it and all above it are ours or root's, and nobody else may write") {
  const Place place;
  CHECK(refusal(Trust(), place.file) == "none");
  CHECK(Trust().check_directory(place.directory, "plugin directory"));
}

TEST_CASE("what a group or the world may write is refused, with the path and the command that mends it") {
  for (const auto& [what, mode] :
       {std::pair{0, 0664}, {0, 0646}, {1, 0775}, {1, 0757}, {2, 0775}, {2, 0777}}) {
    const Place place;
    const auto& path = what == 0 ? place.file : what == 1 ? place.directory : place.above;
    Place::mode(path, static_cast<mode_t>(mode));
    const auto refused = refusal(Trust(), place.file);
    CHECK(refused.find(path + " is " + ((mode & 2) != 0 ? "world" : "group") + "-writable") !=
          std::string::npos);
    const auto checked = Trust().check_file(place.file, "plugin");
    CHECK(checked.failure().remedy == "chmod go-w " + path);
  }
}

TEST_CASE("a sticky directory is fine: nobody else can rename what is in it") {
  const Place place;
  Place::mode(place.above, 01777);
  CHECK(refusal(Trust(), place.file) == "none");
}

TEST_CASE("a directory that is searched must not be sticky and open: anybody could add a plugin to it") {
  const Place place;
  CHECK_FALSE(!Trust().check_directory(place.above, "plugin directory"));
  Place::mode(place.above, 01777);
  const auto checked = Trust().check_directory(place.above, "plugin directory");
  REQUIRE_FALSE(checked);
  CHECK(checked.failure().detail.find("world-writable") != std::string::npos);
}

TEST_CASE("a sticky file is not: the bit says nothing there") {
  const Place place;
  Place::mode(place.file, 01666);
  CHECK(refusal(Trust(), place.file).find("world-writable") != std::string::npos);
}

TEST_CASE("what belongs to somebody else is refused") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can give a file away");
    return;
  }
  for (const auto which : {0, 1, 2}) {
    const Place place;
    const auto& path = which == 0 ? place.file : which == 1 ? place.directory : place.above;
    REQUIRE(::chown(path.c_str(), 12'345, 12'345) == 0);
    CHECK(refusal(Trust(), place.file).find(path + " belongs to uid 12345") != std::string::npos);
  }
}

TEST_CASE("the file must not be a link, whatever it leads to") {
  const Place place;
  const auto link = place.directory + "/link.so";
  fs::create_symlink(place.file, link);
  CHECK(refusal(Trust(), link).find(link + " is a symbolic link") != std::string::npos);
}

TEST_CASE("a link on the way is followed, and where it leads is checked the same way") {
  const Place place;
  const Place other;
  const auto absolute = place.above + "/absolute";
  const auto relative = place.above + "/relative";
  fs::create_symlink(other.directory, absolute);
  fs::create_symlink("../above/./plugins", relative);
  CHECK(refusal(Trust(), absolute + "/x.so") == "none");
  CHECK(refusal(Trust(), relative + "/x.so") == "none");
  Place::mode(other.above, 0775);
  CHECK(refusal(Trust(), absolute + "/x.so").find(other.above + " is group-writable") != std::string::npos);
}

TEST_CASE("a link that leads in a circle is refused") {
  const Place place;
  const auto circle = place.above + "/circle";
  fs::create_symlink("circle", circle);
  CHECK(refusal(Trust(), circle + "/x.so").find("leads in a circle") != std::string::npos);
}

TEST_CASE("dots in a path are walked as the kernel walks them") {
  const Place place;
  CHECK(refusal(Trust(), place.directory + "/../plugins/./x.so") == "none");
  CHECK(refusal(Trust(), place.directory + "//x.so") == "none");
  Place::mode(place.directory, 0775);
  // What is passed on the way counts, even if the path leaves it again.
  CHECK(refusal(Trust(), place.directory + "/../plugins/x.so") != "none");
}

TEST_CASE("what is not there, or is no regular file, is refused in words") {
  const Place place;
  CHECK(refusal(Trust(), place.directory + "/nothing.so").find("nothing.so") != std::string::npos);
  CHECK(refusal(Trust(), place.directory).find("is not a regular file") != std::string::npos);
  const auto fifo = place.directory + "/fifo.so";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(refusal(Trust(), fifo).find("is not a regular file") != std::string::npos);
}

TEST_CASE("who vouches for a directory takes it and those above as they are, and nothing beside or below") {
  const Place place;
  Place::mode(place.above, 0777);
  CHECK(refusal(Trust(place.above), place.file) == "none");
  CHECK(refusal(Trust(place.directory), place.file) == "none");
  CHECK(refusal(Trust(place.above + "/plug"), place.directory + "/x.so") == "none");
  Place::mode(place.directory, 0777);
  CHECK(refusal(Trust(place.above), place.file).find(place.directory) != std::string::npos);
  CHECK(refusal(Trust(place.directory + "x"), place.file) != "none");
  CHECK(refusal(Trust(place.directory), place.file) == "none");
  Place::mode(place.file, 0666);
  CHECK(refusal(Trust(place.directory), place.file).find(place.file) != std::string::npos);
}
