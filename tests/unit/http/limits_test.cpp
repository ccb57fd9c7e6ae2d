// What the server answers to requests that are malformed, too large or too slow.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "http/request_parser.h"
#include "loopback.h"

namespace oneclaw::http::testing {
namespace {

using std::chrono::milliseconds;
using namespace std::string_literals;

/// A problem answer with that status, and the end of the connection.
::testing::AssertionResult is_refused(Client& client, int status) {
  const auto reply = client.read_reply();
  if (!reply) return ::testing::AssertionFailure() << "no reply";
  if (reply->status != status) return ::testing::AssertionFailure() << reply->head;
  if (reply->headers.at("content-type") != "application/problem+json" ||
      reply->headers.at("x-request-id").empty() || reply->headers.at("connection") != "close") {
    return ::testing::AssertionFailure() << reply->head;
  }
  boost::json::error_code error;
  const auto body = boost::json::parse(reply->body, error);
  if (error || body.at("status").to_number<int>() != status) {
    return ::testing::AssertionFailure() << reply->body;
  }
  if (!client.closed()) return ::testing::AssertionFailure() << "still open";
  return ::testing::AssertionSuccess();
}

TEST(Limits, MalformedRequestsAre400) {
  TestServer server;
  const std::string post_head = "POST /echo HTTP/1.1\r\nHost: x\r\n";
  for (const std::string& text : std::vector<std::string>{
           "GET / HTTP/1.1\r\n\r\n",                         // no Host
           "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",   // two
           "GET / HTTP/1.1\nHost: x\n\n",                    // bare line feeds
           "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",   // a folded line
           "GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n",     // space before the colon
           "GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",  //
           "GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n",   // bare carriage return
           "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"s,
           "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",   // two spaces
           "GET / x HTTP/1.1\r\nHost: x\r\n\r\n",  //
           "GET /\r\nHost: x\r\n\r\n",             // HTTP/0.9
           "GET / HTTQ/1.1\r\nHost: x\r\n\r\n",    //
           "GET / HTTP/1.x\r\nHost: x\r\n\r\n",    //
           "GET /#f HTTP/1.1\r\nHost: x\r\n\r\n",  //
           "G(T / HTTP/1.1\r\nHost: x\r\n\r\n",    //
           "\x16\x03\x01\x02",                     // TLS on a plain port
           "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n",
           post_head + "Content-Length: x\r\n\r\n",
           post_head + "Content-Length: -1\r\n\r\n",
           post_head + "Content-Length: +1\r\n\r\na",
           post_head + "Content-Length: 0x1\r\n\r\na",
           post_head + "Content-Length:\r\n\r\n",
           post_head + "Content-Length: 1, 1\r\n\r\na",
           post_head + "Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
           post_head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\na",
           post_head + "Content-Length: 99999999999999999999999\r\n\r\na",
           post_head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           post_head + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
           post_head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           post_head + "Transfer-Encoding: identity\r\n\r\n",
           post_head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           post_head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
           post_head + "Transfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n",
           post_head + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
           post_head + "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
       }) {
    Client client{server.port()};
    ASSERT_TRUE(client.send(text));
    EXPECT_TRUE(is_refused(client, 400)) << text;
  }
}

TEST(Limits, OtherVersionsAre505) {
  TestServer server;
  for (const std::string version : {"HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/3.0"}) {
    Client client{server.port()};
    ASSERT_TRUE(client.send("GET / " + version + "\r\nHost: x\r\n\r\n"));
    EXPECT_TRUE(is_refused(client, 505)) << version;
  }
  Client client{server.port()};
  ASSERT_TRUE(client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  EXPECT_TRUE(is_refused(client, 505));
}

TEST(Limits, ARefusalKeepsTheClientsRequestId) {
  TestServer server;
  Client client{server.port()};
  const auto reply =
      client.ask("GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\nbad line\r\n\r\n");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->headers.at("x-request-id"), "mine");
}

std::string head_of(std::size_t size) {
  const std::string around = get("/", "X-Fill: \r\n");
  return get("/", "X-Fill: " + std::string(size - around.size(), 'f') + "\r\n");
}

TEST(Limits, HeaderBytes) {
  ServerOptions options = quick_options();
  options.most_header_bytes = 2000;
  TestServer server{options};
  Client fits{server.port()};
  EXPECT_EQ(fits.ask(head_of(2000))->status, 200);
  EXPECT_EQ(fits.ask(head_of(2000) + get("/"))->status, 200);
  ASSERT_TRUE(fits.read_reply());
  ASSERT_TRUE(fits.send(head_of(2001)));
  EXPECT_TRUE(is_refused(fits, 431));

  Client endless{server.port()};
  ASSERT_TRUE(endless.send("GET /" + std::string(3000, 'a')));
  EXPECT_TRUE(is_refused(endless, 431));

  Client slow{server.port()};
  ASSERT_TRUE(slow.send("GET / HTTP/1.1\r\n"));
  for (int i = 0; i < 150; ++i) slow.send("X-A: 0123456789\r\n");
  EXPECT_TRUE(is_refused(slow, 431));

  Client empty_lines{server.port()};
  for (int i = 0; i < 1500; ++i) empty_lines.send("\r\n");
  EXPECT_TRUE(is_refused(empty_lines, 431));

  Client chunk_line{server.port()};
  ASSERT_TRUE(
      chunk_line.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                      std::string(50'000, 'e')));
  EXPECT_TRUE(is_refused(chunk_line, 431));
}

TEST(Limits, DefaultHeaderLimitIs16KiB) {
  TestServer server;
  Client client{server.port()};
  EXPECT_EQ(client.ask(head_of(std::size_t{16} * 1024))->status, 200);
  ASSERT_TRUE(client.send(head_of(std::size_t{16} * 1024 + 1)));
  EXPECT_TRUE(is_refused(client, 431));
}

TEST(Limits, BodyBytes) {
  ServerOptions options = quick_options();
  options.most_body_bytes = 1000;
  TestServer server{options};
  Client client{server.port()};
  EXPECT_EQ(client.ask(post("/echo", std::string(1000, 'a')))->body.size(), 1000U);

  // Refused for what it announces, before any of it is read.
  ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"));
  EXPECT_TRUE(is_refused(client, 413));

  Client waits{server.port()};
  ASSERT_TRUE(
      waits.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n"
                 "Expect: 100-continue\r\n\r\n"));
  EXPECT_TRUE(is_refused(waits, 413));

  const std::string chunked =
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string part = "1f4\r\n" + std::string(500, 'a') + "\r\n";
  Client fits{server.port()};
  EXPECT_EQ(fits.ask(chunked + part + part + "0\r\n\r\n")->body.size(), 1000U);
  ASSERT_TRUE(fits.send(chunked + part + part + "1\r\n"));
  EXPECT_TRUE(is_refused(fits, 413));

  Client huge{server.port()};
  ASSERT_TRUE(huge.send(chunked + "ffffffffffffffff\r\n"));
  EXPECT_TRUE(is_refused(huge, 413));
}

TEST(Limits, AClientThatGoesOnSendingStillReadsThe413) {
  TestServer server;
  Client client{server.port()};
  client.send(post("/echo", std::string(std::size_t{4} * 1024 * 1024, 'a')));
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 413);
}

TEST(Limits, RequestTime) {
  ServerOptions options = quick_options();
  options.request_timeout = milliseconds{150};
  TestServer server{options};

  Client head{server.port()};
  ASSERT_TRUE(head.send("GET / HT"));
  EXPECT_TRUE(is_refused(head, 408));

  Client body{server.port()};
  ASSERT_TRUE(body.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"));
  EXPECT_TRUE(is_refused(body, 408));

  // It counts from the first byte: a trickle does not extend it.
  Client trickle{server.port()};
  const auto start = std::chrono::steady_clock::now();
  trickle.send("GET / HTTP/1.1\r\nX: ");
  for (int i = 0; i < 30 && std::chrono::steady_clock::now() - start < milliseconds{140}; ++i) {
    trickle.send("a");
    std::this_thread::sleep_for(milliseconds{20});
  }
  EXPECT_TRUE(is_refused(trickle, 408));

  // Neither the time between requests nor the handler's counts.
  Client idle{server.port()};
  ASSERT_TRUE(idle.ask(get("/")));
  std::this_thread::sleep_for(milliseconds{400});
  const auto reply = idle.ask(get("/wait/400"));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
}

TEST(Limits, IdleTime) {
  ServerOptions options = quick_options();
  options.idle_timeout = milliseconds{150};
  TestServer server{options};
  Client silent{server.port()};
  Client kept{server.port()};
  ASSERT_TRUE(kept.ask(get("/")));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(silent.closed());  // without an answer
  EXPECT_TRUE(kept.closed());
  const auto waited = std::chrono::steady_clock::now() - start;
  EXPECT_GT(waited, milliseconds{80});
  EXPECT_LT(waited, milliseconds{2000});
}

TEST(Limits, AClientThatDoesNotReadIsCutOff) {
  ServerOptions options = quick_options();
  options.request_timeout = milliseconds{150};
  TestServer server{options};
  // A busy machine may need longer to come to the cut.
  bool is_cut = false;
  for (auto pause = milliseconds{600}; !is_cut && pause < milliseconds{40'000}; pause *= 4) {
    Client client{server.port()};
    ASSERT_TRUE(client.send(get("/big/30000000")));
    std::this_thread::sleep_for(pause);
    is_cut = !client.read_reply();
  }
  EXPECT_TRUE(is_cut);
}

TEST(Limits, Connections) {
  ServerOptions options = quick_options();
  options.most_connections = 2;
  TestServer server{options};
  Client first{server.port()};
  ASSERT_TRUE(first.ask(get("/")));
  {
    Client second{server.port()};
    ASSERT_TRUE(second.ask(get("/")));
    Client third{server.port()};
    EXPECT_TRUE(is_refused(third, 503));
  }
  // A place is free again.
  std::optional<Reply> reply;
  for (int i = 0; i < 50 && (!reply || reply->status != 200); ++i) {
    Client next{server.port()};
    reply = next.ask(get("/"));
    std::this_thread::sleep_for(milliseconds{20});
  }
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_TRUE(first.ask(get("/")));
}

TEST(HeadScanner, FindsTheEndHoweverTheTextIsCut) {
  const std::string text = "\r\n" + get("/", "A: b\r\n") + "body\r\n\r\n";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    HeadScanner scanner;
    std::size_t size = 0;
    auto state = HeadScanner::State::kMore;
    while (state == HeadScanner::State::kMore && size < text.size()) {
      size = std::min(size + step, text.size());
      state = scanner.scan(std::string_view{text}.substr(0, size));
    }
    ASSERT_EQ(state, HeadScanner::State::kFound) << step;
    EXPECT_EQ(text.substr(scanner.start(), scanner.size()), get("/", "A: b\r\n"));
  }
}

}  // namespace
}  // namespace oneclaw::http::testing
