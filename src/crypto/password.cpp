#include "crypto/password.h"

#include <sodium.h>

#include <array>
#include <cerrno>

namespace oneclaw::crypto {

Result<std::string> hash_password(std::string_view password, const Argon2Cost& cost) {
  std::array<char, crypto_pwhash_STRBYTES> phc{};
  errno = 0;
  if (crypto_pwhash_str_alg(phc.data(), password.data(), password.size(), cost.passes,
                            cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    if (errno == EINVAL || errno == EFBIG) {
      return problems::internal("The configured password hashing cost is out of range.");
    }
    return problems::unavailable("There is no memory to check passwords right now.");
  }
  return std::string(phc.data());
}

bool verify_password(std::string_view password, const std::string& phc) {
  return phc.starts_with("$argon2id$") && phc.size() < crypto_pwhash_STRBYTES &&
         phc.find('\0') == std::string::npos &&
         crypto_pwhash_str_verify(phc.c_str(), password.data(), password.size()) == 0;
}

}  // namespace oneclaw::crypto
