#include "http/router.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/encoding.h"
#include "http/percent.h"

namespace oneclaw::http {
namespace {

constexpr std::size_t kMostSegments = 64;
constexpr std::size_t kMethodCount = 5;

/// A decoded path, cut at its slashes. Every segment is a part of one text, so that a run of
/// segments is one too.
struct Segments {
  std::array<std::string_view, kMostSegments> items;
  std::size_t count = 0;

  [[nodiscard]] std::string_view run(std::size_t first, std::size_t last) const {
    const char* begin = items[first].data();
    const char* end = items[last].data() + items[last].size();
    return {begin, static_cast<std::size_t>(end - begin)};
  }
};

Problem bad_path() {
  return problems::bad_request("The path is badly formed.");
}

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

/// Splits `path`, using `scratch` for its text when there is an escape to decode.
Result<void> split(std::string_view path, std::string& scratch, Segments& out) {
  if (path.empty() || path.front() != '/') return bad_path();
  if (path.size() == 1) return {};
  if (path.find('%') != std::string_view::npos) {
    scratch.reserve(path.size());
    // A slash out of an escape would look like one that parts segments.
    if (!append_decoded(scratch, path, '/')) return bad_path();
    path = scratch;
  } else if (path.find('\0') != std::string_view::npos) {
    return bad_path();
  }
  if (!is_ascii(path) && !is_utf8(path)) return bad_path();

  path.remove_prefix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return bad_path();
    if (out.count == kMostSegments) {
      return problems::bad_request("The path has too many segments.");
    }
    out.items[out.count++] = segment;
    if (slash == std::string_view::npos) return {};
    path.remove_prefix(slash + 1);
  }
}

bool valid_param_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

[[noreturn]] void malformed(const std::string& pattern, const char* why) {
  throw std::logic_error("route pattern " + pattern + ": " + why);
}

}  // namespace

struct Router::Node {
  struct Entry {
    const Route* route = nullptr;
    std::vector<std::string> names;  ///< of the parameters, in order
  };

  std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;
  std::unique_ptr<Node> param;
  std::unique_ptr<Node> tail;  ///< what follows `{*name}`
  std::size_t depth = 0;       ///< segments of the longest pattern below; kept for tails alone
  std::array<Entry, kMethodCount> entries;

  [[nodiscard]] bool terminal() const {
    return std::any_of(entries.begin(), entries.end(),
                       [](const Entry& entry) { return entry.route != nullptr; });
  }
  Node& literal(std::string_view text);
};

Router::Node& Router::Node::literal(std::string_view text) {
  for (auto& [name, node] : literals) {
    if (name == text) return *node;
  }
  literals.emplace_back(std::string{text}, std::make_unique<Node>());
  return *literals.back().second;
}

namespace {

using Captures = std::array<std::string_view, kMostSegments>;

/// The node of the best pattern for segments from `at` on; `captured` counts the filled captures.
template <class Node>
const Node* find(const Node& node, const Segments& path, std::size_t at, Captures& captures,
                 std::size_t captured) {
  if (at == path.count) return node.terminal() ? &node : nullptr;
  for (const auto& [name, next] : node.literals) {
    if (name != path.items[at]) continue;
    if (const Node* found = find(*next, path, at + 1, captures, captured)) return found;
    break;
  }
  if (node.param) {
    captures[captured] = path.items[at];
    if (const Node* found = find(*node.param, path, at + 1, captures, captured + 1)) return found;
  }
  if (node.tail) {
    // The longest suffix first: `{*path}/versions` before `{*path}`.
    const std::size_t left = path.count - at;
    for (std::size_t suffix = std::min(node.tail->depth, left - 1) + 1; suffix-- > 0;) {
      const std::size_t end = path.count - suffix;
      captures[captured] = path.run(at, end - 1);
      if (const Node* found = find(*node.tail, path, end, captures, captured + 1)) return found;
    }
  }
  return nullptr;
}

}  // namespace

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(Route added) {
  const std::string& pattern = added.pattern;
  if (pattern.empty() || pattern.front() != '/') malformed(pattern, "does not start with /");

  Node* node = root_.get();
  Node* tail = nullptr;
  std::size_t after_tail = 0;
  std::size_t count = 0;
  std::vector<std::string> names;
  std::string_view rest = std::string_view{pattern}.substr(1);
  while (pattern.size() > 1) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (++count > kMostSegments) malformed(pattern, "has too many segments");
    if (tail != nullptr) ++after_tail;
    if (segment.empty()) malformed(pattern, "has an empty segment");
    if (segment.front() == '{' && segment.back() == '}') {
      std::string_view name = segment.substr(1, segment.size() - 2);
      const bool wildcard = name.starts_with('*');
      if (wildcard) name.remove_prefix(1);
      if (!valid_param_name(name)) malformed(pattern, "has a bad parameter name");
      if (std::find(names.begin(), names.end(), name) != names.end()) {
        malformed(pattern, "has the same parameter twice");
      }
      names.emplace_back(name);
      if (wildcard && tail != nullptr) malformed(pattern, "has two wildcards");
      std::unique_ptr<Node>& next = wildcard ? node->tail : node->param;
      if (!next) next = std::make_unique<Node>();
      node = next.get();
      if (wildcard) tail = node;
    } else {
      if (segment.find_first_of("{}") != std::string_view::npos) malformed(pattern, "has a brace");
      node = &node->literal(segment);
    }
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }

  Node::Entry& entry = node->entries[static_cast<std::size_t>(added.method)];
  if (entry.route != nullptr) malformed(pattern, "is taken");
  if (tail != nullptr) tail->depth = std::max(tail->depth, after_tail);
  routes_.push_back(std::make_unique<Route>(std::move(added)));
  entry = {routes_.back().get(), std::move(names)};
}

Result<Router::Match> Router::match(std::string_view method, std::string_view raw_path) const {
  std::string scratch;
  Segments path;
  CHECK_OK(split(raw_path, scratch, path));
  Captures captures;
  const Node* node = find(*root_, path, 0, captures, 0);
  if (node == nullptr) return problems::not_found();

  const auto known = parse_method(method);
  const Node::Entry* entry = known ? &node->entries[static_cast<std::size_t>(*known)] : nullptr;
  if (entry == nullptr || entry->route == nullptr) {
    Problem problem{.status = 405,
                    .code = "method-not-allowed",
                    .detail = "The resource does not know this method.",
                    .fields = {},
                    .retry_after_seconds = std::nullopt,
                    .allow = {}};
    for (const Node::Entry& other : node->entries) {
      if (other.route != nullptr) problem.allow.emplace_back(to_string(other.route->method));
    }
    return problem;
  }
  Match match{entry->route, {}};
  match.params.reserve(entry->names.size());
  for (std::size_t i = 0; i < entry->names.size(); ++i) {
    match.params.emplace_back(entry->names[i], captures[i]);
  }
  return match;
}

const std::vector<std::unique_ptr<Route>>& Router::routes() const {
  return routes_;
}

}  // namespace oneclaw::http
