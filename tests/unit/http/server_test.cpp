#include "http/server.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <future>
#include <sstream>

#include "http/router.h"
#include "loopback.h"

namespace oneclaw::http::testing {
namespace {

boost::json::object about(const std::optional<Reply>& reply) {
  if (!reply) {
    ADD_FAILURE() << "no reply";
    return {};
  }
  boost::json::error_code error;
  const auto value = boost::json::parse(reply->body, error);
  EXPECT_FALSE(error) << reply->body;
  return value.is_object() ? value.get_object() : boost::json::object{};
}

std::string text_of(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : "(none)";
}

TEST(Server, Answers) {
  TestServer server;
  Client client{server.port()};
  const auto reply = client.ask(get("/a/b?c=d"));
  const auto told = about(reply);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_TRUE(reply->head.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(text_of(told, "method"), "GET");
  EXPECT_EQ(text_of(told, "target"), "/a/b?c=d");
  EXPECT_EQ(text_of(told, "path"), "/a/b");
  EXPECT_EQ(text_of(told, "client"), "127.0.0.1");
  const auto& headers = reply->headers;
  EXPECT_EQ(headers.at("content-type"), "application/json");
  EXPECT_EQ(headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(headers.at("x-request-id"), text_of(told, "id"));
  EXPECT_EQ(headers.at("date").size(), 29U);
  EXPECT_EQ(headers.count("server"), 0U);
  EXPECT_EQ(headers.count("cache-control"), 0U);
  EXPECT_EQ(headers.count("connection"), 0U);
}

TEST(Server, KeepsTheConnection) {
  TestServer server;
  Client client{server.port()};
  for (int i = 0; i < 50; ++i) {
    const std::string body = "body " + std::to_string(i);
    const auto reply = client.ask(post("/echo", body));
    ASSERT_TRUE(reply) << i;
    EXPECT_EQ(reply->body, body);
  }
}

TEST(Server, ClosesWhenAsked) {
  TestServer server;
  Client client{server.port()};
  const auto reply = client.ask(get("/", "Connection: close\r\n"));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->headers.at("connection"), "close");
  EXPECT_TRUE(client.closed());

  Client old{server.port()};
  const auto old_reply = old.ask("GET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(old_reply);
  EXPECT_EQ(old_reply->status, 200);
  EXPECT_EQ(old_reply->headers.at("connection"), "close");
  EXPECT_TRUE(old.closed());
}

TEST(Server, AnswersAClientThatHasFinishedSending) {
  TestServer server;
  Client client{server.port()};
  client.send(get("/wait/30"));
  client.finish_sending();
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_TRUE(client.closed());
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  TestServer server;
  Client client{server.port()};
  std::string all;
  const std::string big(5000, 'x');
  for (int i = 0; i < 40; ++i) {
    // Slow ones must not be overtaken; bodies end and requests start anywhere in a read.
    if (i % 10 == 0) {
      all += get("/wait/20?" + std::to_string(i));
    } else if (i % 3 == 0) {
      all += post("/echo", std::to_string(i) + big);
    } else {
      all += get("/x?" + std::to_string(i));
    }
  }
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 40; ++i) {
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply) << i;
    if (i % 10 != 0 && i % 3 == 0) {
      EXPECT_EQ(reply->body, std::to_string(i) + big);
    } else {
      EXPECT_TRUE(text_of(about(reply), "target").ends_with("?" + std::to_string(i)));
    }
  }
}

TEST(Server, TakesPacketsSplitAnywhere) {
  TestServer server;
  Client client{server.port()};
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;ext=1\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nX-Trailer: 1\r\n\r\n";
  for (const char c : request) {
    ASSERT_TRUE(client.send(std::string_view{&c, 1}));
    std::this_thread::sleep_for(std::chrono::microseconds{300});
  }
  auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "hello world");

  const std::string two = post("/echo", "first") + post("/echo", "second");
  for (std::size_t cut = 1; cut < two.size(); cut += 7) {
    ASSERT_TRUE(client.send(two.substr(0, cut)));
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
    ASSERT_TRUE(client.send(two.substr(cut)));
    reply = client.read_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->body, "first");
    reply = client.read_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->body, "second");
  }
}

