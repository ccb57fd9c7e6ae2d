// From bytes to a Request: Beast's parser, with the stricter rules of RFC 9112 on top.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace oneclaw::http {

/// 431.
Problem header_too_large();

/// Finds the end of a request's head in a buffer that fills up bit by bit.
class HeadScanner {
 public:
  enum class State : std::uint8_t { kMore, kFound, kBad };

  /// `text` starts at the same byte in every call, and only grows. kBad at the first sign that
  /// this can't become a head: a bare line feed, a folded line, a first byte no method has.
  State scan(std::string_view text);
  /// Where the head starts (after empty lines, RFC 9112 §2.2) and its size with the last CRLF.
  [[nodiscard]] std::size_t start() const { return start_; }
  [[nodiscard]] std::size_t size() const { return line_ - start_; }

 private:
  std::size_t start_ = 0;
  std::size_t line_ = 0;  ///< start of the line being read
  std::size_t seen_ = 0;
};

/// Parses one request. Head views point into the text given to parse_head().
class RequestParser : private boost::beast::http::basic_parser<true> {
 public:
  RequestParser(Request& request, std::size_t most_header_bytes, std::size_t most_body_bytes);

  /// `head` is a whole head, as HeadScanner found it. 400, 413, 431 or 505.
  Result<void> parse_head(std::string_view head);
  /// Takes body bytes, and says how many; the rest is to be given again, with more after it.
  /// Takes nothing once done(). 400, 413 or 431.
  Result<std::size_t> parse_body(std::string_view bytes);

  [[nodiscard]] bool done() const { return is_done(); }
  [[nodiscard]] bool keep_alive() const { return http11_ && basic_parser::keep_alive(); }
  /// The client waits for `100 Continue` before it sends the body.
  [[nodiscard]] bool expects_continue() const { return expects_continue_ && !is_done(); }

 private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;
  using field = boost::beast::http::field;

  void on_request_impl(boost::beast::http::verb method, string_view method_name, string_view target,
                       int version, error_code& error) override;
  void on_response_impl(int code, string_view reason, int version, error_code& error) override;
  void on_field_impl(field name, string_view name_text, string_view value,
                     error_code& error) override;
  void on_header_impl(error_code& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code& error) override;
  std::size_t on_body_impl(string_view body, error_code& error) override;
  void on_chunk_header_impl(std::uint64_t size, string_view extensions, error_code& error) override;
  std::size_t on_chunk_body_impl(std::uint64_t left, string_view body, error_code& error) override;
  void on_finish_impl(error_code& error) override;

  Request& request_;
  std::uint32_t seen_once_ = 0;  ///< bits of the fields that may not come twice
  bool http11_ = false;
  bool head_done_ = false;
  bool expects_continue_ = false;
};

}  // namespace oneclaw::http
