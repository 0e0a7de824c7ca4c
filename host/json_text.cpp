// SPDX-License-Identifier: MIT
#include "host/json_text.hpp"

#include <pigeon/sdk/text.hpp>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parser.hpp>

#include <algorithm>
#include <numeric>
#include <set>

namespace pigeon::host {
namespace json = boost::json;
namespace {

json::parse_options options() {
  json::parse_options options;
  options.allow_trailing_commas = true;
  return options;
}

std::string line_and_column(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto begin = before.rfind('\n');
  const auto column = begin == std::string_view::npos ? offset + 1 : offset - begin;
  return std::to_string(line) + ":" + std::to_string(column);
}

// Follows the keys of a text and stops at the one that is wanted, or at the first that stands twice in one
// object. Boost.JSON's own value keeps neither positions nor repeated keys.
class KeyFinder {
 public:
  // NOLINTBEGIN(*-identifier-naming): Boost.JSON asks for these
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;
  // NOLINTEND(*-identifier-naming)

  explicit KeyFinder(std::vector<std::string> wanted) : wanted_(std::move(wanted)) {}

  [[nodiscard]] bool found() const { return found_; }
  [[nodiscard]] const std::string& repeated() const { return repeated_; }

  bool on_document_begin(json::error_code& /*ec*/) { return true; }
  bool on_document_end(json::error_code& /*ec*/) { return true; }
  bool on_object_begin(json::error_code& /*ec*/) {
    levels_.push_back({.is_object = true});
    return true;
  }
  bool on_object_end(std::size_t /*n*/, json::error_code& /*ec*/) { return leave(); }
  bool on_array_begin(json::error_code& /*ec*/) {
    levels_.push_back({.is_object = false});
    return true;
  }
  bool on_array_end(std::size_t /*n*/, json::error_code& /*ec*/) { return leave(); }
  bool on_key_part(json::string_view part, std::size_t /*n*/, json::error_code& /*ec*/) {
    partial_ += std::string_view(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t /*n*/, json::error_code& ec) {
    partial_ += std::string_view(part.data(), part.size());
    auto& level = levels_.back();
    level.key = std::exchange(partial_, {});
    found_ = is_wanted();
    if (!level.keys.insert(level.key).second) repeated_ = level.key;
    if (!found_ && repeated_.empty()) return true;
    ec = json::make_error_code(json::error::syntax);  // any error stops the parser where it is
    return false;
  }
  bool on_string_part(json::string_view /*s*/, std::size_t /*n*/, json::error_code& /*ec*/) { return true; }
  bool on_string(json::string_view /*s*/, std::size_t /*n*/, json::error_code& /*ec*/) { return true; }
  bool on_number_part(json::string_view /*s*/, json::error_code& /*ec*/) { return true; }
  bool on_int64(std::int64_t /*v*/, json::string_view /*s*/, json::error_code& /*ec*/) { return true; }
  bool on_uint64(std::uint64_t /*v*/, json::string_view /*s*/, json::error_code& /*ec*/) { return true; }
  bool on_double(double /*v*/, json::string_view /*s*/, json::error_code& /*ec*/) { return true; }
  bool on_bool(bool /*v*/, json::error_code& /*ec*/) { return true; }
  bool on_null(json::error_code& /*ec*/) { return true; }
  bool on_comment_part(json::string_view /*s*/, json::error_code& /*ec*/) { return true; }
  bool on_comment(json::string_view /*s*/, json::error_code& /*ec*/) { return true; }

 private:
  struct Level {
    bool is_object;
    std::string key = {};
    std::set<std::string> keys = {};
  };

  bool leave() {
    levels_.pop_back();
    return true;
  }
  [[nodiscard]] bool is_wanted() const {
    return levels_.size() == wanted_.size() && std::equal(levels_.begin(), levels_.end(), wanted_.begin(),
                                                          [](const Level& level, const std::string& key) {
                                                            return level.is_object && level.key == key;
                                                          });
  }

  std::vector<std::string> wanted_;
  std::vector<Level> levels_;
  std::string partial_;
  std::string repeated_;
  bool found_ = false;
};

// The parser stops at the quote that closes the key. The place of the key is the quote that opens it.
std::size_t start_of_key(std::string_view text, std::size_t closing, std::string_view key) {
  const auto at = text.substr(0, closing + 1).rfind("\"" + std::string(key) + "\"");
  return at == std::string_view::npos ? closing : at;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (ascii_lower(a[i - 1]) == ascii_lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// The text with blanks in place of its comments, so that everything else stays where it is. Not left to
// Boost.JSON 1.81, which loses its place at a slash that begins no comment.
std::string without_comments(std::string_view text) {
  std::string blanked(text);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') ++at;
      }
    } else if (text[at] == '/') {
      const bool is_line = text.substr(at, 2) == "//";
      const bool is_block = text.substr(at, 2) == "/*";
      const auto end = is_line    ? std::min(text.find('\n', at), text.size())
                       : is_block ? text.find("*/", at + 2)
                                  : std::string_view::npos;
      if (end == std::string_view::npos) break;  // no comment: the parser complains
      const auto behind = is_line ? end : end + 2;
      std::replace_if(
          blanked.begin() + static_cast<std::ptrdiff_t>(at),
          blanked.begin() + static_cast<std::ptrdiff_t>(behind), [](char c) { return c != '\n'; }, ' ');
      at = behind - 1;
    }
  }
  return blanked;
}

}  // namespace

Result<json::value> parse_json(std::string_view commented) {
  const auto text = without_comments(commented);
  json::error_code error;
  json::parser parser({}, options());
  const auto consumed = parser.write_some(text.data(), text.size(), error);
  if (!error && consumed < text.size()) error = json::error::extra_data;
  if (error) return misconfigured(line_and_column(text, consumed) + ": " + error.message());

  json::basic_parser<KeyFinder> keys(options(), std::vector<std::string>{});
  const auto stopped = keys.write_some(false, text.data(), text.size(), error);
  if (const auto& repeated = keys.handler().repeated(); !repeated.empty()) {
    return misconfigured(line_and_column(text, start_of_key(text, stopped, repeated)) + ": the key '" +
                         repeated + "' stands twice");
  }
  return parser.release();
}

std::string position_of(std::string_view commented, const std::vector<std::string>& path) {
  const auto text = without_comments(commented);
  json::error_code error;
  json::basic_parser<KeyFinder> keys(options(), path);
  const auto stopped = keys.write_some(false, text.data(), text.size(), error);
  if (!keys.handler().found()) return "1:1";
  return line_and_column(text, start_of_key(text, stopped, path.back()));
}

std::string suggestion(std::string_view name, const std::vector<std::string>& known) {
  const std::size_t furthest = std::max<std::size_t>(2, name.size() / 3);
  const auto nearest = std::min_element(known.begin(), known.end(), [&](const auto& a, const auto& b) {
    return edit_distance(name, a) < edit_distance(name, b);
  });
  if (nearest == known.end() || edit_distance(name, *nearest) > furthest) return "";
  return " (did you mean '" + *nearest + "'?)";
}

}  // namespace pigeon::host
