#include "base/hash.h"

#include <catch2/catch.hpp>

using namespace tidewire;

TEST_CASE("hash: SHA-256 of known texts", "[base]") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abc").size() == 32);
}

TEST_CASE("hash: HMAC-SHA256 signs again and again with one key", "[base]") {
  Hmac hmac("Jefe");
  const std::string expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

  CHECK(hex(hmac.sign("what do ya want for nothing?")) == expected);
  CHECK(hex(hmac.sign("")) != expected);
  CHECK(hex(hmac.sign("what do ya want for nothing?")) == expected);
  CHECK(hex(Hmac("").sign("")) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("hash: comparing in constant time is still comparing", "[base]") {
  CHECK(constant_time_equal("abc", "abc"));
  CHECK(constant_time_equal("", ""));
  CHECK_FALSE(constant_time_equal("abc", "abd"));
  CHECK_FALSE(constant_time_equal("abc", "abcd"));
}

TEST_CASE("hash: hex goes both ways and refuses the rest", "[base]") {
  CHECK(hex(std::string_view("\x00\xff\x10", 3)) == "00ff10");
  CHECK(from_hex("00FF10") == std::string("\x00\xff\x10", 3));
  CHECK_FALSE(from_hex("0"));
  CHECK_FALSE(from_hex("0g"));
}

TEST_CASE("hash: base64 goes both ways, in either alphabet, padded or not", "[base]") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("\xfb\xff") == "+/8=");
  CHECK(from_base64("-_8") == "\xfb\xff");
  CHECK(from_base64("Zg") == "f");
  CHECK(from_base64("Zm9vYg==") == "foob");
}

TEST_CASE("hash: base64 with garbage, wrong padding or stray bits is refused", "[base]") {
  for (const char* text : {"Z", "Zg=", "Zg===", "Zh==", "Zm9v!", "Z g=", "=", "Zm9v="}) {
    INFO(text);
    CHECK_FALSE(from_base64(text));
  }
}
