#include "store/pg_dialect.h"

#include <gtest/gtest.h>

namespace oneclaw::store {
namespace {

TEST(PgDialectTest, ParametersAreNumberedWithDollars) {
  EXPECT_EQ(to_postgres("SELECT a FROM t WHERE a = ?1 AND b > ?12 LIMIT ?2"),
            "SELECT a FROM t WHERE a = $1 AND b > $12 LIMIT $2");
}

TEST(PgDialectTest, QuotedTextStays) {
  EXPECT_EQ(to_postgres("SELECT '?1', 'it''s ?2', \"x?3\" WHERE a = ?4"),
            "SELECT '?1', 'it''s ?2', \"x?3\" WHERE a = $4");
  EXPECT_EQ(to_postgres("SELECT '?1"), "SELECT '?1");
}

TEST(PgDialectTest, BlobLiterals) {
  EXPECT_EQ(to_postgres("UPDATE t SET a = x'', b = X'0aff'"),
            "UPDATE t SET a = '\\x'::bytea, b = '\\x0aff'::bytea");
  EXPECT_EQ(to_postgres("SELECT max 'y'"), "SELECT max 'y'");
}

TEST(PgDialectTest, ComparisonsThatTakeNull) {
  EXPECT_EQ(to_postgres("WHERE a IS ?1 AND b IS NULL AND c IS NOT NULL"),
            "WHERE a IS NOT DISTINCT FROM $1 AND b IS NULL AND c IS NOT NULL");
}

TEST(PgDialectTest, CommentsGoAndTheMarkLocks) {
  EXPECT_EQ(to_postgres("SELECT a -- ?1 'odd\nFROM t"), "SELECT a \nFROM t");
  EXPECT_EQ(to_postgres("SELECT /* ?1 ' */ a"), "SELECT  a");
  EXPECT_EQ(to_postgres("(SELECT a FROM t /*skip locked*/)"),
            "(SELECT a FROM t FOR UPDATE SKIP LOCKED)");
}

TEST(PgDialectTest, WhatPostgresqlHasInstead) {
  EXPECT_EQ(to_postgres("SELECT instr(a, 'instr(') FROM t"), "SELECT strpos(a, 'instr(') FROM t");
  const std::string_view sql =
      "SELECT /*postgres: CAST(a FROM '[0-9]{1,2}') */ CAST(b AS INTEGER) /*end*/, ?1";
  EXPECT_EQ(to_postgres(sql), "SELECT  CAST(a FROM '[0-9]{1,2}') , $1");
  EXPECT_EQ(schema_to_postgres(sql), "SELECT  CAST(a FROM '[0-9]{1,2}') , $1");
  EXPECT_EQ(to_postgres("SELECT /*postgres: a"), "SELECT ");
}

TEST(PgDialectTest, TypesAreChangedInSchemasAlone) {
  EXPECT_EQ(schema_to_postgres("CREATE TABLE t (a BLOB NOT NULL, b INTEGER, c TEXT UNIQUE)"),
            "CREATE TABLE t (a BYTEA NOT NULL, b BIGINT, c TEXT COLLATE \"C\" UNIQUE)");
  EXPECT_EQ(schema_to_postgres("ALTER TABLE t ADD COLUMN d REAL DEFAULT 0"),
            "ALTER TABLE t ADD COLUMN d DOUBLE PRECISION DEFAULT 0");
  EXPECT_EQ(schema_to_postgres("UPDATE t SET a = CAST(b AS TEXT), c = ?1"),
            "UPDATE t SET a = CAST(b AS TEXT), c = $1");
  EXPECT_EQ(to_postgres("SELECT CAST(a AS INTEGER)"), "SELECT CAST(a AS INTEGER)");
}

TEST(PgDialectTest, TableOptionsGo) {
  EXPECT_EQ(schema_to_postgres("CREATE TABLE t (a TEXT CHECK (a IN ('STRICT', 'x'))) STRICT, "
                               "WITHOUT ROWID;CREATE TABLE u (b INTEGER) STRICT;UPDATE t SET a = "
                               "'a', b = 'b'"),
            "CREATE TABLE t (a TEXT COLLATE \"C\" CHECK (a IN ('STRICT', 'x')))   ;"
            "CREATE TABLE u (b BIGINT) ;UPDATE t SET a = 'a', b = 'b'");
}

}  // namespace
}  // namespace oneclaw::store
