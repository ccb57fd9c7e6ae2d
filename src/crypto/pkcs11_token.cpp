#include "crypto/pkcs11_token.h"

#include <algorithm>
#include <array>
#include <utility>

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

/// C_Initialize that says that threads share the module: without these arguments, as
/// p11_kit_module_initialize() calls it, a module need not lock anything (PKCS#11 2.40 §5.4).
CK_RV initialize(CK_FUNCTION_LIST* module) {
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  return module->C_Initialize(&arguments);
}

}  // namespace

Pkcs11Token::Pkcs11Token(Uri uri, CK_FUNCTION_LIST* module)
    : uri_(std::move(uri)), p11_(module), initialized_(true) {}

Result<std::unique_ptr<Pkcs11Token>> Pkcs11Token::load(Uri uri) {
  const char* const path = p11_kit_uri_get_module_path(uri.get());
  if (path == nullptr) {
    return problems::validation("keyring", "must name its module: ?module-path=FILE");
  }
  CK_FUNCTION_LIST* const module = p11_kit_module_load(path, P11_KIT_MODULE_UNMANAGED);
  if (module == nullptr) {
    return problems::internal("The PKCS#11 module " + std::string(path) + " can't be loaded.");
  }
  if (initialize(module) != CKR_OK) {
    p11_kit_module_release(module);
    return problems::internal("The PKCS#11 module " + std::string(path) + " can't be started.");
  }
  return std::unique_ptr<Pkcs11Token>(new Pkcs11Token(std::move(uri), module));
}

Pkcs11Token::~Pkcs11Token() {
  log_out();
  if (initialized_) p11_kit_module_finalize(p11_);
  p11_kit_module_release(p11_);
}

CK_RV Pkcs11Token::find_slot(CK_SLOT_ID& slot) {
  std::array<CK_SLOT_ID, 64> slots{};
  CK_ULONG count = slots.size();
  const CK_RV listed = p11_->C_GetSlotList(CK_TRUE, slots.data(), &count);
  if (listed != CKR_OK) return listed;
  for (CK_ULONG i = 0; i < std::min<CK_ULONG>(count, slots.size()); ++i) {
    CK_TOKEN_INFO info{};
    if (p11_->C_GetTokenInfo(slots.at(i), &info) != CKR_OK) continue;
    if ((info.flags & CKF_TOKEN_INITIALIZED) == 0) continue;
    if (p11_kit_uri_match_token_info(uri_.get(), &info) == 0) continue;
    slot = slots.at(i);
    return CKR_OK;
  }
  return CKR_TOKEN_NOT_PRESENT;
}

void Pkcs11Token::disconnect() {
  const std::lock_guard lock(pool_mutex_);
  if (connected_) p11_->C_CloseAllSessions(slot_);
  idle_.clear();
  open_ = 0;
  connected_ = false;
}

CK_RV Pkcs11Token::connect() {
  disconnect();
  // Modules look for tokens when they are initialized, and not all of them later.
  if (initialized_) p11_kit_module_finalize(p11_);
  initialized_ = false;
  CK_RV code = initialize(p11_);
  if (code != CKR_OK) return code;
  initialized_ = true;
  code = find_slot(slot_);
  if (code != CKR_OK) return code;
  CK_SESSION_HANDLE session = 0;
  code =
      p11_->C_OpenSession(slot_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session);
  if (code != CKR_OK) return code;
  code =
      p11_->C_Login(session, CKU_USER, reinterpret_cast<CK_UTF8CHAR_PTR>(pin_.data()), pin_.size());
  if (code != CKR_OK && code != CKR_USER_ALREADY_LOGGED_IN) {
    p11_->C_CloseAllSessions(slot_);
    return code;
  }
  const std::lock_guard lock(pool_mutex_);
  idle_.push_back(session);
  open_ = 1;
  connected_ = true;
  ++connection_;
  return CKR_OK;
}

