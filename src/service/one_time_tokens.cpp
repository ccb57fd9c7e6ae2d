#include "service/one_time_tokens.h"

#include "crypto/api_key.h"
#include "crypto/digest.h"

namespace oneclaw::service {

NewToken make_token(const Key256& mac_key, std::string_view prefix) {
  crypto::NewApiKey key = crypto::generate_api_key(mac_key, prefix);
  return {std::move(key.text), Bytes(key.mac.begin(), key.mac.end())};
}

Bytes token_mac(const Key256& mac_key, std::string_view text) {
  const crypto::Digest mac = crypto::hmac_sha256(mac_key, as_bytes(text));
  return {mac.begin(), mac.end()};
}

Bytes code_mac(const Key256& mac_key, std::string_view label, const Uuid& user_id,
               std::string_view code) {
  SecureString message("oneclaw/");
  message.append(label);
  message.push_back('|');
  message.append(user_id.to_string());
  message.push_back('|');
  message.append(code);
  return token_mac(mac_key, message.view());
}

}  // namespace oneclaw::service
