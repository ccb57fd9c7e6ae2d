#include "cli/key_formats.h"

#include <algorithm>
#include <array>

namespace oneclaw::cli {

namespace {

enum Characters : std::uint8_t {
  kUpper = 1,
  kLower = 2,
  kDigit = 4,
  kDash = 8,
  kUnder = 16,
  kDot = 32
};
constexpr unsigned kAlphanumeric = kUpper | kLower | kDigit;
constexpr unsigned kBase64url = kAlphanumeric | kDash | kUnder;

struct Format {
  std::string_view prefix;
  unsigned characters;
  std::size_t least;  ///< characters after the prefix
  std::size_t most;
  std::string_view what;
};

constexpr std::size_t kAny = 4096;

constexpr std::array kFormats{
    Format{"1ck_", kBase64url, 43, 43, "oneclaw personal key"},
    Format{"ocv_", kBase64url, 43, 43, "oneclaw agent key"},
    Format{"AKIA", kUpper | kDigit, 16, 16, "AWS access key"},
    Format{"ASIA", kUpper | kDigit, 16, 16, "AWS temporary access key"},
    Format{"ghp_", kAlphanumeric, 36, 251, "GitHub token"},
    Format{"gho_", kAlphanumeric, 36, 251, "GitHub OAuth token"},
    Format{"ghu_", kAlphanumeric, 36, 251, "GitHub user token"},
    Format{"ghs_", kAlphanumeric, 36, 251, "GitHub server token"},
    Format{"ghr_", kAlphanumeric, 36, 251, "GitHub refresh token"},
    Format{"github_pat_", kAlphanumeric | kUnder, 60, 251, "GitHub fine-grained token"},
    Format{"glpat-", kBase64url, 20, 64, "GitLab token"},
    Format{"xoxb-", kAlphanumeric | kDash, 20, 255, "Slack bot token"},
    Format{"xoxp-", kAlphanumeric | kDash, 20, 255, "Slack user token"},
    Format{"xapp-", kAlphanumeric | kDash, 20, 255, "Slack app token"},
    Format{"hooks.slack.com/services/T", kAlphanumeric | kDot, 8, 255, "Slack webhook"},
    Format{"sk_live_", kAlphanumeric, 16, 255, "Stripe secret key"},
    Format{"rk_live_", kAlphanumeric, 16, 255, "Stripe restricted key"},
    Format{"whsec_", kAlphanumeric, 24, 255, "Stripe webhook secret"},
    Format{"AIza", kBase64url, 35, 35, "Google API key"},
    Format{"GOCSPX-", kBase64url, 28, 28, "Google OAuth client secret"},
    Format{"ya29.", kBase64url | kDot, 40, kAny, "Google access token"},
    Format{"sk-ant-", kBase64url, 40, 255, "Anthropic API key"},
    Format{"sk-proj-", kBase64url, 40, 255, "OpenAI project key"},
    Format{"npm_", kAlphanumeric, 36, 36, "npm token"},
    Format{"pypi-AgEIcHlwaS5vcmc", kBase64url, 50, 255, "PyPI token"},
    Format{"SG.", kBase64url | kDot, 60, 80, "SendGrid key"},
    Format{"dop_v1_", kLower | kDigit, 64, 64, "DigitalOcean token"},
    Format{"hvs.", kBase64url, 90, 255, "Vault service token"},
    Format{"shpat_", kAlphanumeric, 32, 32, "Shopify token"},
    Format{"AGE-SECRET-KEY-1", kUpper | kDigit, 58, 58, "age secret key"},
};

bool is_one_of(char c, unsigned characters) {
  if (c >= 'A' && c <= 'Z') return (characters & kUpper) != 0;
  if (c >= 'a' && c <= 'z') return (characters & kLower) != 0;
  if (c >= '0' && c <= '9') return (characters & kDigit) != 0;
  if (c == '-') return (characters & kDash) != 0;
  if (c == '_') return (characters & kUnder) != 0;
  return c == '.' && (characters & kDot) != 0;
}

std::size_t run(std::string_view text, unsigned characters) {
  const auto end = std::ranges::find_if(text, [&](char c) { return !is_one_of(c, characters); });
  return static_cast<std::size_t>(end - text.begin());
}

/// `-----BEGIN … PRIVATE KEY-----` (RFC 7468 and its kin).
std::size_t private_key(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kEnd = "PRIVATE KEY-----";
  constexpr std::size_t kMostLabel = 40;
  if (!text.starts_with(kBegin)) return 0;
  const std::size_t end = text.substr(0, kMostLabel + kEnd.size()).find(kEnd);
  return end == std::string_view::npos ? 0 : end + kEnd.size();
}

/// A JWT (RFC 7519): two base64url objects, which start with `{"`, and a signature.
std::size_t json_web_token(std::string_view text) {
  if (!text.starts_with("eyJ")) return 0;
  const std::size_t head = run(text, kBase64url);
  if (head < 15 || !text.substr(head).starts_with(".eyJ")) return 0;
  const std::size_t body = run(text.substr(head + 1), kBase64url);
  const std::size_t dot = head + 1 + body;
  if (dot >= text.size() || text[dot] != '.') return 0;
  const std::size_t signature = run(text.substr(dot + 1), kBase64url);
  return signature < 40 ? 0 : dot + 1 + signature;
}

FoundKey key_at(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (const std::size_t size = private_key(rest); size > 0) return {at, size, "private key"};
  if (const std::size_t size = json_web_token(rest); size > 0) {
    return {at, size, "JSON web token"};
  }
  for (const Format& format : kFormats) {
    if (!rest.starts_with(format.prefix)) continue;
    const std::size_t length = run(rest.substr(format.prefix.size()), format.characters);
    if (length < format.least || length > format.most) continue;
    return {at, format.prefix.size() + length, format.what};
  }
  return {};
}

}  // namespace

std::vector<FoundKey> find_keys(std::string_view line) {
  std::vector<FoundKey> keys;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (at > 0 && is_one_of(line[at - 1], kAlphanumeric | kUnder)) continue;
    const FoundKey key = key_at(line, at);
    if (key.size == 0) continue;
    keys.push_back(key);
    at += key.size - 1;
  }
  return keys;
}

}  // namespace oneclaw::cli
