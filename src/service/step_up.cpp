#include "service/step_up.h"

#include <algorithm>
#include <utility>

#include "crypto/totp.h"
#include "service/session.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

bool looks_like_code(std::string_view text) {
  return text.size() == crypto::kTotpDigits &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

asio::awaitable<Result<std::optional<std::string>>> StepUp::confirm(
    const Caller& caller, const store::UserRow& user, std::optional<SecureString> proof) {
  CO_CHECK_OK(require_session(caller));
  if (!user.password_hash && !user.totp_enabled) {
    co_return problems::forbidden("Set a password or turn the second factor on first.");
  }
  if (!proof) co_return std::optional<std::string>("must hold the password or a code");
  Result<bool> right = false;
  if (user.totp_enabled && looks_like_code(proof->view())) {
    right = co_await mfa_.check(caller, user.id, std::move(*proof));
  } else {
    right = co_await passwords_.check(user.email, caller.address, *proof, user.password_hash);
  }
  if (!right.ok()) co_return std::move(right).problem();
  if (*right) co_return std::optional<std::string>();
  co_return std::optional<std::string>("is wrong");
}

}  // namespace oneclaw::service
