#include "store/json_list.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <optional>

#include "store/connection.h"

namespace oneclaw::store {

namespace json = boost::json;

namespace {

[[noreturn]] void malformed() {
  throw Error(Error::Kind::kOther, "a stored list is malformed");
}

}  // namespace

std::string to_json_list(const std::vector<std::string>& list) {
  return json::serialize(json::array(list.begin(), list.end()));
}

std::string to_json_list(const std::vector<Uuid>& list) {
  std::vector<std::string> texts;
  texts.reserve(list.size());
  for (const Uuid& id : list) texts.push_back(id.to_string());
  return to_json_list(texts);
}

std::vector<std::string> parse_string_list(std::string_view text) {
  boost::system::error_code failed;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), failed);
  if (failed || !value.is_array()) malformed();
  std::vector<std::string> list;
  list.reserve(value.get_array().size());
  for (const json::value& item : value.get_array()) {
    if (!item.is_string()) malformed();
    list.emplace_back(item.get_string().data(), item.get_string().size());
  }
  return list;
}

std::vector<Uuid> parse_uuid_list(std::string_view text) {
  std::vector<Uuid> list;
  for (const std::string& item : parse_string_list(text)) {
    const std::optional<Uuid> id = Uuid::parse(item);
    if (!id) malformed();
    list.push_back(*id);
  }
  return list;
}

}  // namespace oneclaw::store
