local tap = require "tap"
local hash = require "tidewire.hash"

local test, equal = tap.test, tap.equal

test("hash: known digests", function()
  equal(hash.sha256 "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  equal(hash.md5 "abc", "900150983cd24fb0d6963f7d28e17f72")
  equal(hash.md5 "", "d41d8cd98f00b204e9800998ecf8427e")
  local key, text = "key", "The quick brown fox jumps over the lazy dog"
  equal(hash.hmac_sha256(key, text), "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8")
  equal(hash.hmac_sha256(key, text, "base64"), "97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg=")
  equal(#hash.hmac_sha256(key, text, "raw"), 32)
  tap.raises(function() hash.hmac_sha256(key, text, "hexx") end, "invalid option")
end)

test("hash: base64 there and back", function()
  equal(hash.base64 "a\0b", "YQBi")
  equal(hash.from_base64 "YQBi", "a\0b")
  tap.fails("invalid", hash.from_base64 "a!b")
end)

test("hash: equal compares whole texts", function()
  equal(hash.equal("abc", "abc"), true)
  equal(hash.equal("abc", "abd"), false)
  equal(hash.equal("abc", "ab"), false)
end)

test("hash: a pure script makes no ids", function()
  equal(hash.id, nil)
end)
