#include "http/tls_context.h"

#include <openssl/ssl.h>

#include <string>
#include <string_view>

namespace oneclaw::http {
namespace {

constexpr unsigned char kAlpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int select_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                const unsigned char* offered, unsigned offered_size, void* /*arg*/) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kAlpn, sizeof kAlpn, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

/// An encrypted key must fail, not ask at a terminal.
int refuse_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*arg*/) {
  return -1;
}

bool configure(SSL_CTX* context) {
  constexpr const char* kCiphers =
      "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
      "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
      "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
  SSL_CTX_set_default_passwd_cb(context, refuse_password);
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, kCiphers) == 1 &&
         SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1;
}

Problem bad_file(std::string_view what, const std::filesystem::path& file) {
  return problems::internal("The TLS " + std::string{what} + " " + file.string() +
                            " can't be used.");
}

}  // namespace

Result<boost::asio::ssl::context> make_tls_context(const std::filesystem::path& cert,
                                                   const std::filesystem::path& key) {
  boost::asio::ssl::context context{boost::asio::ssl::context::tls_server};
  SSL_CTX* native = context.native_handle();
  if (!configure(native)) return problems::internal("TLS can't be set up.");
  if (SSL_CTX_use_certificate_chain_file(native, cert.c_str()) != 1) {
    return bad_file("certificate", cert);
  }
  if (SSL_CTX_use_PrivateKey_file(native, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(native) != 1) {
    return bad_file("key", key);
  }
  return context;
}

}  // namespace oneclaw::http
