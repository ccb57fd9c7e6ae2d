// Signing up: a new account, in an org of its own or in the one that invites.
#include <utility>

#include "base/ascii.h"
#include "service/mail_texts.h"
#include "service/one_time_tokens.h"
#include "service/organization.h"
#include "service/session.h"
#include "service/sign_in.h"
#include "service/verified_address.h"
#include "store/one_time_token_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kMostPurged = 16;
constexpr std::chrono::hours kSignupLife{24};
constexpr ActionLimiter::Rule kSignupsPerAddress{.most = 5, .window = std::chrono::hours(1)};
constexpr ActionLimiter::Rule kSignupsPerClient{.most = 100, .window = std::chrono::hours(1)};

}  // namespace

Result<std::string> normalize_email(std::string_view email, std::string_view field) {
  const auto wrong = [&] {
    return problems::validation(std::string(field), "must be an email address");
  };
  const std::size_t at = email.find('@');
  if (email.size() > 254 || at == 0 || at == std::string_view::npos ||
      email.find('@', at + 1) != std::string_view::npos) {
    return wrong();
  }
  const std::string_view domain = email.substr(at + 1);
  if (domain.empty() || domain.starts_with('.') || domain.ends_with('.')) return wrong();
  std::string normal(email);
  for (char& c : normal) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') return wrong();
    c = ascii_lower(c);
  }
  return normal;
}

Result<void> validate_password(const SecureString& password, std::string_view field) {
  if (password.size() >= kLeastPasswordBytes && password.size() <= kMostPasswordBytes) return {};
  return problems::validation(std::string(field), "must have 8 to 256 bytes");
}

store::UserRow SignIn::new_user(std::string email, std::string auth_method) {
  return {.id = Uuid::v7(),
          .email = std::move(email),
          .display_name = {},
          .password_hash = std::nullopt,
          .auth_method = std::move(auth_method),
          .google_subject = std::nullopt,
          .email_verified = true,  // proven before the row is made, or taken at its word
          .home_org_id = Uuid::v7(),
          .created_at = now()};
}

asio::awaitable<Result<IssuedToken>> SignIn::enrol(Caller& caller, store::UserRow user,
                                                   std::string action,
                                                   const SecureString* invite_token) {
  const auto write = [&](store::Transaction& transaction) {
    return make_account(transaction, caller, user, action, invite_token);
  };
  Result<IssuedToken> token = problems::internal();
  if (invite_token == nullptr) {
    // The org is new, and that the address is free is the database's to say: it lets one of two
    // sign-ups win.
    token = co_await store_.write(user.home_org_id, write);
  }
  if (invite_token != nullptr || (!token.ok() && token.problem().status == 409)) {
    token = co_await store_.write(write);
  }
  caller.audited = token.ok();
  co_return std::move(token);
}

Result<IssuedToken> SignIn::make_account(store::Transaction& transaction, const Caller& caller,
                                         store::UserRow user, std::string action,
                                         const SecureString* invite_token) const {
  store::UserRepository users(transaction);
  std::optional<store::InvitationRow> invitation;
  if (invite_token != nullptr) {
    TRY(invitation, accept_invitation(transaction, tokens_.mac_key(), quotas_, invite_token->view(),
                                      user.email));
    user.home_org_id = invitation->org_id;
  }
  if (users.find_by_email(user.email)) return problems::validation("email", "is taken");
  if (!invitation) {
    users.insert_org({.id = user.home_org_id,
                      .name = user.display_name.empty() ? user.email : user.display_name,
                      .created_at = user.created_at});
  }
  users.insert(user);
  users.insert_membership(
      {.org_id = user.home_org_id,
       .user_id = user.id,
       .role = invitation ? invitation->role : std::string(to_string(Role::kOwner)),
       .created_at = user.created_at});
  if (invitation)
    audit_.append(transaction, as_user(caller, user), joined_entry(user.id, *invitation));
  address_verified(transaction, user);
  return open_session(transaction, tokens_, audit_, caller, user, std::move(action));
}

asio::awaitable<Result<void>> SignIn::ask_to_verify(Caller& caller, store::UserRow user) {
  const TimePoint at = now();
  CO_CHECK_OK(limiter_.admit("client:" + client_key(caller.address), kSignupsPerClient, at));
  CO_CHECK_OK(limiter_.admit("email:" + user.email, kSignupsPerAddress, at));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::PendingSignupRepository signups(transaction);
    signups.purge_expired(at, kMostPurged);
    if (const auto known = store::UserRepository(transaction).find_by_email(user.email)) {
      outbox_.enqueue_email(transaction, known->home_org_id, mail::already_signed_up(user.email));
    } else {
      const NewToken token = make_token(tokens_.mac_key(), kSignupPrefix);
      signups.insert({.token_mac = token.mac,
                      .email = user.email,
                      .display_name = user.display_name,
                      .password_hash = *user.password_hash,
                      .created_at = at,
                      .expires_at = at + kSignupLife});
      outbox_.enqueue_email(transaction, Uuid{},
                            mail::verify_signup(user.email, outbox_.public_url(), token.text));
    }
    audit_.append(transaction, Uuid{}, caller,
                  {.action = "auth.signup",
                   .resource_type = "auth",
                   .resource_id = {},
                   .details = {{"verified", false}}});
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<IssuedToken>> SignIn::verify_email(Caller& caller, SecureString token) {
  const Bytes mac = token_mac(tokens_.mac_key(), token.view());
  const auto write = [&](store::Transaction& transaction) -> Result<std::optional<IssuedToken>> {
    const auto signup = store::PendingSignupRepository(transaction).find(mac);
    if (!signup || signup->expires_at <= now()) return std::optional<IssuedToken>();
    store::UserRow user = new_user(signup->email, "password");
    user.display_name = signup->display_name;
    user.password_hash = signup->password_hash;
    TRY(IssuedToken issued, make_account(transaction, caller, user, "auth.signup"));
    return std::optional<IssuedToken>(std::move(issued));
  };
  CO_TRY(std::optional<IssuedToken> issued, co_await store_.write(write));
  if (!issued) {
    co_return co_await refuse(caller, Uuid{}, "verify_email", {},
                              problems::validation("token", "isn't valid (any more)"));
  }
  caller.audited = true;
  co_return std::move(*issued);
}

asio::awaitable<Result<std::optional<IssuedToken>>> SignIn::signup(
    Caller& caller, std::string email, SecureString password, std::string display_name,
    std::optional<SecureString> invite_token) {
  CO_TRY(std::string normal, normalize_email(email));
  CO_CHECK_OK(validate_password(password, "password"));
  CO_TRY(std::string phc, co_await passwords_.hash(password));
  store::UserRow user = new_user(std::move(normal), "password");
  user.display_name = std::move(display_name);
  user.password_hash = std::move(phc);
  if (invite_token) {
    CO_TRY(IssuedToken token,
           co_await enrol(caller, std::move(user), "auth.signup", &*invite_token));
    co_return std::optional<IssuedToken>(std::move(token));
  }
  if (verify_signups_) {
    CO_CHECK_OK(co_await ask_to_verify(caller, std::move(user)));
    co_return std::optional<IssuedToken>();
  }
  CO_TRY(IssuedToken token, co_await enrol(caller, std::move(user), "auth.signup"));
  co_return std::optional<IssuedToken>(std::move(token));
}

}  // namespace oneclaw::service
