#include "crypto/pkcs11_token.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <vector>

namespace oneclaw::crypto {
namespace {

using Clock = std::chrono::steady_clock;

/// What a token that was pulled out, or came back as another, makes of a session or a handle.
bool is_gone(CK_RV code) {
  switch (code) {
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_TOKEN_NOT_RECOGNIZED:
    case CKR_DEVICE_REMOVED:
    case CKR_DEVICE_ERROR:
    case CKR_SLOT_ID_INVALID:
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_CLOSED:
    case CKR_USER_NOT_LOGGED_IN:
    case CKR_KEY_HANDLE_INVALID:
    case CKR_OBJECT_HANDLE_INVALID:
    case CKR_CRYPTOKI_NOT_INITIALIZED:
    case CKR_GENERAL_ERROR:
    case CKR_FUNCTION_FAILED:
      return true;
    default:
      return false;
  }
}

Problem unavailable() {
  return problems::unavailable("The PKCS#11 token that holds the root key doesn't answer.", 2);
}

Problem sealed() {
  return problems::unavailable("The keyring is sealed.", 5);
}

/// C_Initialize that says that threads share the module: without these arguments, as
/// p11_kit_module_initialize() calls it, a module need not lock anything (PKCS#11 2.40 §5.4).
CK_RV initialize(CK_FUNCTION_LIST* module) {
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  return module->C_Initialize(&arguments);
}

}  // namespace

/// What the threads share. Its methods call the module, and so may not return.
struct Pkcs11Token::Connection {
  Connection(Uri uri_in, CK_FUNCTION_LIST* module) : uri(std::move(uri_in)), p11(module) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (initialized) p11_kit_module_finalize(p11);
    p11_kit_module_release(p11);
  }

  CK_RV find_slot(CK_SLOT_ID& found);
  CK_RV connect(const SecureString& with_pin);  ///< with `use` held alone
  void disconnect();                            ///< with `use` held alone
  Result<void> log_in(const SecureString& with_pin, std::uint64_t in_turn);
  void log_out();
  Result<void> with_session(const Work& f);
  Result<CK_SESSION_HANDLE> take_session(CK_RV& failure);
  void give_back(CK_SESSION_HANDLE session, bool broken);
  void heard(bool answer) {
    answered = answer;
    hangs = false;
  }
  std::optional<SecureString> current_pin() {
    const std::lock_guard lock(pin_mutex);
    return has_pin ? std::optional(pin) : std::nullopt;
  }
  /// Logged out from here on, whatever a call that still runs may come to.
  void forget_pin() {
    const std::lock_guard lock(pin_mutex);
    pin.clear();
    has_pin = false;
    ++turn;
  }

  const Uri uri;
  CK_FUNCTION_LIST* const p11;

  std::mutex pin_mutex;
  SecureString pin;
  std::uint64_t turn = 0;  ///< counts log-ins and log-outs
  std::atomic<bool> has_pin{false};

  std::shared_mutex use;  ///< shared while a session is in use, alone to connect
  bool initialized = false;
  bool connected = false;
  std::uint64_t number = 0;  ///< of this connection
  CK_SLOT_ID slot = 0;
  Clock::time_point last_try{};

  std::mutex pool_mutex;
  std::condition_variable given_back;
  std::vector<CK_SESSION_HANDLE> idle;
  std::size_t open = 0;

  std::atomic<bool> answered{false};
  std::atomic<bool> hangs{false};  ///< a call was given up, and none has come back since
  std::atomic<bool> probing{false};
  std::atomic<Clock::time_point> probed_at{Clock::time_point{}};
};

CK_RV Pkcs11Token::Connection::find_slot(CK_SLOT_ID& found) {
  std::array<CK_SLOT_ID, 64> slots{};
  CK_ULONG count = slots.size();
  const CK_RV listed = p11->C_GetSlotList(CK_TRUE, slots.data(), &count);
  if (listed != CKR_OK) return listed;
  for (CK_ULONG i = 0; i < std::min<CK_ULONG>(count, slots.size()); ++i) {
    CK_TOKEN_INFO info{};
    if (p11->C_GetTokenInfo(slots.at(i), &info) != CKR_OK) continue;
    if ((info.flags & CKF_TOKEN_INITIALIZED) == 0) continue;
    if (p11_kit_uri_match_token_info(uri.get(), &info) == 0) continue;
    found = slots.at(i);
    return CKR_OK;
  }
  return CKR_TOKEN_NOT_PRESENT;
}

