// The server's TLS settings.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <filesystem>

#include "base/result.h"

namespace oneclaw::http {

/// TLS 1.2 and 1.3 with forward secrecy and AEAD ciphers, no renegotiation, ALPN `http/1.1`.
/// 500 when a file can't be read, or the key isn't the certificate's.
Result<boost::asio::ssl::context> make_tls_context(const std::filesystem::path& cert,
                                                   const std::filesystem::path& key);

}  // namespace oneclaw::http
