#include "store/pg_statement.h"

#include <boost/endian/conversion.hpp>

namespace oneclaw::store {

namespace endian = boost::endian;

namespace {

constexpr Oid kBool = 16;
constexpr Oid kBytea = 17;
constexpr Oid kInt8 = 20;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kText = 25;
constexpr Oid kNumeric = 1700;

template <class T>
T big_endian(const char* bytes) {
  return endian::endian_load<T, sizeof(T), endian::order::big>(
      reinterpret_cast<const unsigned char*>(bytes));
}

/// Sums of BIGINT are NUMERIC: digits in base 10,000.
std::int64_t whole_numeric(const char* bytes) {
  const int digits = big_endian<std::int16_t>(bytes);
  const int weight = big_endian<std::int16_t>(bytes + 2);
  const int sign = big_endian<std::int16_t>(bytes + 4);
  if (weight > 4) throw Error(Error::Kind::kOther, "a number is too large");
  std::int64_t value = 0;
  const char* digit = bytes + 8;
  for (int i = 0; i <= weight; ++i, digit += 2) {
    value = value * 10'000 + (i < digits ? std::int64_t{big_endian<std::int16_t>(digit)} : 0);
  }
  return sign == 0x4000 ? -value : value;
}

}  // namespace

void PgStatement::lend() {
  if (on_loan_) throw Error(Error::Kind::kOther, "a statement is in use already");
  on_loan_ = true;
}

void PgStatement::bind_null(int index) {
  at(index) = {};
}

void PgStatement::bind_int(int index, std::int64_t value) {
  Param& param = at(index);
  param = {kInt8, false, std::string(sizeof value, '\0')};
  endian::store_big_s64(reinterpret_cast<unsigned char*>(param.value.data()), value);
}

void PgStatement::bind_text(int index, std::string_view value) {
  at(index) = {kText, false, std::string(value)};
}

void PgStatement::bind_blob(int index, ByteView value) {
  at(index) = {kBytea, false, std::string(as_text(value))};
}

bool PgStatement::step() {
  if (!result_) {
    connection_.start(*this);
    result_ = connection_.finish();
    if (!result_) throw Error(Error::Kind::kOther, "a statement gave no result");
  }
  return ++row_ < PQntuples(result_.get());
}

void PgStatement::run() {
  connection_.start(*this);
}

bool PgStatement::is_null(int column) {
  return PQgetisnull(result_.get(), row_, column) != 0;
}

std::int64_t PgStatement::integer(int column) {
  if (is_null(column)) return 0;
  const char* bytes = PQgetvalue(result_.get(), row_, column);
  switch (PQftype(result_.get(), column)) {
    case kInt8:
      return big_endian<std::int64_t>(bytes);
    case kInt4:
      return big_endian<std::int32_t>(bytes);
    case kInt2:
      return big_endian<std::int16_t>(bytes);
    case kBool:
      return *bytes != 0 ? 1 : 0;
    case kNumeric:
      return whole_numeric(bytes);
    default:
      throw Error(Error::Kind::kOther, "a column isn't a number");
  }
}

std::string_view PgStatement::text(int column) {
  return {PQgetvalue(result_.get(), row_, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
}

ByteView PgStatement::blob(int column) {
  return as_bytes(text(column));
}

void PgStatement::reset() {
  result_.reset();
  row_ = -1;
  params_.clear();
  on_loan_ = false;
}

PgStatement::Param& PgStatement::at(int index) {
  const auto place = static_cast<std::size_t>(index) - 1;
  if (index < 1) throw Error(Error::Kind::kOther, "a parameter's index is out of range");
  if (params_.size() <= place) params_.resize(place + 1);
  return params_[place];
}

bool PgStatement::mentions(std::size_t parameter) const {
  const std::string name = "$" + std::to_string(parameter);
  for (std::size_t at = sql_.find(name); at != std::string::npos; at = sql_.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if (end == sql_.size() || sql_[end] < '0' || sql_[end] > '9') return true;
  }
  return false;
}

std::vector<Oid> PgStatement::types() const {
  std::vector<Oid> types;
  for (std::size_t i = 0; i < params_.size(); ++i) {
    // PostgreSQL wants a type for each number up to the last, even when the SQL leaves it out.
    types.push_back(mentions(i + 1) ? params_[i].type : kText);
  }
  return types;
}

}  // namespace oneclaw::store
