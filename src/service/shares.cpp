#include "service/shares.h"

#include <algorithm>
#include <utility>

#include "crypto/envelope.h"
#include "domain/scopes.h"
#include "service/access.h"
#include "service/mail_texts.h"
#include "service/one_time_tokens.h"
#include "service/share_rules.h"
#include "store/agent_repository.h"
#include "store/secret_repository.h"
#include "store/user_repository.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kMostPurged = 16;

Problem no_share() {
  return problems::not_found("No such share, or it has ended.");
}

Problem refused(std::string code, std::string detail) {
  Problem problem = problems::forbidden(std::move(detail));
  problem.code = std::move(code);
  return problem;
}

/// A name for emails: the person's address, or the agent's name.
std::string name_of(store::Transaction& transaction, const Principal& principal) {
  if (principal.is_agent()) {
    const auto agent = store::AgentRepository(transaction).find_by_id(principal.id);
    return agent ? "The agent " + agent->id.to_string() : "An agent";
  }
  const auto user = store::UserRepository(transaction).find(principal.id);
  return user ? user->email : "Someone";
}

}  // namespace

/// A share that the caller may open, and the sealed version behind it.
struct Shares::Found {
  store::ShareRow share;
  store::SecretRow secret;
  store::VersionRow version;
  store::VaultKekRow kek;
};

asio::awaitable<Result<CreatedShare>> Shares::create(Caller& caller, Uuid secret_id,
                                                     NewShare wanted) {
  const Principal& author = caller.principal;
  CO_CHECK_OK(validate_share(author, wanted));
  if (author.is_agent() && wanted.recipient_type == "external_email") {
    co_return problems::forbidden("Agents may not share by email.");
  }
  // A share can be read by others, so a token that may not read must not make one.
  if (!domain::scopes_cover(author.scopes, "secrets:read")) {
    co_return problems::forbidden("The token's scopes do not cover this.");
  }
  CreatedShare created;
  store::ShareRow& share = created.share;
  share.id = Uuid::v7();
  share.org_id = author.org_id;
  share.secret_id = secret_id;
  share.recipient_type = wanted.recipient_type;
  share.ip_allowlist = wanted.ip_allowlist;
  share.max_access_count = wanted.max_access_count;
  share.created_by = author.id;
  share.created_by_type = std::string(to_string(author.type));
  share.created_at = now();
  share.expires_at = wanted.expires_at;
  created.url = SecureString(outbox_.public_url() + "/share/");
  if (wanted.recipient_type == "anyone_with_link") {
    NewToken token = make_token(mac_key_, kSharePrefix);
    created.link_token = std::move(token.text);
    share.link_mac = std::move(token.mac);
    created.url.append(created.link_token.view());
  } else {
    created.url.append(share.id.to_string());
  }

  const auto prepare = [&](store::Transaction& transaction) -> Result<void> {
    const auto secret = store::SecretRepository(transaction).find_by_id(secret_id);
    if (!secret || !store::VaultRepository(transaction).find(author.org_id, secret->vault_id)) {
      return problems::not_found("No such secret.");
    }
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, secret->vault_id));
    CHECK_OK(access.require(secret->path, domain::Access::kRead));
    if (secret->deleted_at) return problems::gone("The secret was deleted.");
    share.vault_id = secret->vault_id;
    return resolve_recipient(transaction, author, wanted, share);
  };
  // Before Argon2, so that only those who may share can make the server work for it.
  CO_CHECK_OK(co_await store_.read(prepare));
  if (wanted.passphrase) {
    CO_TRY(share.passphrase_hash, co_await passwords_.hash(*wanted.passphrase));
  }
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    CHECK_OK(prepare(transaction));
    CHECK_OK(quotas_.check_room(transaction, share.org_id, domain::Metered::kShares));
    store::ShareRepository shares(transaction);
    shares.purge_expired(share.created_at - kExpiredShareKept, kMostPurged);
    CHECK_OK(check_share_room(transaction, share));
    shares.insert(share);
    AuditEntry entry = share_entry("share.create", share);
    if (share.recipient_id) entry.details["recipient_id"] = share.recipient_id->to_string();
    audit_.append(transaction, caller, std::move(entry));
    std::optional<std::string> to = share.recipient_email;
    if (share.recipient_id && share.recipient_type != "agent") {
      const auto user = store::UserRepository(transaction).find(*share.recipient_id);
      if (user) to = user->email;
    }
    if (to) {
      outbox_.enqueue_email(
          transaction, author.org_id,
          mail::share_received(*to, name_of(transaction, author), created.url.view(),
                               share.expires_at, share.recipient_email.has_value()));
    }
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  caller.audited = true;
  co_return std::move(created);
}

