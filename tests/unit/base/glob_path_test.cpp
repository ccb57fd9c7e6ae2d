#include "base/glob_path.h"

#include <gtest/gtest.h>

#include <chrono>

namespace oneclaw {
namespace {

bool matches(std::string_view pattern, std::string_view path) {
  return GlobPath::compile(pattern).value().matches(path);
}

std::string repeat(std::string_view part, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += part;
  return text;
}

/// What the glob means, spelled out by recursion: slow, and plain to read.
bool reference(std::string_view pattern, std::string_view path) {
  const auto split = [](std::string_view text) {
    return std::pair{text.substr(0, text.find('/')),
                     text.find('/') == std::string_view::npos
                         ? std::optional<std::string_view>{}
                         : std::optional{text.substr(text.find('/') + 1)}};
  };
  const auto segment = [](auto self, std::string_view p, std::string_view t) -> bool {
    if (p.empty()) return t.empty();
    if (p[0] == '*')
      return self(self, p.substr(1), t) || (!t.empty() && self(self, p, t.substr(1)));
    return !t.empty() && p[0] == t[0] && self(self, p.substr(1), t.substr(1));
  };
  const auto walk = [&](auto self, std::optional<std::string_view> p,
                        std::optional<std::string_view> t) -> bool {
    if (!p) return !t;
    const auto [head, rest] = split(*p);
    if (head == "**") {
      if (!rest) return t.has_value();
      return self(self, rest, t) || (t && self(self, p, split(*t).second));
    }
    if (!t) return false;
    const auto [name, more] = split(*t);
    return segment(segment, head, name) && self(self, rest, more);
  };
  return walk(walk, pattern, path);
}

struct Case {
  std::string_view pattern;
  std::string_view path;
  bool match;
};

TEST(Glob, Table) {
  constexpr Case kCases[] = {
      // No wildcard.
      {"a", "a", true},
      {"a", "b", false},
      {"a", "A", false},
      {"a", "ab", false},
      {"ab", "a", false},
      {"a/b", "a/b", true},
      {"a/b", "a", false},
      {"a/b", "a/b/c", false},
      {"a.b", "axb", false},
      // `*` is one segment.
      {"*", "a", true},
      {"*", "a/b", false},
      {"a/*", "a/b", true},
      {"a/*", "a", false},
      {"a/*", "a/b/c", false},
      {"*/b", "a/b", true},
      {"*/b", "b", false},
      {"*/*", "a/b", true},
      {"*/*", "a", false},
      {"a/*/c", "a/b/c", true},
      {"a/*/c", "a/c", false},
      {"a/*/c", "a/b/b/c", false},
      // `*` in part of a segment.
      {"db-*", "db-main", true},
      {"db-*", "db-", true},
      {"db-*", "db", false},
      {"db-*", "db-main/password", false},
      {"*-key", "api-key", true},
      {"*-key", "-key", true},
      {"*-key", "api-keys", false},
      {"a*c", "abc", true},
      {"a*c", "ac", true},
      {"a*c", "acb", false},
      {"a*c", "abcc", true},
      {"a*c", "a/c", false},
      {"a*b*c", "aXbYc", true},
      {"a*b*c", "abcbc", true},
      {"a*b*c", "acb", false},
      {"*a*", "bab", true},
      {"*a*", "bbb", false},
      {"*ab", "aab", true},
      {"*aab", "aaab", true},
      {"x/*.pem", "x/tls.pem", true},
      {"x/*.pem", "x/.pem", true},
      {"x/*.pem", "x/tlspem", false},
      // `**` at the tail: one or more.
      {"**", "a", true},
      {"**", "a/b/c", true},
      {"prod/**", "prod", false},
      {"prod/**", "prod/a", true},
      {"prod/**", "prod/a/b/c", true},
      {"prod/**", "production/a", false},
      {"prod/**", "x/prod/a", false},
      {"prod/*/**", "prod/a", false},
      {"prod/*/**", "prod/a/b", true},
      // At the head: zero or more.
      {"**/key", "key", true},
      {"**/key", "a/key", true},
      {"**/key", "a/b/key", true},
      {"**/key", "a/monkey", false},
      {"**/key", "key/a", false},
      {"**/key", "key/key", true},
      {"**/*", "a", true},
      {"**/*", "a/b/c", true},
      {"**/*.pem", "a/b/c.pem", true},
      {"**/a/b", "a/a/b", true},
      // In the middle: zero or more.
      {"a/**/z", "a/z", true},
      {"a/**/z", "a/b/z", true},
      {"a/**/z", "a/b/c/z", true},
      {"a/**/z", "a/z/z", true},
      {"a/**/z", "a/z/b", false},
      {"a/**/z", "a", false},
      {"a/**/z", "z", false},
      {"a/**/z", "b/z", false},
      {"a/**/b/**/c", "a/b/c", true},
      {"a/**/b/**/c", "a/x/b/y/y/c", true},
      {"a/**/b/**/c", "a/b/x/b/c", true},
      {"a/**/b/**/c", "a/c/b", false},
      {"a/**/b/*/c", "a/b/b/x/c", true},
      {"**/b/**", "a/b/c", true},
      {"**/b/**", "b/c", true},
      {"**/b/**", "a/b", false},
      {"**/b/**", "b/b", true},
      {"**/**", "a", true},
      {"a/**/**", "a", false},
      {"a/**/**", "a/b", true},
      {"**/**/a", "a", true},
      // A dot is a character like any other; text beyond ASCII is matched by its bytes.
      {"*", ".env", true},
      {"t\xc3\xbcr/*", "t\xc3\xbcr/x", true},
      {"t*r", "t\xc3\xbcr", true},
  };
  for (const auto& [pattern, path, match] : kCases) {
    EXPECT_EQ(matches(pattern, path), match) << pattern << " on " << path;
    EXPECT_EQ(reference(pattern, path), match) << "the reference: " << pattern << " on " << path;
  }
}

TEST(Glob, AgreesWithTheReferenceOnEverySmallCase) {
  const std::vector<std::string> parts{"a", "b", "*", "a*", "*b", "**"};
  const std::vector<std::string> names{"a", "b", "ab", "ba"};
  std::vector<std::string> patterns;
  std::vector<std::string> paths;
  const auto extend = [](std::vector<std::string>& all, const std::vector<std::string>& with,
                         int depth) {
    all = with;
    for (std::size_t from = 0; --depth > 0;) {
      const std::size_t until = all.size();
      for (; from < until; ++from) {
        for (const std::string& part : with) all.push_back(all[from] + "/" + part);
      }
    }
  };
  extend(patterns, parts, 4);
  extend(paths, names, 4);
  int matched = 0;
  for (const std::string& pattern : patterns) {
    const GlobPath glob = GlobPath::compile(pattern).value();
    for (const std::string& path : paths) {
      const bool match = glob.matches(path);
      matched += match ? 1 : 0;
      if (match != reference(pattern, path)) FAIL() << pattern << " on " << path;
    }
  }
  EXPECT_GT(matched, 10'000);
}

TEST(Glob, PathologicalPatternsStayQuick) {
  const std::string a = repeat("a", 15);
  const std::string path = repeat(a + "/", 31) + a;
  ASSERT_TRUE(validate_secret_path(path).ok());
  const std::string patterns[] = {
      "**/**/**/a*a*a*b",         repeat("**/", 31) + "b",
      repeat("**/*a/", 15) + "b", repeat("**/a*a*a*a/", 15) + "b",
      repeat("a*", 100) + "b",    "**/" + repeat("*a", 200) + "b",
  };
  const std::string one = repeat("a", 512);
  const auto start = std::chrono::steady_clock::now();
  for (const std::string& pattern : patterns) {
    const GlobPath glob = GlobPath::compile(pattern).value();
    for (int i = 0; i < 20; ++i) {
      EXPECT_FALSE(glob.matches(path)) << pattern;
      EXPECT_FALSE(glob.matches(one)) << pattern;
    }
  }
  // Some milliseconds in truth; a matcher that is exponential would not end today.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Glob, RefusedPatterns) {
  for (const std::string_view bad :
       {"",      "/",   "/a",    "a/",  "a//b",    ".",   "..",    "a/../b", "a/./b",
        "a**",   "**a", "a/**b", "***", "a/b**/c", "a?",  "[ab]",  "{a,b}",  "a\\*",
        "a%2fb", "a#b", " a",    "a ",  "a/ b",    "a\n", "a\x7f", "\xff"}) {
    const auto glob = GlobPath::compile(bad, "pattern");
    ASSERT_FALSE(glob.ok()) << bad;
    EXPECT_EQ(glob.problem().status, 400);
    ASSERT_EQ(glob.problem().fields.size(), 1U);
    EXPECT_EQ(glob.problem().fields[0].field, "pattern");
  }
  EXPECT_FALSE(GlobPath::compile(std::string_view("a\0b", 3)).ok());
}

TEST(Glob, Limits) {
  EXPECT_TRUE(GlobPath::compile(repeat("a", 512)).ok());
  EXPECT_FALSE(GlobPath::compile(repeat("a", 513)).ok());
  EXPECT_TRUE(GlobPath::compile(repeat("*/", 31) + "**").ok());
  EXPECT_FALSE(GlobPath::compile(repeat("*/", 32) + "**").ok());
}

TEST(Glob, LiteralPrefix) {
  const auto prefix = [](std::string_view pattern) {
    return std::string(GlobPath::compile(pattern).value().literal_prefix());
  };
  EXPECT_EQ(prefix("a/b"), "a/b");
  EXPECT_EQ(prefix("a/b*"), "a/b");
  EXPECT_EQ(prefix("a/**"), "a/");
  EXPECT_EQ(prefix("a/*/b"), "a/");
  EXPECT_EQ(prefix("**"), "");
}

TEST(SecretPath, Accepted) {
  for (const std::string_view good :
       {"a", "prod/db/password", ".env", "..a", "a..", "...", "my key",
        "a:b@c,d;e=f&g+h!'()$~|<>\"^`-_", "t\xc3\xbcr/\xe9\x8d\xb5"}) {
    EXPECT_TRUE(validate_secret_path(good).ok()) << good;
  }
}

TEST(SecretPath, Refused) {
  for (const std::string_view bad :
       {"",     "/",    "/a",    "a/",   "a//b", "//",   ".",        "..",
        "a/..", "../a", "a/./b", "a*",   "a?b",  "[",    "]",        "{",
        "}",    "\\",   "#",     "%",    "a%2f", " a",   "a ",       "a /b",
        "a/ b", "\t",   "a\nb",  "\x1f", "\x7f", "\xff", "\xc0\xaf", "\xed\xa0\x80"}) {
    const auto checked = validate_secret_path(bad, "name");
    ASSERT_FALSE(checked.ok()) << bad;
    EXPECT_EQ(checked.problem().status, 400);
    EXPECT_EQ(checked.problem().fields.at(0).field, "name");
  }
  EXPECT_FALSE(validate_secret_path(std::string_view("a\0b", 3)).ok());
}

TEST(SecretPath, Limits) {
  EXPECT_TRUE(validate_secret_path(repeat("a", 512)).ok());
  EXPECT_FALSE(validate_secret_path(repeat("a", 513)).ok());
  EXPECT_FALSE(validate_secret_path(repeat("\xc3\xbc", 257)).ok());  // bytes count, not characters
  EXPECT_TRUE(validate_secret_path(repeat("a/", 31) + "a").ok());
  EXPECT_FALSE(validate_secret_path(repeat("a/", 32) + "a").ok());
}

TEST(SecretPrefix, WhatAPathCanStartWith) {
  const std::string full = repeat("a", 512);
  for (const std::string_view good :
       {std::string_view(""), std::string_view("a"), std::string_view("a/"),
        std::string_view("a/b"), std::string_view("my "), std::string_view("a/."),
        std::string_view("."), std::string_view("a/b/"), std::string_view(full)}) {
    EXPECT_TRUE(validate_secret_prefix(good).ok()) << good;
  }
}

TEST(SecretPrefix, Refused) {
  const std::string too_long = repeat("a", 513);
  const std::string too_long_to_go_on = repeat("a", 511) + "/";
  const std::string too_deep = repeat("a/", 32);
  for (const std::string_view bad :
       {std::string_view("/"), std::string_view("/a"), std::string_view("a//"),
        std::string_view("a//b"), std::string_view("../"), std::string_view("a/./"),
        std::string_view("a /"), std::string_view(" a"), std::string_view("a*"),
        std::string_view("a\n"), std::string_view("\xff"), std::string_view(too_long),
        std::string_view(too_long_to_go_on), std::string_view(too_deep)}) {
    const auto checked = validate_secret_prefix(bad);
    ASSERT_FALSE(checked.ok()) << bad;
    EXPECT_EQ(checked.problem().fields.at(0).field, "prefix");
  }
}

}  // namespace
}  // namespace oneclaw