void Pkcs11Token::Connection::disconnect() {
  if (connected) p11->C_CloseAllSessions(slot);
  connected = false;
  const std::lock_guard lock(pool_mutex);
  idle.clear();
  open = 0;
}

CK_RV Pkcs11Token::Connection::connect(const SecureString& with_pin) {
  disconnect();
  // Modules look for tokens when they are initialized, and not all of them later.
  if (initialized) p11_kit_module_finalize(p11);
  initialized = false;
  CK_RV code = initialize(p11);
  if (code != CKR_OK) return code;
  initialized = true;
  code = find_slot(slot);
  if (code != CKR_OK) return code;
  CK_SESSION_HANDLE session = 0;
  code = p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session);
  if (code != CKR_OK) return code;
  SecureString text(with_pin);
  code =
      p11->C_Login(session, CKU_USER, reinterpret_cast<CK_UTF8CHAR_PTR>(text.data()), text.size());
  if (code != CKR_OK && code != CKR_USER_ALREADY_LOGGED_IN) {
    p11->C_CloseAllSessions(slot);
    return code;
  }
  connected = true;
  ++number;
  const std::lock_guard lock(pool_mutex);
  idle.push_back(session);
  open = 1;
  return CKR_OK;
}

Result<void> Pkcs11Token::Connection::log_in(const SecureString& with_pin, std::uint64_t in_turn) {
  const std::unique_lock alone(use);
  const CK_RV code = connect(with_pin);
  last_try = Clock::now();
  heard(code == CKR_OK);
  if (code == CKR_OK) {
    {
      const std::lock_guard lock(pin_mutex);
      if (turn == in_turn) {
        pin = with_pin;
        has_pin = true;
        return {};
      }
    }
    disconnect();  // nobody waits for it any more
    return unavailable();
  }
  if (code == CKR_PIN_INCORRECT || code == CKR_PIN_INVALID || code == CKR_PIN_LEN_RANGE) {
    return problems::validation("pin", "is wrong");
  }
  if (code == CKR_PIN_LOCKED) return problems::validation("pin", "is locked by the token");
  return unavailable();
}

void Pkcs11Token::Connection::log_out() {
  const std::unique_lock alone(use);
  if (has_pin) return;  // logged in again meanwhile
  if (connected) p11->C_Logout(idle.empty() ? 0 : idle.front());
  disconnect();
}

Result<CK_SESSION_HANDLE> Pkcs11Token::Connection::take_session(CK_RV& failure) {
  {
    const std::lock_guard lock(pool_mutex);
    if (!idle.empty()) {
      const CK_SESSION_HANDLE session = idle.back();
      idle.pop_back();
      return session;
    }
    ++open;
  }
  CK_SESSION_HANDLE session = 0;
  failure =
      p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session);
  if (failure == CKR_OK) return session;
  std::unique_lock lock(pool_mutex);
  --open;
  if (failure == CKR_SESSION_COUNT && open > 0) {
    // The token has fewer sessions than we would like: wait for one of ours.
    failure = CKR_OK;
    if (given_back.wait_for(lock, kLongestCall, [&] { return !idle.empty(); })) {
      session = idle.back();
      idle.pop_back();
      return session;
    }
  }
  return unavailable();
}

void Pkcs11Token::Connection::give_back(CK_SESSION_HANDLE session, bool broken) {
  if (broken) p11->C_CloseSession(session);
  {
    const std::lock_guard lock(pool_mutex);
    if (broken) {
      --open;
    } else {
      idle.push_back(session);
    }
  }
  given_back.notify_one();
  heard(!broken);
}

