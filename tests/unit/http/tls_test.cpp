#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "loopback.h"

namespace oneclaw::http::testing {
namespace {

namespace fs = std::filesystem;

template <auto Free>
struct With {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, With<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, With<X509_free>>;
using File = std::unique_ptr<std::FILE, With<std::fclose>>;

void write_key(const fs::path& path, EVP_PKEY* key, const EVP_CIPHER* cipher = nullptr) {
  const File file{std::fopen(path.c_str(), "w")};
  unsigned char password[] = "pw";
  PEM_write_PrivateKey(file.get(), key, cipher, cipher != nullptr ? password : nullptr,
                       cipher != nullptr ? 2 : 0, nullptr, nullptr);
}

class Tls : public ::testing::Test {
 protected:
  Tls() {
    std::string pattern = (fs::temp_directory_path() / "oneclaw-tls-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    key_.reset(EVP_EC_gen("P-256"));
    const Certificate certificate{X509_new()};
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key_.get());
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_sign(certificate.get(), key_.get(), EVP_sha256());
    options_ = quick_options();
    options_.tls_cert = folder_ / "cert.pem";
    options_.tls_key = folder_ / "key.pem";
    const File file{std::fopen(options_.tls_cert.c_str(), "w")};
    PEM_write_X509(file.get(), certificate.get());
    write_key(options_.tls_key, key_.get());
  }
  ~Tls() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  fs::path folder_;
  Key key_;
  ServerOptions options_;
};

TEST_F(Tls, ServesOverTls12And13) {
  TestServer server{options_};
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Client client{server.port()};
    ASSERT_TRUE(client.start_tls(version));
    EXPECT_EQ(SSL_version(client.tls()), version);
    const unsigned char* alpn = nullptr;
    unsigned alpn_size = 0;
    SSL_get0_alpn_selected(client.tls(), &alpn, &alpn_size);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(alpn), alpn_size), "http/1.1");

    const std::string body(300'000, 'x');
    ASSERT_TRUE(client.send(post("/echo", body) + get("/next")));
    auto reply = client.read_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->body, body);
    reply = client.read_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 200);
    reply = client.ask(get("/", "Connection: close\r\n"));
    ASSERT_TRUE(reply);
    EXPECT_TRUE(client.closed());  // with a close_notify
  }
}

TEST_F(Tls, RefusesOlderVersionsAndOtherProtocols) {
  TestServer server{options_};
  EXPECT_FALSE(Client{server.port()}.start_tls(TLS1_1_VERSION));
  EXPECT_FALSE(Client{server.port()}.start_tls(TLS1_VERSION));
  EXPECT_FALSE(Client{server.port()}.start_tls(0, "h2"));
  EXPECT_TRUE(Client{server.port()}.start_tls());
}

TEST_F(Tls, SurvivesPlainTextAndBrokenHandshakes) {
  TestServer server{options_};
  Client plain{server.port()};
  ASSERT_TRUE(plain.send(get("/")));
  EXPECT_FALSE(plain.read_reply());
  Client good{server.port()};
  ASSERT_TRUE(good.start_tls());
  EXPECT_TRUE(good.ask(get("/")));
}

TEST_F(Tls, TimesOut) {
  options_.request_timeout = std::chrono::milliseconds{150};
  TestServer server{options_};
  Client silent{server.port()};
  EXPECT_TRUE(silent.closed());

  Client slow{server.port()};
  ASSERT_TRUE(slow.start_tls());
  const auto reply = slow.ask("GET / HT");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 408);
}

TEST_F(Tls, Drains) {
  TestServer server{options_};
  Client idle{server.port()};
  ASSERT_TRUE(idle.start_tls());
  ASSERT_TRUE(idle.ask(get("/")));
  Client busy{server.port()};
  ASSERT_TRUE(busy.start_tls());
  ASSERT_TRUE(busy.send(get("/wait/200")));
  std::this_thread::sleep_for(std::chrono::milliseconds{100});
  std::thread stopper([&server] { server.server().stop(); });
  const auto reply = busy.read_reply();
  stopper.join();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->headers.at("connection"), "close");
  EXPECT_LT(server.stop().count(), 3000);
}

TEST_F(Tls, RefusesBadFiles) {
  const Key other{EVP_EC_gen("P-256")};
  write_key(options_.tls_key, other.get());
  auto created = Server::create(options_, tell);
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.problem().status, 500);
  EXPECT_NE(created.problem().detail.find("key"), std::string::npos);

  // An encrypted key must not ask for a password.
  write_key(options_.tls_key, key_.get(), EVP_aes_256_cbc());
  EXPECT_FALSE(Server::create(options_, tell).ok());

  write_key(options_.tls_key, key_.get());
  EXPECT_TRUE(Server::create(options_, tell).ok());
  std::error_code error;
  fs::resize_file(options_.tls_cert, 100, error);
  created = Server::create(options_, tell);
  ASSERT_FALSE(created.ok());
  EXPECT_NE(created.problem().detail.find("certificate"), std::string::npos);
}

}  // namespace
}  // namespace oneclaw::http::testing
