#include "crypto/api_key.h"

#include <gtest/gtest.h>

#include <set>

#include "hex.h"

namespace oneclaw::crypto {
namespace {

TEST(ApiKey, HasThePublishedForm) {
  const Key256 mac_key = Key256::random();
  for (const std::string_view prefix : {kPersonalKeyPrefix, kAgentKeyPrefix}) {
    const NewApiKey key = generate_api_key(mac_key, prefix);
    const std::string_view text = key.text.view();
    ASSERT_EQ(text.size(), prefix.size() + 43);
    EXPECT_TRUE(text.starts_with(prefix));
    EXPECT_EQ(from_base64url(text.substr(prefix.size()))->size(), 32U);
    EXPECT_EQ(key.lookup, text.substr(0, prefix.size() + 12));
    EXPECT_EQ(key.mac, hmac_sha256(mac_key, as_bytes(text)));
  }
}

TEST(ApiKey, ParsesToWhatWasGenerated) {
  const Key256 mac_key = Key256::random();
  const NewApiKey key = generate_api_key(mac_key, kAgentKeyPrefix);
  const auto parsed = parse_api_key(mac_key, kAgentKeyPrefix, key.text.view());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->lookup, key.lookup);
  EXPECT_EQ(parsed->mac, key.mac);
  EXPECT_NE(parse_api_key(Key256::random(), kAgentKeyPrefix, key.text.view())->mac, key.mac);
  EXPECT_FALSE(parse_api_key(mac_key, kPersonalKeyPrefix, key.text.view()));
}

TEST(ApiKey, NeverRepeats) {
  const Key256 mac_key;
  std::set<std::string> seen;
  for (int i = 0; i < 500; ++i) seen.insert(generate_api_key(mac_key, kAgentKeyPrefix).lookup);
  EXPECT_EQ(seen.size(), 500U);
}

TEST(ApiKey, RefusesEveryOtherForm) {
  const Key256 mac_key;
  const std::string good = "ocv_" + std::string(43, 'A');
  ASSERT_TRUE(parse_api_key(mac_key, kAgentKeyPrefix, good));
  std::set<std::string> bad{"",
                            "ocv_",
                            good.substr(0, good.size() - 1),
                            good + "A",
                            good + "=",
                            good + '\0',
                            " " + good,
                            good.substr(4),
                            "OCV_" + good.substr(4),
                            "ocv_" + std::string(100'000, 'A')};
  for (const char c : {'+', '/', '=', ' ', '\0', '\n', '.', '\x80'}) {
    for (const std::size_t at : {std::size_t{4}, std::size_t{20}, good.size() - 1}) {
      std::string forged = good;
      forged[at] = c;
      bad.insert(forged);
    }
  }
  for (const char c : {'B', 'C', 'D'}) {
    bad.insert(good.substr(0, good.size() - 1) + c);  // stray bits
  }
  for (const std::string& text : bad) {
    EXPECT_FALSE(parse_api_key(mac_key, kAgentKeyPrefix, text)) << text.substr(0, 60);
  }
}

}  // namespace
}  // namespace oneclaw::crypto