asio::awaitable<Result<Shares::Found>> Shares::find(Caller& caller, const SecureString& id) {
  const Principal& principal = caller.principal;
  const auto by_id = Uuid::parse(id.view());
  const auto read = [&](store::Transaction& transaction) -> Result<Found> {
    store::ShareRepository shares(transaction);
    std::optional<store::ShareRow> share;
    if (by_id) {
      share = shares.find(*by_id);
    } else if (id.view().starts_with(kSharePrefix)) {
      share = shares.find_by_link(token_mac(mac_key_, id.view()));
    }
    if (!share || !is_alive(transaction, *share)) return no_share();
    if (by_id) {
      // The UUID is no secret: it opens nothing to those who don't prove who they are.
      if (share->link_mac && !is_author(principal, *share)) return no_share();
      if (principal.type == PrincipalType::kNone) {
        return problems::unauthorized("This share is for one recipient: a bearer token is needed.");
      }
      if (!is_author(principal, *share) && !is_recipient(principal, *share)) return no_share();
    }
    if (!principal.vault_ids.empty() &&
        std::ranges::find(principal.vault_ids, share->vault_id) == principal.vault_ids.end()) {
      return problems::forbidden("This token isn't bound to that vault.");
    }
    if (!store::VaultRepository(transaction).find(share->org_id, share->vault_id)) {
      return no_share();
    }
    store::SecretRepository secrets(transaction);
    auto secret = secrets.find_by_id(share->secret_id);
    if (!secret || secret->deleted_at) return no_share();
    auto version = secrets.find_version(secret->id, secret->current_version);
    if (!version || version->is_disabled ||
        (version->expires_at && *version->expires_at <= now())) {
      return no_share();
    }
    auto kek = store::VaultRepository(transaction).kek(secret->vault_id, version->kek_version);
    if (!kek) return problems::internal();
    return Found{std::move(*share), std::move(*secret), std::move(*version), std::move(*kek)};
  };
  co_return co_await store_.read(read);
}

asio::awaitable<Result<void>> Shares::check_passphrase(Caller& caller, const store::ShareRow& share,
                                                       std::optional<SecureString> passphrase) {
  if (!share.passphrase_hash) co_return Result<void>();
  if (!passphrase) {
    co_return refused("passphrase-required", "The share needs its passphrase.");
  }
  // The try is taken before it is made, so that tries made at once get no further than one by one.
  const auto take = [&](store::Transaction& transaction) -> Result<void> {
    if (store::ShareRepository(transaction).take_passphrase_try(share.id, kMostPassphraseTries)) {
      return {};
    }
    return refused("share-locked", "Too many wrong passphrases: the share is locked.");
  };
  CO_CHECK_OK(co_await store_.write(share.org_id, take));
  auto right = co_await passwords_.verify(*passphrase, share.passphrase_hash);
  if (right.ok() && !*right) {
    const auto lock = [&](store::Transaction& transaction) -> Result<void> {
      const auto row = store::ShareRepository(transaction).find(share.id);
      if (row && row->passphrase_tries >= kMostPassphraseTries) {
        audit_.append(transaction, share.org_id, caller, share_entry("share.lock", share));
      }
      return {};
    };
    CO_CHECK_OK(co_await store_.write(share.org_id, lock));
    co_return refused("wrong-passphrase", "The passphrase is wrong.");
  }
  const auto give_back = [&](store::Transaction& transaction) -> Result<void> {
    store::ShareRepository(transaction).give_passphrase_try_back(share.id);
    return {};
  };
  CO_CHECK_OK(co_await store_.write(share.org_id, give_back));
  if (!right.ok()) co_return std::move(right).problem();
  co_return Result<void>();
}

asio::awaitable<Result<OpenedShare>> Shares::open(Caller& caller, SecureString id,
                                                  std::optional<SecureString> passphrase) {
  CO_CHECK_OK(co_await claim(caller));
  CO_TRY(Found found, co_await find(caller, id));
  const store::ShareRow& share = found.share;
  AuditEntry entry = share_entry("share.access", share);
  entry.details["version"] = found.version.version;

  Result<void> allowed;
  const bool is_guest = caller.principal.org_id != share.org_id;
  if (!admits_address(share, caller.address) ||
      (is_guest && !ip_rules_.admits_guest(share.org_id, caller.address))) {
    allowed = problems::forbidden("This address isn't allowed here.");
  } else {
    allowed = co_await check_passphrase(caller, share, std::move(passphrase));
  }
  if (!allowed.ok()) {
    if (allowed.problem().status == 403) {
      entry.details["reason"] = allowed.problem().code;
      CO_CHECK_OK(co_await audit_.record_refusal(caller, share.org_id, std::move(entry), 403));
    }
    co_return std::move(allowed).problem();
  }

  const crypto::SealedVersion sealed{std::move(found.version.wrapped_dek),
                                     std::move(found.version.ciphertext)};
  const auto kek = keys_.unwrap(share.org_id, found.kek);
  Result<SecureBytes> value = problems::internal();
  if (kek.ok()) {
    value = crypto::open_version(
        **kek, found.version.kek_version,
        version_binding(share.org_id, share.vault_id, found.secret.path, found.version), sealed);
  }
  if (!value.ok()) {
    entry.details["reason"] = value.problem().code;
    CO_CHECK_OK(co_await audit_.record_refusal(caller, share.org_id, std::move(entry),
                                               value.problem().status));
    co_return std::move(value).problem();
  }

  const auto count = [&](store::Transaction& transaction) -> Result<store::ShareRow> {
    store::ShareRepository shares(transaction);
    if (!shares.count_access(share.id, now())) return no_share();
    AuditEntry with_count = entry;
    if (found.version.max_access_count) {
      const auto counted =
          store::SecretRepository(transaction).count_access(found.secret.id, found.version.version);
      if (!counted) return no_share();
      with_count.details["access_count"] = *counted;
    }
    if (is_recipient(caller.principal, share)) shares.accept(share.id, now());
    audit_.append(transaction, share.org_id, caller, std::move(with_count));
    auto row = shares.find(share.id);
    if (row->access_count == 1 && share.created_by_type == "user" &&
        !is_author(caller.principal, share)) {
      const auto author = store::UserRepository(transaction).find(share.created_by);
      const std::string reader = caller.principal.type == PrincipalType::kNone
                                     ? "someone who has the link"
                                     : name_of(transaction, caller.principal);
      if (author) {
        outbox_.enqueue_email(transaction, share.org_id,
                              mail::share_accessed(author->email, found.secret.path, reader));
      }
    }
    return std::move(*row);
  };
  CO_TRY(store::ShareRow counted, co_await store_.write(share.org_id, count));
  caller.audited = true;
  const Uuid secret_id = found.secret.id;
  co_return OpenedShare{std::move(counted),
                        {secret_id, std::move(found.secret.path), std::move(found.version)},
                        std::move(value).value()};
}

