#include "operator/commands.h"

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <iostream>
#include <memory>
#include <utility>

#include "api/wiping_json.h"
#include "operator/backup_commands.h"
#include "operator/client.h"
#include "operator/migrate_store.h"
#include "operator/progress.h"
#include "operator/prompt.h"

namespace oneclaw::operators {

namespace json = boost::json;

namespace {

struct Flags {
  std::string data = "oneclaw-data";
  bool as_json = false;
  bool watch = false;
  bool revoke_old = false;
  int shares = 0;
  int threshold = 0;
  std::string vault_id;
  std::string root_key_id;
  std::string org_id;
  int days = 0;
  std::string email;
  std::string file;
  std::string keyring = "file:";
};

int fail(const Problem& problem) {
  std::cerr << "oneclaw: " << problem.detail << "\n";
  for (const FieldError& error : problem.fields) {
    std::cerr << "  " << error.field << " " << error.message << "\n";
  }
  return 1;
}

int done(const Result<void>& result) {
  return result.ok() ? 0 : fail(result.problem());
}

/// An object whose memory is wiped, for it may hold a share or a passphrase.
json::object command(std::string_view name) {
  json::object request(api::wiping_storage());
  request["command"] = name;
  return request;
}

std::string text(const json::value& body, std::string_view name) {
  const json::value* const value = body.as_object().if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t number(const json::value& body, std::string_view name) {
  const json::value* const value = body.as_object().if_contains(name);
  return value && value->is_int64() ? value->get_int64() : 0;
}

void show_shares(const json::value& body, int threshold) {
  const json::array& shares = body.at("shares").as_array();
  if (shares.empty()) return;
  std::cerr << "These are the " << shares.size() << " shares; any " << threshold
            << " of them unseal. They are shown once and kept nowhere: give each to another "
               "keeper.\n";
  for (const json::value& share : shares) {
    std::cout << std::string_view(share.as_string()) << "\n";
  }
  std::cout << std::flush;
}

int status(const Flags& flags) {
  const auto body = Client(flags.data).call(command("status"));
  if (!body.ok()) return fail(body.problem());
  const bool sealed = body->at("sealed").as_bool();
  if (flags.as_json) {
    std::cout << json::serialize(*body) << "\n";
    return sealed ? 2 : 0;
  }
  std::cout << "state        " << (sealed ? text(*body, "state") : "unsealed") << "\n"
            << "keyring      " << text(*body, "provider") << "\n"
            << "             " << text(*body, "detail") << "\n";
  if (number(*body, "shares") > 0) {
    std::cout << "shares       " << number(*body, "threshold") << " of " << number(*body, "shares");
    if (sealed) std::cout << ", " << number(*body, "entered") << " entered";
    std::cout << "\n";
  }
  if (sealed) return 2;
  std::cout << "root key     " << text(*body, "active_root_key_id") << "\n";
  for (const json::value& id : body->at("root_key_ids").as_array()) {
    if (id.as_string() != text(*body, "active_root_key_id")) {
      std::cout << "  older      " << std::string_view(id.as_string()) << "\n";
    }
  }
  for (const json::value& key : body->at("signing_keys").as_array()) {
    const std::string until = text(key, "verifies_until");
    std::cout << "JWT key      " << text(key, "kid") << " ("
              << (until.empty() ? "signs, held in " + text(key, "held") : "verifies until " + until)
              << ")\n";
  }
  for (const json::value& rotation : body->at("rotations").as_array()) {
    const std::string finished = text(rotation, "finished_at");
    std::cout << "rotation     " << text(rotation, "kind") << " " << text(rotation, "vault_id")
              << " " << number(rotation, "done") << " of " << number(rotation, "total") << ", "
              << (finished.empty() ? "running" : "finished " + finished) << "\n";
  }
  return 0;
}

Result<void> init(const Flags& flags) {
  const Client client(flags.data);
  TRY(const json::value status, client.call(command("status")));
  json::object request = command("init");
  if (text(status, "unseal_with") == "passphrase") {
    TRY(const SecureString passphrase, ask_new_passphrase());
    request["passphrase"] = passphrase.view();
  }
  request["shares"] = flags.shares;
  request["threshold"] = flags.threshold;
  TRY(const json::value body, client.call(request));
  show_shares(body, flags.threshold);
  std::cerr << "The root key is made. The server is sealed: go on with `oneclaw operator "
               "unseal`.\n";
  return {};
}

Result<void> unseal(const Flags& flags) {
  const Client client(flags.data);
  TRY(json::value status, client.call(command("status")));
  for (;;) {
    const std::string with = text(status, "unseal_with");
    json::object request = command("unseal");
    if (with != "nothing") {
      const std::string question = with == "pin" ? "PIN"
                                   : with == "passphrase"
                                       ? "Passphrase"
                                       : "Share " + std::to_string(number(status, "entered") + 1) +
                                             " of " + std::to_string(number(status, "threshold"));
      TRY(const SecureString input, ask_hidden(question));
      request["input"] = input.view();
    }
    auto answer = client.call(request);
    if (!answer.ok()) {
      // At a terminal, a mistyped share is asked for again.
      if (answer.problem().code != "validation" || !is_interactive()) {
        return std::move(answer).problem();
      }
      fail(answer.problem());
      TRY(status, client.call(command("status")));
      continue;
    }
    status = std::move(*answer);
    if (text(status, "state") == "ready") break;
  }
  std::cerr << "The server is unsealed.\n";
  return {};
}

Result<void> seal(const Flags& flags) {
  TRY(const json::value body, Client(flags.data).call(command("seal")));
  std::cerr << "The server is sealed. " << text(body, "note") << "\n";
  return {};
}

Result<void> rekey(const Flags& flags) {
  const Client client(flags.data);
  TRY(const json::value status, client.call(command("status")));
  const std::string with = text(status, "unseal_with");
  json::object request = command("rekey");
  request["shares"] = flags.shares;
  request["threshold"] = flags.threshold;
  if (flags.shares == 0) {
    TRY(const SecureString passphrase, ask_new_passphrase());
    request["passphrase"] = passphrase.view();
  }
  std::int64_t entered = number(status, "entered_rekey");
  for (;;) {
    if (with == "passphrase" || with == "shares") {
      TRY(const SecureString proof,
          ask_hidden(with == "passphrase" ? "Old passphrase"
                                          : "Old share " + std::to_string(entered + 1) + " of " +
                                                std::to_string(number(status, "threshold"))));
      request["proof"] = proof.view();
    }
    TRY(const json::value body, client.call(request));
    entered = number(body, "entered");
    if (body.at("done").as_bool()) {
      show_shares(body, flags.threshold);
      std::cerr << "The root key is protected anew; what unsealed it before doesn't any more.\n";
      return {};
    }
  }
}

Result<void> rotate(const Flags& flags, json::object request) {
  const Client client(flags.data);
  TRY(const json::value body, client.call(request));
  std::cerr << "The new key is in use; " << number(body, "total") << " keys are being rewrapped.\n";
  if (flags.watch) return watch(client, text(body, "id"));
  return {};
}

Result<void> rotate_jwt(const Flags& flags) {
  json::object request = command("rotate-jwt");
  request["revoke_old"] = flags.revoke_old;
  TRY(const json::value body, Client(flags.data).call(request));
  std::cout << text(body, "kid") << "\n";
  return {};
}

Result<void> forget_root(const Flags& flags) {
  json::object request = command("forget-root");
  request["root_key_id"] = flags.root_key_id;
  auto body = Client(flags.data).call(request);
  if (!body.ok()) return std::move(body).problem();
  return {};
}

Result<void> audit_retention(const Flags& flags) {
  json::object request = command("audit-retention");
  request["days"] = flags.days;
  if (!flags.org_id.empty()) request["org_id"] = flags.org_id;
  TRY(const json::value body, Client(flags.data).call(request));
  std::cout << "Removed " << number(body, "removed") << " events of " << number(body, "chains")
            << " audit chains.\n";
  return {};
}

Result<void> reset_password(const Flags& flags) {
  json::object request = command("reset-password");
  request["email"] = flags.email;
  TRY(const json::value body, Client(flags.data).call(request));
  std::cout << std::string_view(body.at("url").as_string()) << std::endl;
  std::cerr << "Hand this link to the person. It works once, until " << text(body, "expires_at")
            << ", and is kept nowhere.\n";
  return {};
}

}  // namespace

void add_commands(CLI::App& app, std::function<int()>& run) {
  auto flags = std::make_shared<Flags>();
  CLI::App* const group =
      app.add_subcommand("operator", "Run a server's keys: seal, rotation, backup.");
  group->require_subcommand(1);
  group->add_option("--data", flags->data, "Data folder of the server (default ./oneclaw-data)")
      ->envname("ONECLAW_DATA");
  const auto add = [&](std::string name, std::string what, auto handler) {
    CLI::App* const made = group->add_subcommand(std::move(name), std::move(what));
    made->fallthrough();  // --data may come after the command too
    made->callback([&run, flags, handler] { run = [flags, handler] { return handler(*flags); }; });
    return made;
  };
  const auto add_plain = [&](std::string name, std::string what, auto handler) {
    return add(std::move(name), std::move(what),
               [handler](const Flags& chosen) { return done(handler(chosen)); });
  };

  add("status", "Seal state, keys and rotations. Exit code 2 when sealed.", status)
      ->add_flag("--json", flags->as_json, "As JSON");
  const auto add_split = [&](CLI::App* made) {
    made->add_option("--shares", flags->shares, "Split the unseal key into so many shares")
        ->check(CLI::Range(1, 64));
    made->add_option("--threshold", flags->threshold, "Shares that unseal")
        ->check(CLI::Range(1, 64));
  };
  add_split(add_plain("init", "Make the first root key.", init));
  add_plain("unseal",
            "Unseal the server. Shares, passphrase or PIN are read from a hidden prompt, or from "
            "standard input, one a line.",
            unseal);
  add_plain("seal", "Forget every key and refuse requests.", seal);
  add_split(add_plain("rekey",
                      "Protect the root key anew, by shares or (without --shares) a passphrase. "
                      "Standard input, a line each: the new passphrase, then what unseals now.",
                      rekey));
  add_plain("rotate-root", "Make a new root key, and rewrap every KEK.", [](const Flags& chosen) {
    return rotate(chosen, command("rotate-root"));
  })->add_flag("--watch", flags->watch, "Show the progress until it is done");
  CLI::App* const vault = add_plain(
      "rotate-vault", "Make a new KEK for a vault, and rewrap its DEKs.", [](const Flags& chosen) {
        json::object request = command("rotate-vault");
        request["vault_id"] = chosen.vault_id;
        return rotate(chosen, std::move(request));
      });
  vault->add_option("vault", flags->vault_id, "The vault's id")->required();
  vault->add_flag("--watch", flags->watch, "Show the progress until it is done");
  add_plain("rotate-jwt", "Make a new JWT key; the old one goes on verifying for a day.",
            rotate_jwt)
      ->add_flag("--revoke-old", flags->revoke_old, "End every token that the old ones signed");
  add_plain("forget-root",
            "Destroy an older root key that wraps nothing more. Backups from its time are lost.",
            forget_root)
      ->add_option("id", flags->root_key_id, "The root key's id")
      ->required();
  add_plain("reset-password",
            "Print a link by which a person chooses a new password: for servers without a mail "
            "server. It works once, for an hour, and is shown once. A second factor stays on.",
            reset_password)
      ->add_option("email", flags->email, "The account's address")
      ->required();
  add_plain("backup", "Write an encrypted backup of the running server.",
            [](const Flags& chosen) { return backup(chosen.data, chosen.file); })
      ->add_option("file", flags->file, "A new file, or - for standard output")
      ->required();
  CLI::App* const restoring = add_plain(
      "restore", "Restore a backup to an empty data folder.",
      [](const Flags& chosen) { return restore(chosen.data, chosen.file, chosen.keyring); });
  restoring->add_option("file", flags->file, "The backup")->required();
  restoring->add_option("--keyring", flags->keyring, "The keyring's URI (default file:)")
      ->envname("ONECLAW_KEYRING");
  add_plain("verify", "Say what a backup holds and whether it is whole; needs no key.",
            [](const Flags& chosen) { return verify(chosen.file); })
      ->add_option("file", flags->file, "The backup")
      ->required();
  CLI::App* const retention =
      add_plain("audit-retention",
                "Remove audit events beyond an age. Their chains go on to verify, from an anchor.",
                audit_retention);
  retention->add_option("--days", flags->days, "Keep the events of so many days, 35 or more")
      ->check(CLI::Range(35, 100'000))
      ->required();
  retention->add_option("--org", flags->org_id, "Of one org alone");
  add_migrate_store(*group, run);
}

}  // namespace oneclaw::operators