Result<void> Pkcs11Token::log_in(SecureString pin) {
  const std::unique_lock alone(use_);
  pin_ = std::move(pin);
  const CK_RV code = connect();
  last_try_ = Clock::now();
  if (code == CKR_OK) {
    has_pin_ = true;
    const std::lock_guard lock(pool_mutex_);
    answered_ = true;
    asked_at_ = last_try_;
    return {};
  }
  pin_.clear();
  if (code == CKR_PIN_INCORRECT || code == CKR_PIN_INVALID || code == CKR_PIN_LEN_RANGE) {
    return problems::validation("pin", "is wrong");
  }
  if (code == CKR_PIN_LOCKED) return problems::validation("pin", "is locked by the token");
  return unavailable();
}

void Pkcs11Token::log_out() {
  const std::unique_lock alone(use_);
  if (connected_) p11_->C_Logout(idle_.empty() ? 0 : idle_.front());
  disconnect();
  pin_.clear();
  has_pin_ = false;
}

Result<CK_SESSION_HANDLE> Pkcs11Token::take_session(CK_RV& failure) {
  std::unique_lock lock(pool_mutex_);
  if (!given_back_.wait_for(lock, kLongestWait,
                            [&] { return !idle_.empty() || open_ < kMostSessions; })) {
    return unavailable();
  }
  if (!idle_.empty()) {
    const CK_SESSION_HANDLE session = idle_.back();
    idle_.pop_back();
    return session;
  }
  CK_SESSION_HANDLE session = 0;
  failure =
      p11_->C_OpenSession(slot_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session);
  if (failure == CKR_OK) {
    ++open_;
    return session;
  }
  if (failure == CKR_SESSION_COUNT && open_ > 0) {
    // The token has fewer sessions than we would like: wait for one of ours.
    failure = CKR_OK;
    if (given_back_.wait_for(lock, kLongestWait, [&] { return !idle_.empty(); })) {
      session = idle_.back();
      idle_.pop_back();
      return session;
    }
  }
  return unavailable();
}

void Pkcs11Token::give_back(CK_SESSION_HANDLE session, bool broken) {
  {
    const std::lock_guard lock(pool_mutex_);
    if (broken) {
      p11_->C_CloseSession(session);
      --open_;
    } else {
      idle_.push_back(session);
    }
    answered_ = !broken;
    asked_at_ = Clock::now();
  }
  given_back_.notify_one();
}

Result<void> Pkcs11Token::with_session(const std::function<CK_RV(Session&)>& f) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    std::uint64_t tried = 0;
    {
      const std::shared_lock use(use_);
      if (!has_pin_) return problems::unavailable("The keyring is sealed.", 5);
      tried = connection_;
      if (connected_) {
        CK_RV code = CKR_OK;
        const auto handle = take_session(code);
        if (handle.ok()) {
          Session session{p11_, *handle, connection_};
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
    const std::unique_lock alone(use_);
    if (!has_pin_) continue;
    if (connection_ != tried && connected_) continue;  // another thread was quicker
    if (Clock::now() - last_try_ < kReconnectPause) {
      disconnect();
      break;
    }
    last_try_ = Clock::now();
    if (connect() != CKR_OK) break;
  }
  const std::lock_guard lock(pool_mutex_);
  answered_ = false;
  asked_at_ = Clock::now();
  return unavailable();
}

bool Pkcs11Token::answers() {
  {
    const std::lock_guard lock(pool_mutex_);
    if (Clock::now() - asked_at_ < std::chrono::seconds(1)) return answered_;
    asked_at_ = Clock::now();  // one asks, the others take the last answer
  }
  const auto asked = with_session([&](Session& session) {
    CK_TOKEN_INFO info{};
    const CK_RV code = session.p11->C_GetTokenInfo(slot_, &info);
    if (code != CKR_OK) return code;
    CK_SESSION_INFO state{};
    return session.p11->C_GetSessionInfo(session.handle, &state);
  });
  return asked.ok();
}

}  // namespace oneclaw::crypto