asio::awaitable<Result<void>> Shares::claim(const Caller& caller) {
  if (!caller.principal.is_user()) co_return Result<void>();
  const Uuid& user_id = caller.principal.id;
  const auto look = [&](store::Transaction& transaction) -> Result<std::optional<std::string>> {
    const auto user = store::UserRepository(transaction).find(user_id);
    if (!user || !user->email_verified ||
        !store::ShareRepository(transaction).has_unclaimed(user->email)) {
      return std::optional<std::string>();
    }
    return std::optional(user->email);
  };
  CO_TRY(const std::optional<std::string> email, co_await store_.read(look));
  if (!email) co_return Result<void>();
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    for (const store::ShareRow& share :
         store::ShareRepository(transaction).claim(*email, user_id)) {
      audit_.append(transaction, share.org_id, caller, share_entry("share.claim", share));
    }
    return {};
  };
  co_return co_await store_.write(write);
}

asio::awaitable<Result<std::vector<store::ListedShare>>> Shares::outbound(Caller& caller) {
  const auto read =
      [&](store::Transaction& transaction) -> Result<std::vector<store::ListedShare>> {
    return store::ShareRepository(transaction).by_author(caller.principal.id, kMostListed);
  };
  CO_TRY(auto shares, co_await store_.read(read));
  AuditEntry entry{
      .action = "share.list_outbound", .resource_type = "share", .resource_id = {}, .details = {}};
  entry.details["count"] = shares.size();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(shares);
}

asio::awaitable<Result<std::vector<store::ListedShare>>> Shares::inbound(Caller& caller) {
  CO_CHECK_OK(co_await claim(caller));
  const auto read =
      [&](store::Transaction& transaction) -> Result<std::vector<store::ListedShare>> {
    return store::ShareRepository(transaction).by_recipient(caller.principal.id, kMostListed);
  };
  CO_TRY(auto shares, co_await store_.read(read));
  AuditEntry entry{
      .action = "share.list_inbound", .resource_type = "share", .resource_id = {}, .details = {}};
  entry.details["count"] = shares.size();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(shares);
}

asio::awaitable<Result<void>> Shares::answer(Caller& caller, Uuid id, bool accepted) {
  CO_CHECK_OK(co_await claim(caller));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::ShareRepository shares(transaction);
    const auto share = shares.find(id);
    if (!share || !is_recipient(caller.principal, *share) || !is_alive(transaction, *share)) {
      return no_share();
    }
    if (accepted) {
      shares.accept(id, now());
    } else {
      shares.decline(id, now());
    }
    audit_.append(transaction, share->org_id, caller,
                  share_entry(accepted ? "share.accept" : "share.decline", *share));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<void>> Shares::accept(Caller& caller, Uuid id) {
  co_return co_await answer(caller, id, true);
}

asio::awaitable<Result<void>> Shares::decline(Caller& caller, Uuid id) {
  co_return co_await answer(caller, id, false);
}

asio::awaitable<Result<void>> Shares::revoke(Caller& caller, Uuid id) {
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    const Principal& principal = caller.principal;
    store::ShareRepository shares(transaction);
    const auto share = shares.find(id);
    const bool may = share && (is_author(principal, *share) ||
                               (principal.is_org_admin() && share->org_id == principal.org_id));
    if (!may || share->revoked_at) return no_share();
    shares.revoke(id, now());
    audit_.append(transaction, share->org_id, caller, share_entry("share.revoke", *share));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  caller.audited = true;
  co_return Result<void>();
}

}  // namespace oneclaw::service
