// A PKCS #11 token: module, log-in and a pool of sessions, found again after it went away.
#pragma once

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::crypto {

class Pkcs11Token {
 public:
  static constexpr std::size_t kMostSessions = 8;
  static constexpr std::chrono::seconds kLongestWait{5};  ///< for a session
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

  /// Finds the token and logs in. 400 "pin" for a wrong PIN, 503 when the token isn't there.
  Result<void> log_in(SecureString pin);
  /// Ends the sessions and forgets the PIN.
  void log_out();
  [[nodiscard]] bool logged_in() const { return has_pin_; }

  /// Runs `f` with a session. A token that went away is looked for again, once, and `f` is run
  /// again; `f` must look up its objects anew then, for handles do not outlive a connection:
  /// `connection` counts them. 503 when the token doesn't answer, 500 for what else goes wrong.
  struct Session {
    CK_FUNCTION_LIST* p11;
    CK_SESSION_HANDLE handle;
    std::uint64_t connection;
  };
  Result<void> with_session(const std::function<CK_RV(Session&)>& f);

  /// Whether the last call found the token; asks it when that is a second ago.
  [[nodiscard]] bool answers();

 private:
  explicit Pkcs11Token(Uri uri, CK_FUNCTION_LIST* module);
  CK_RV connect();    ///< with `use_` held alone
  void disconnect();  ///< with `use_` held alone
  CK_RV find_slot(CK_SLOT_ID& slot);
  Result<CK_SESSION_HANDLE> take_session(CK_RV& failure);
  void give_back(CK_SESSION_HANDLE session, bool broken);

  Uri uri_;
  CK_FUNCTION_LIST* p11_;
  std::shared_mutex use_;  ///< shared while a session is in use, alone to connect
  bool initialized_ = false;
  bool connected_ = false;
  std::uint64_t connection_ = 0;
  CK_SLOT_ID slot_ = 0;
  SecureString pin_;
  std::atomic<bool> has_pin_{false};
  std::chrono::steady_clock::time_point last_try_{};

  std::mutex pool_mutex_;
  std::condition_variable given_back_;
  std::vector<CK_SESSION_HANDLE> idle_;
  std::size_t open_ = 0;
  bool answered_ = false;
  std::chrono::steady_clock::time_point asked_at_{};
};

}  // namespace oneclaw::crypto
