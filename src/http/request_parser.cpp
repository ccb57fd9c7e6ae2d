#include "http/request_parser.h"

#include <algorithm>
#include <array>
#include <boost/beast/core/string.hpp>
#include <limits>

#include "base/ascii.h"

namespace oneclaw::http {

Problem header_too_large() {
  Problem problem;
  problem.status = 431;
  problem.code = "header-too-large";
  problem.detail = "The request's header is too large.";
  return problem;
}

namespace {

namespace beast = boost::beast;
using beast::http::field;

std::string_view to_std(beast::string_view text) {
  return {text.data(), text.size()};
}

constexpr std::array kOnce = {field::host, field::content_length, field::transfer_encoding,
                              field::authorization, field::content_type};
constexpr std::uint32_t kHostBit = 1;

/// Whether the first line of `head` has three parts, the last a well-formed version.
bool names_a_version(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  if (line.size() < 9 || std::count(line.begin(), line.end(), ' ') != 2) return false;
  const std::string_view version = line.substr(line.size() - 9);
  const auto digit = [&version](std::size_t i) { return version[i] >= '0' && version[i] <= '9'; };
  return version.starts_with(" HTTP/") && digit(6) && version[7] == '.' && digit(8);
}

Problem unsupported_version() {
  Problem problem;
  problem.status = 505;
  problem.code = "http-version";
  problem.detail = "Only HTTP/1.1 and HTTP/1.0 are spoken here.";
  return problem;
}

Problem to_problem(const beast::error_code& failure, std::string_view head) {
  using beast::http::error;
  if (failure == error::header_limit) return header_too_large();
  if (failure == error::body_limit) {
    return problems::payload_too_large("The request's body is too large.");
  }
  if (failure == error::bad_version && names_a_version(head)) return unsupported_version();
  return problems::bad_request("The request is not well-formed HTTP.");
}

/// The path and query of an origin-form or absolute-form target (RFC 9112 §3.2).
std::string_view strip_authority(std::string_view target) {
  for (const beast::string_view scheme : {"http://", "https://"}) {
    const beast::string_view head{target.data(), std::min(scheme.size(), target.size())};
    if (!beast::iequals(head, scheme)) continue;
    const std::size_t path = target.find_first_of("/?", scheme.size());
    if (path == std::string_view::npos || target[path] == '?') return "/";
    return target.substr(path);
  }
  return target;
}

}  // namespace

HeadScanner::State HeadScanner::scan(std::string_view text) {
  while (seen_ < text.size()) {
    if (seen_ == line_ && line_ != start_ && (text[seen_] == ' ' || text[seen_] == '\t')) {
      return State::kBad;  // a folded line
    }
    if (seen_ == start_ && text[seen_] != '\r' && text[seen_] != '\n' &&
        !is_token_char(text[seen_])) {
      return State::kBad;
    }
    const std::size_t feed = text.find('\n', seen_);
    if (feed == std::string_view::npos) break;
    if (feed == line_ || text[feed - 1] != '\r') return State::kBad;
    const bool empty_line = feed == line_ + 1;
    const bool first = line_ == start_;
    line_ = seen_ = feed + 1;
    if (empty_line && !first) return State::kFound;
    if (empty_line) start_ = line_;
  }
  seen_ = text.size();
  return State::kMore;
}

RequestParser::RequestParser(Request& request, std::size_t most_header_bytes,
                             std::size_t most_body_bytes)
    : request_(request) {
  header_limit(static_cast<std::uint32_t>(
      std::min<std::size_t>(most_header_bytes, std::numeric_limits<std::uint32_t>::max())));
  body_limit(most_body_bytes);
  eager(true);
}

Result<void> RequestParser::parse_head(std::string_view head) {
  error_code error;
  put({head.data(), head.size()}, error);
  if (error) return to_problem(error, head);
  head_done_ = true;
  if (http11_ && (seen_once_ & kHostBit) == 0) {
    return problems::bad_request("A request must have a Host header.");
  }
  return {};
}

Result<std::size_t> RequestParser::parse_body(std::string_view bytes) {
  std::size_t taken = 0;
  while (!is_done() && taken < bytes.size()) {
    error_code error;
    taken += put({bytes.data() + taken, bytes.size() - taken}, error);
    if (error == boost::beast::http::error::need_more) break;
    if (error) return to_problem(error, {});
  }
  return taken;
}

void RequestParser::on_request_impl(beast::http::verb /*method*/, string_view method_name,
                                    string_view target, int version, error_code& error) {
  http11_ = version == 11;
  request_.method_name = to_std(method_name);
  request_.method = http::parse_method(request_.method_name);
  request_.target = strip_authority(to_std(target));
  request_.raw_path = request_.target.substr(0, request_.target.find('?'));
  if (request_.target.find('#') != std::string_view::npos) error = beast::http::error::bad_target;
}

void RequestParser::on_field_impl(field name, string_view name_text, string_view value,
                                  error_code& error) {
  if (head_done_) return;  // a trailer may not speak for the head
  const auto once = std::find(kOnce.begin(), kOnce.end(), name);
  if (once != kOnce.end()) {
    const auto bit = std::uint32_t{1} << (once - kOnce.begin());
    if ((seen_once_ & bit) != 0) error = beast::http::error::bad_field;
    seen_once_ |= bit;
  }
  if (name == field::transfer_encoding && (!http11_ || !beast::iequals(value, "chunked"))) {
    error = beast::http::error::bad_transfer_encoding;
  }
  if (name == field::content_length && value.find(',') != string_view::npos) {
    error = beast::http::error::bad_content_length;
  }
  if (name == field::expect && http11_ && beast::iequals(value, "100-continue")) {
    expects_continue_ = true;
  }
  request_.headers.emplace_back(to_std(name_text), to_std(value));
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length,
                                      error_code& /*error*/) {
  // No more than this on the client's word alone.
  constexpr std::uint64_t kMostReserved = std::uint64_t{64} * 1024;
  if (length) request_.body_.reserve(static_cast<std::size_t>(std::min(*length, kMostReserved)));
}

std::size_t RequestParser::on_body_impl(string_view body, error_code& /*error*/) {
  request_.body_.insert(request_.body_.end(), body.begin(), body.end());
  return body.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t /*left*/, string_view body,
                                              error_code& error) {
  return on_body_impl(body, error);
}

void RequestParser::on_response_impl(int, string_view, int, error_code&) {}
void RequestParser::on_header_impl(error_code&) {}
void RequestParser::on_chunk_header_impl(std::uint64_t, string_view, error_code&) {}
void RequestParser::on_finish_impl(error_code&) {}

}  // namespace oneclaw::http
