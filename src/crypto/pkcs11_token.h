// A PKCS #11 token: module, log-in and a pool of sessions, found again after it went away.
#pragma once

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/secure.h"
#include "crypto/call_threads.h"

namespace oneclaw::crypto {

/// Thread-safe. The module is called on threads of the token's own, and no caller waits longer than
/// kLongestCall: a call that doesn't return by then is given up, and until the token answers again
/// the next ones get 503 at once.
class Pkcs11Token {
 public:
  static constexpr std::size_t kThreads = 4;  ///< and sessions
  static constexpr std::chrono::seconds kLongestCall{3};
  static constexpr std::chrono::seconds kProbePeriod{1};
  static constexpr std::chrono::milliseconds kReconnectPause{500};

  struct Freed {
    void operator()(P11KitUri* uri) const { p11_kit_uri_free(uri); }
  };
  using Uri = std::unique_ptr<P11KitUri, Freed>;

  /// Loads the module; 400 or 500 when the URI names none or it can't be loaded. No token need be
  /// there yet.
  static Result<std::unique_ptr<Pkcs11Token>> load(Uri uri);
  ~Pkcs11Token();
  Pkcs11Token(const Pkcs11Token&) = delete;
  Pkcs11Token& operator=(const Pkcs11Token&) = delete;

  /// Finds the token and logs in. 400 "pin" for a wrong PIN, 503 when the token doesn't answer.
  Result<void> log_in(SecureString pin);
  /// Forgets the PIN and ends the sessions; with a token that hangs, once it goes on.
  void log_out();
  [[nodiscard]] bool logged_in() const;

  struct Session {
    CK_FUNCTION_LIST* p11;
    CK_SESSION_HANDLE handle;
    std::uint64_t connection;
  };
  using Work = std::function<CK_RV(Session&)>;
  /// Runs `f` with a session. A token that went away is looked for again, once, and `f` is run
  /// again; `f` must look up its objects anew then, for handles do not outlive a connection:
  /// `connection` counts them. `f` must own all that it uses: after a 503 it may still be running.
  /// 503 when the token doesn't answer, 500 for what else goes wrong.
  Result<void> with_session(Work f);
  /// The same for `f(Session&, T&)`: what it has put there.
  template <class T, class F>
  Result<T> call(F f) {
    auto out = std::make_shared<T>();
    CHECK_OK(with_session(
        [out, f = std::move(f)](Session& session) mutable { return f(session, *out); }));
    return std::move(*out);
  }

  /// Whether it answered last time. Never waits: the token is asked anew in the background when
  /// that is kProbePeriod ago.
  [[nodiscard]] bool answers();

 private:
  struct Connection;
  explicit Pkcs11Token(std::shared_ptr<Connection> connection);
  void probe();

  std::shared_ptr<Connection> connection_;  ///< also of calls that were given up
  CallThreads threads_{kThreads};
};

}  // namespace oneclaw::crypto
