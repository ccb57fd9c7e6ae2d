#include "api/reply.h"

#include <boost/json/parse.hpp>

#include "api/wiping_json.h"

namespace oneclaw::api {

namespace json = boost::json;

http::Response json_reply(int status, const json::value& body) {
  http::Response response;
  response.status = status;
  response.body = to_secure_json(body);
  return response;
}

http::Response secret_reply(int status, const json::value& body) {
  http::Response response = json_reply(status, body);
  response.no_store = true;
  return response;
}

http::Response empty_reply() {
  http::Response response;
  response.status = 204;
  return response;
}

json::array to_json_array(const std::vector<std::string>& texts) {
  return list_of(texts, [](std::string_view text) { return text; });
}

json::array to_json_array(const std::vector<Uuid>& ids) {
  return list_of(ids, [](const Uuid& id) { return id.to_string(); });
}

void set_time(json::object& object, std::string_view name, const std::optional<TimePoint>& time) {
  if (time) object[name] = to_rfc3339(*time);
}

void set_json(json::object& object, std::string_view name, std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  object[name] = error ? json::value(nullptr) : std::move(value);
}

}  // namespace oneclaw::api