TEST(Server, ReadsChunkedBodies) {
  TestServer server;
  Client client{server.port()};
  const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n";
  auto reply = client.ask(head + "0\r\n\r\n");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "");

  std::string chunks;
  std::string whole;
  for (int i = 1; i < 400; ++i) {
    const std::string chunk(static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
    std::array<char, 16> size;
    std::snprintf(size.data(), size.size(), "%X\r\n", i);
    chunks += size.data() + chunk + "\r\n";
    whole += chunk;
  }
  // With the next request on its heels.
  ASSERT_TRUE(client.send(head + chunks + "0\r\n\r\n" + get("/next")));
  reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, whole);
  EXPECT_EQ(text_of(about(client.read_reply()), "path"), "/next");
}

TEST(Server, TrailersDoNotBecomeHeaders) {
  TestServer server;
  Client client{server.port()};
  const auto reply = client.ask(
      "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\na\r\n0\r\nAuthorization: Bearer t\r\nX-Request-Id: evil\r\n\r\n");
  const auto told = about(reply);
  EXPECT_EQ(told.at("headers").as_int64(), 2);
  EXPECT_NE(text_of(told, "id"), "evil");
}

TEST(Server, CarriesLargeBodiesBothWays) {
  TestServer server;
  Client client{server.port()};
  std::string body(1024 * 1024, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 % 251);
  const auto reply = client.ask(post("/echo", body));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, body);

  // More than the socket's buffers hold.
  const auto big = client.ask(get("/big/30000000"));
  ASSERT_TRUE(big);
  EXPECT_EQ(big->body.size(), 30'000'000U);
  EXPECT_EQ(big->body.find_first_not_of('b'), std::string::npos);
  EXPECT_TRUE(client.ask(get("/after")));
}

TEST(Server, HonoursExpectContinue) {
  TestServer server;
  Client client{server.port()};
  ASSERT_TRUE(client.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n"));
  const auto interim = client.read_reply();
  ASSERT_TRUE(interim);
  EXPECT_EQ(interim->head, "HTTP/1.1 100 Continue\r\n");
  const auto reply = client.ask("hello");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "hello");

  // Not when the body is there, or there is none.
  const auto at_once = client.ask(post("/echo", "hello", "Expect: 100-continue\r\n"));
  ASSERT_TRUE(at_once);
  EXPECT_EQ(at_once->status, 200);
  EXPECT_EQ(client.ask(get("/", "Expect: 100-continue\r\n"))->status, 200);
}

TEST(Server, HeadGetsNoBody) {
  TestServer server;
  Client client{server.port()};
  ASSERT_TRUE(client.send("HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n"));
  const auto reply = client.read_reply(true);
  ASSERT_TRUE(reply);
  EXPECT_NE(reply->headers.at("content-length"), "0");
  EXPECT_EQ(text_of(about(client.ask(get("/next"))), "path"), "/next");
}

TEST(Server, NoContentHasNoBody) {
  TestServer server;
  Client client{server.port()};
  const auto reply = client.ask(get("/empty"));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 204);
  EXPECT_EQ(reply->headers.count("content-length"), 0U);
  EXPECT_EQ(reply->headers.count("content-type"), 0U);
  EXPECT_EQ(reply->headers.count("x-request-id"), 1U);
  EXPECT_EQ(text_of(about(client.ask(get("/next"))), "path"), "/next");
}

TEST(Server, MarksSecrets) {
  TestServer server;
  Client client{server.port()};
  EXPECT_EQ(client.ask(get("/store"))->headers.at("cache-control"), "no-store");
}

TEST(Server, DropsHeadersThatWouldSplitTheAnswer) {
  TestServer server;
  Client client{server.port()};
  const auto reply = client.ask(get("/split"));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->headers.count("x-good"), 1U);
  EXPECT_EQ(reply->headers.count("x-bad"), 0U);
  EXPECT_EQ(reply->headers.count("x-evil"), 0U);
}

TEST(Server, AnExceptionIs500) {
  TestServer server;
  Client client{server.port()};
  const auto reply = client.ask(get("/throw"));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 500);
  EXPECT_EQ(reply->body.find("boom"), std::string::npos);
  EXPECT_TRUE(client.ask(get("/next")));
}

