// A PKCS #11 module before SoftHSM2's, for tests: while the file $ONECLAW_TEST_HANG is there, its
// calls do not return.
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

namespace {

CK_FUNCTION_LIST* real = nullptr;

void wait_while_hung() {
  const char* const file = std::getenv("ONECLAW_TEST_HANG");
  while (file != nullptr && ::access(file, F_OK) == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

/// The real function of that member, once nothing hangs any more.
template <auto member>
struct Patient;
template <class... Arguments, CK_RV (*CK_FUNCTION_LIST::*member)(Arguments...)>
struct Patient<member> {
  static CK_RV call(Arguments... arguments) {
    wait_while_hung();
    return (real->*member)(arguments...);
  }
};

}  // namespace

extern "C" CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  static CK_FUNCTION_LIST hanging;
  if (real == nullptr) {
    void* const library = ::dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return CKR_GENERAL_ERROR;
    const auto get = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
    if (get == nullptr || get(&real) != CKR_OK) return CKR_GENERAL_ERROR;
    hanging = *real;
#define PATIENT(name) hanging.name = Patient<&CK_FUNCTION_LIST::name>::call
    PATIENT(C_Initialize);
    PATIENT(C_GetSlotList);
    PATIENT(C_GetTokenInfo);
    PATIENT(C_OpenSession);
    PATIENT(C_CloseSession);
    PATIENT(C_CloseAllSessions);
    PATIENT(C_GetSessionInfo);
    PATIENT(C_Login);
    PATIENT(C_Logout);
    PATIENT(C_FindObjectsInit);
    PATIENT(C_EncryptInit);
    PATIENT(C_DecryptInit);
    PATIENT(C_SignInit);
    PATIENT(C_GenerateKey);
#undef PATIENT
  }
  *list = &hanging;
  return CKR_OK;
}
