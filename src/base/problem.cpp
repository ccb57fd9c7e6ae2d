#include "base/problem.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

namespace oneclaw {

namespace json = boost::json;

namespace {

struct Phrase {
  int status;
  std::string_view text;
};
constexpr Phrase kPhrases[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

}  // namespace

std::string_view reason_phrase(int status) {
  const auto* const found = std::ranges::find(kPhrases, status, &Phrase::status);
  return found == std::ranges::end(kPhrases) ? "Unknown" : found->text;
}

std::string to_json(const Problem& problem) {
  json::object body;
  body["type"] = problem.approval ? problem.code : "urn:oneclaw:problem:" + problem.code;
  body["title"] = reason_phrase(problem.status);
  body["status"] = problem.status;
  body["detail"] = problem.detail;
  if (!problem.fields.empty()) {
    json::array fields;
    for (const FieldError& error : problem.fields) {
      fields.push_back({{"field", error.field}, {"message", error.message}});
    }
    body["fields"] = std::move(fields);
  }
  if (problem.approval && problem.approval->request_id) {
    const std::string id = problem.approval->request_id->to_string();
    body["approval_id"] = id;
    body["approval_request_id"] = id;  // the name that published clients read
  }
  return json::serialize(body);
}

namespace problems {

namespace {

Problem make(int status, std::string code, std::string detail) {
  Problem problem;
  problem.status = status;
  problem.code = std::move(code);
  problem.detail = std::move(detail);
  return problem;
}

}  // namespace

Problem bad_request(std::string detail) {
  return make(400, "bad-request", std::move(detail));
}

Problem validation(std::vector<FieldError> fields) {
  Problem problem = make(400, "validation", "Some fields of the request aren't valid.");
  problem.fields = std::move(fields);
  if (problem.fields.size() == 1) {
    problem.detail = problem.fields[0].field + " " + problem.fields[0].message + ".";
  }
  return problem;
}

Problem validation(std::string field, std::string message) {
  std::vector<FieldError> fields;
  fields.push_back({std::move(field), std::move(message)});
  return validation(std::move(fields));
}

Problem unauthorized(std::string detail) {
  return make(401, "unauthorized", std::move(detail));
}
Problem forbidden(std::string detail) {
  return make(403, "forbidden", std::move(detail));
}

Problem approval_required(ApprovalNeeded approval) {
  Problem problem = make(403, "approval_required",
                         "A person must approve this first: poll the approval, then try again.");
  problem.approval = std::move(approval);
  return problem;
}

Problem not_found(std::string detail) {
  return make(404, "not-found", std::move(detail));
}
Problem conflict(std::string detail) {
  return make(409, "conflict", std::move(detail));
}
Problem gone(std::string detail) {
  return make(410, "gone", std::move(detail));
}

Problem payload_too_large(std::string detail) {
  return make(413, "payload-too-large", std::move(detail));
}

Problem too_many_requests(std::string detail, int retry_after) {
  Problem problem = make(429, "too-many-requests", std::move(detail));
  problem.retry_after_seconds = retry_after;
  return problem;
}

Problem unavailable(std::string detail, int retry_after) {
  Problem problem = make(503, "unavailable", std::move(detail));
  problem.retry_after_seconds = retry_after;
  return problem;
}

Problem internal(std::string detail) {
  return make(500, "internal", std::move(detail));
}

}  // namespace problems

}  // namespace oneclaw