TEST(Server, TakesOrMakesRequestIds) {
  TestServer server;
  Client client{server.port()};
  const std::string longest(64, 'a');
  for (const std::string& id : {std::string{"a"}, std::string{"A-z_0.9"}, longest}) {
    EXPECT_EQ(client.ask(get("/", "X-Request-Id: " + id + "\r\n"))->headers.at("x-request-id"), id);
  }
  std::string last;
  for (const std::string& id : {std::string{}, longest + "a", std::string{"a b"},
                                std::string{"a/b"}, std::string{"\xC3\xA9"}, std::string{"a;b"}}) {
    const auto made =
        client.ask(get("/", "X-Request-Id: " + id + "\r\n"))->headers.at("x-request-id");
    EXPECT_EQ(made.size(), 32U) << id;
    EXPECT_EQ(made.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_NE(made, last);
    last = made;
  }
}

TEST(Server, TrustsOnlyKnownProxies) {
  TestServer plain;
  Client direct{plain.port()};
  const std::string forwarded = get("/", "X-Forwarded-For: 198.51.100.7, 192.0.2.1\r\n");
  EXPECT_EQ(text_of(about(direct.ask(forwarded)), "client"), "127.0.0.1");

  ServerOptions options = quick_options();
  options.trusted_proxies = {*Cidr::parse("127.0.0.0/8"), *Cidr::parse("192.0.2.0/24")};
  TestServer proxied{options};
  Client client{proxied.port()};
  EXPECT_EQ(text_of(about(client.ask(forwarded)), "client"), "198.51.100.7");
  EXPECT_EQ(text_of(about(client.ask(get("/"))), "client"), "127.0.0.1");
}

TEST(Server, TakesAbsoluteTargets) {
  TestServer server;
  Client client{server.port()};
  EXPECT_EQ(text_of(about(client.ask(get("http://x:1/a?b"))), "target"), "/a?b");
  EXPECT_EQ(text_of(about(client.ask(get("HTTPS://x"))), "target"), "/");
  EXPECT_EQ(text_of(about(client.ask("\r\n\r\n" + get("/after-empty-lines"))), "path"),
            "/after-empty-lines");
}

TEST(Server, ServesManyConnectionsOnManyThreads) {
  ServerOptions options = quick_options();
  options.threads = 4;
  TestServer server{options};
  std::vector<std::future<int>> clients;
  for (int c = 0; c < 16; ++c) {
    clients.push_back(std::async(std::launch::async, [port = server.port(), c] {
      Client client{port};
      int good = 0;
      for (int i = 0; i < 100; ++i) {
        const std::string body = std::to_string(c * 1000 + i);
        const auto reply = client.ask(post("/echo", body));
        if (reply && reply->body == body) ++good;
      }
      return good;
    }));
  }
  for (auto& client : clients) EXPECT_EQ(client.get(), 100);
}

/// Sends the default logger's lines to a string while it lives.
class LogCapture {
 public:
  LogCapture() : saved_(spdlog::default_logger()) {
    const auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(out_);
    const auto logger = std::make_shared<spdlog::logger>("capture", sink);
    logger->set_pattern("%v");
    spdlog::set_default_logger(logger);
  }
  ~LogCapture() { spdlog::set_default_logger(saved_); }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;
  [[nodiscard]] std::string text() const { return out_.str(); }

 private:
  std::ostringstream out_;
  std::shared_ptr<spdlog::logger> saved_;
};

boost::asio::awaitable<Response> routed(Request& request) {
  static const Route route{.method = Method::kGet,
                           .pattern = "/v1/{name}",
                           .access = Access::kPublic,
                           .action = "",
                           .scope = "",
                           .handler = {}};
  request.route = &route;
  Response response;
  response.status = 201;
  response.body.append("secret-body");
  co_return response;
}

TEST(Server, LogsRequestsWithoutTheirContent) {
  const LogCapture capture;
  const std::string request = post("/v1/secret-path?q=secret-query", "secret-body",
                                   "Authorization: Bearer secret-token\r\nX-Request-Id: r1\r\n");
  {
    TestServer server{quick_options(), routed};
    Client client{server.port()};
    ASSERT_TRUE(client.ask(request));
  }
  EXPECT_EQ(capture.text(), "");  // the level is not enabled
  {
    TestServer server{quick_options(), routed};
    spdlog::set_level(spdlog::level::info);
    Client client{server.port()};
    ASSERT_TRUE(client.ask(request));
  }
  const std::string line = capture.text();
  EXPECT_TRUE(line.starts_with("request method=POST route=/v1/{name} status=201 us=")) << line;
  EXPECT_NE(line.find(" id=r1 client=127.0.0.1\n"), std::string::npos) << line;
  EXPECT_EQ(line.find("secret"), std::string::npos) << line;
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
}

TEST(Server, StopsAtOnceWhenIdle) {
  ServerOptions options = quick_options();
  options.threads = 2;
  TestServer server{options};
  Client idle{server.port()};
  Client fresh{server.port()};
  ASSERT_TRUE(idle.ask(get("/")));
  EXPECT_LT(server.stop().count(), 900);
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(fresh.closed());
  server.server().stop();  // a second time does nothing
}

TEST(Server, StopBeforeRunReturns) {
  auto server = Server::create(quick_options(), tell);
  ASSERT_TRUE(server.ok());
  (*server)->stop();
  (*server)->run();
}

TEST(Server, DrainsRequestsInFlight) {
  TestServer server;
  Client waiting{server.port()};
  Client uploading{server.port()};
  ASSERT_TRUE(waiting.send(get("/wait/300") + get("/not-served")));
  const std::string upload = post("/echo", "0123456789");
  ASSERT_TRUE(uploading.send(upload.substr(0, upload.size() - 5)));
  std::this_thread::sleep_for(std::chrono::milliseconds{100});
  std::thread stopper([&server] { server.server().stop(); });
  std::this_thread::sleep_for(std::chrono::milliseconds{100});
  EXPECT_TRUE(uploading.send(upload.substr(upload.size() - 5)));

  const auto uploaded = uploading.read_reply();
  ASSERT_TRUE(uploaded);
  EXPECT_EQ(uploaded->body, "0123456789");
  EXPECT_EQ(uploaded->headers.at("connection"), "close");
  EXPECT_TRUE(uploading.closed());
  const auto waited = waiting.read_reply();
  ASSERT_TRUE(waited);
  EXPECT_EQ(waited->status, 200);
  EXPECT_EQ(waited->headers.at("connection"), "close");
  EXPECT_TRUE(waiting.closed());
  stopper.join();
  EXPECT_TRUE(Client{server.port()}.closed());  // nobody listens any more
}

TEST(Server, GivesUpAfterTheDrainTime) {
  ServerOptions options = quick_options();
  options.drain_timeout = std::chrono::milliseconds{200};
  TestServer server{options};
  Client client{server.port()};
  ASSERT_TRUE(client.send(get("/wait/30000")));
  std::this_thread::sleep_for(std::chrono::milliseconds{100});
  const auto taken = server.stop().count();
  EXPECT_GE(taken, 150);
  EXPECT_LT(taken, 2000);
}

/// Completes on a thread of its own, as a store does.
class Outside {
 public:
  ~Outside() { thread_.join(); }
  boost::asio::awaitable<Response> answer(std::chrono::milliseconds after) {
    timer_.expires_after(after);
    thread_ = std::thread([this] { io_.run(); });
    co_await timer_.async_wait(boost::asio::use_awaitable);
    co_return Response{};
  }

 private:
  boost::asio::io_context io_;
  boost::asio::steady_timer timer_{io_};
  std::thread thread_;
};

TEST(Server, AHandlerMayCompleteAfterTheServerHasGone) {
  ServerOptions options = quick_options();
  options.drain_timeout = std::chrono::milliseconds{50};
  Outside outside;
  {
    TestServer server{options, [&outside](Request& /*request*/) {
                        return outside.answer(std::chrono::milliseconds{600});
                      }};
    Client client{server.port()};
    ASSERT_TRUE(client.send(get("/")));
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    EXPECT_LT(server.stop().count(), 400);
  }
}  // waits for the completion

TEST(Server, CreateFailsWithAProblem) {
  TestServer server;
  ServerOptions taken = quick_options();
  taken.port = server.port();
  const auto second = Server::create(taken, tell);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.problem().status, 500);
  EXPECT_NE(second.problem().detail.find(std::to_string(server.port())), std::string::npos);

  ServerOptions nowhere = quick_options();
  nowhere.host = "256.1.1.1.invalid";
  EXPECT_FALSE(Server::create(nowhere, tell).ok());

  ServerOptions half = quick_options();
  half.tls_cert = "cert.pem";
  EXPECT_FALSE(Server::create(half, tell).ok());
  half.tls_key = "missing.pem";
  EXPECT_FALSE(Server::create(half, tell).ok());
}

}  // namespace
}  // namespace oneclaw::http::testing
