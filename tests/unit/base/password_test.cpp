#include "base/password.h"

#include <catch2/catch.hpp>

using namespace tidewire;

TEST_CASE("password: what was stored knows its password and no other", "[base]") {
  const std::string stored = hash_password("correct horse");

  CHECK(stored.rfind("scrypt$15$8$1$", 0) == 0);
  CHECK(stored.find("horse") == std::string::npos);
  CHECK(check_password("correct horse", stored));
  CHECK_FALSE(check_password("correct horsf", stored));
  CHECK_FALSE(check_password("", stored));
}

TEST_CASE("password: the same password is stored differently each time", "[base]") { CHECK(hash_password("x") != hash_password("x")); }

TEST_CASE("password: a known answer of the standard (RFC 7914, 16384, 8, 1)", "[base]") {
  const std::string stored = "scrypt$14$8$1$U29kaXVtQ2hsb3JpZGU=$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofI=";

  CHECK(check_password("pleaseletmein", stored));
  CHECK_FALSE(check_password("pleaseletmeout", stored));
}

TEST_CASE("password: a text that is none of ours matches nothing", "[base]") {
  for (const char* text : {"", "x", "scrypt$15$8$1$$", "scrypt$99$8$1$AAAA$AAAA", "scrypt$15$8$1$AAAA$AAAA", "plain$15$8$1$AAAA$AAAA"}) {
    INFO(text);
    CHECK_FALSE(check_password("", text));
  }
}

TEST_CASE("password: a secret text is long, safe in a URL, and never the same", "[base]") {
  const std::string one = secret_text(32);

  CHECK(one.size() == 43);
  CHECK(one.find_first_of("+/=") == std::string::npos);
  CHECK(one != secret_text(32));
}