Result<void> Pkcs11Token::Connection::with_session(const Work& f) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    std::uint64_t tried = 0;
    {
      const std::shared_lock shared(use);
      if (!has_pin) return sealed();
      tried = number;
      if (connected) {
        CK_RV code = CKR_OK;
        const auto handle = take_session(code);
        if (handle.ok()) {
          Session session{p11, *handle, number};
          code = f(session);
          give_back(*handle, is_gone(code));
          if (code == CKR_OK) return {};
        } else if (code == CKR_OK) {
          return handle.problem();
        }
        if (!is_gone(code)) return problems::internal("The PKCS#11 token refused an operation.");
      }
    }
    if (attempt > 0) break;
    const std::unique_lock alone(use);
    const std::optional<SecureString> with_pin = current_pin();
    if (!with_pin) continue;
    if (number != tried && connected) continue;  // another thread was quicker
    if (Clock::now() - last_try < kReconnectPause) {
      disconnect();
      break;
    }
    last_try = Clock::now();
    if (connect(*with_pin) != CKR_OK) break;
  }
  heard(false);
  return unavailable();
}

Pkcs11Token::Pkcs11Token(std::shared_ptr<Connection> connection)
    : connection_(std::move(connection)) {}

Result<std::unique_ptr<Pkcs11Token>> Pkcs11Token::load(Uri uri) {
  const char* const path = p11_kit_uri_get_module_path(uri.get());
  if (path == nullptr) {
    return problems::validation("keyring", "must name its module: ?module-path=FILE");
  }
  CK_FUNCTION_LIST* const module = p11_kit_module_load(path, P11_KIT_MODULE_UNMANAGED);
  if (module == nullptr) {
    return problems::internal("The PKCS#11 module " + std::string(path) + " can't be loaded.");
  }
  const auto connection = std::make_shared<Connection>(std::move(uri), module);
  std::unique_ptr<Pkcs11Token> token(new Pkcs11Token(connection));
  const auto start = [connection] {
    connection->initialized = initialize(connection->p11) == CKR_OK;
  };
  if (!token->threads_.run(start, kLongestCall) || !connection->initialized) {
    return problems::internal("The PKCS#11 module " + std::string(path) + " can't be started.");
  }
  return token;
}

Pkcs11Token::~Pkcs11Token() {
  log_out();
}

Result<void> Pkcs11Token::log_in(SecureString pin) {
  std::uint64_t turn = 0;
  {
    const std::lock_guard lock(connection_->pin_mutex);
    turn = ++connection_->turn;
  }
  const auto outcome = std::make_shared<Result<void>>(unavailable());
  const auto work = [connection = connection_, outcome, pin = std::move(pin), turn] {
    *outcome = connection->log_in(pin, turn);
  };
  if (threads_.run(work, kLongestCall)) return std::move(*outcome);
  connection_->forget_pin();
  connection_->hangs = true;
  return unavailable();
}

void Pkcs11Token::log_out() {
  connection_->forget_pin();
  const auto work = [connection = connection_] { connection->log_out(); };
  if (connection_->hangs) {
    threads_.post(work);
  } else {
    threads_.run(work, kLongestCall);
  }
}

bool Pkcs11Token::logged_in() const {
  return connection_->has_pin;
}

Result<void> Pkcs11Token::with_session(Work f) {
  if (!connection_->has_pin) return sealed();
  if (connection_->hangs) {
    probe();
    return unavailable();
  }
  const auto outcome = std::make_shared<Result<void>>(problems::internal());
  const auto work = [connection = connection_, outcome, f = std::move(f)] {
    *outcome = connection->with_session(f);
  };
  if (threads_.run(work, kLongestCall)) return std::move(*outcome);
  connection_->hangs = true;
  return unavailable();
}

void Pkcs11Token::probe() {
  if (connection_->probing.exchange(true)) {
    if (Clock::now() - connection_->probed_at.load() > kLongestCall) connection_->hangs = true;
    return;
  }
  connection_->probed_at = Clock::now();
  const Work ask = [slot = &connection_->slot](Session& session) {
    CK_TOKEN_INFO info{};
    const CK_RV code = session.p11->C_GetTokenInfo(*slot, &info);
    if (code != CKR_OK) return code;
    CK_SESSION_INFO state{};
    return session.p11->C_GetSessionInfo(session.handle, &state);
  };
  threads_.post([connection = connection_, ask] {
    (void)connection->with_session(ask);
    connection->probing = false;
  });
}

bool Pkcs11Token::answers() {
  if (Clock::now() - connection_->probed_at.load() >= kProbePeriod) probe();
  return connection_->answered && !connection_->hangs;
}

}  // namespace oneclaw::crypto
