local tap = require "tap"
local json = require "tidewire.json"
local decimal = require "tidewire.decimal"

local test, equal = tap.test, tap.equal

test("json: what was read is written back the same", function()
  for _, text in ipairs {
    "null", "true", "0", "-1", "9007199254740992", "9223372036854775807", "18446744073709551616", "12.50", "0.1",
    '""', '"\\u0000"', '"äöü€😀"', "[]", "{}", "[[],{}]", '{"a":null,"b":[1,null]}', '{"a":{"b":{"c":[1,2,3]}}}',
  } do
    equal(json.encode(json.decode(text)), text)
  end
end)

test("json: keys are sorted and blanks are left out", function()
  equal(json.encode(json.decode ' { "b" : 1 , "a" : [ 1 , 2 ] } '), '{"a":[1,2],"b":1}')
  equal(json.encode({ b = 1, a = {} }, { pretty = true }), '{\n  "a": {},\n  "b": 1\n}')
end)

test("json: numbers are Lua numbers where they fit, else exact", function()
  equal(type(json.decode "5"), "number")
  equal(json.decode "5.0", 5)
  equal(json.decode "-0", 0)
  equal(json.decode "1e3", 1000)
  equal(json.decode "999999999999999", 999999999999999)
  equal(json.decode "9007199254740993" == decimal.dec "9007199254740993", true)
  equal(tostring(json.decode "0.10"), "0.10")
  equal(json.encode { 0.1, 1e100, 2 ^ 53 }, "[0.1,1e+100,9007199254740992]")
end)

test("json: null, lists and objects keep what they are", function()
  local value = json.decode '{"n":null,"e":[],"o":{}}'
  equal(value.n, json.null)
  equal(tostring(json.null), "null")
  equal(json.is_array(value.e), true)
  equal(json.is_array(value.o), false)
  equal(json.encode {}, "{}")
  equal(json.encode(json.array {}), "[]")
  equal(json.encode(json.array()), "[]")
  equal(json.encode(json.object()), "{}")
  equal(json.encode(json.object { [0] = "draft", [1] = "posted" }), '{"0":"draft","1":"posted"}')
  equal(json.encode(json.array { 1, nil, 3 }), "[1,null,3]")
end)

test("json: the last of two equal keys wins", function()
  equal(json.decode('{"a":1,"a":2}').a, 2)
end)

test("json: what is no JSON is told with its place", function()
  for _, text in ipairs { "", " ", "{", "[1,]", "[1 2]", "nul", "01", "1.", "+1", ".5", "NaN", "Infinity", "'a'", '{"a"}', '{"a":1,}',
                          '"\n"', '"\\x"', '"\\u12"', '"\\ud800"', '"\\udc00"', '"\\ud800\\u0041"', "1 2", '"\255"', "[1]\0[2]", "\0", "// x\n1" } do
    local err = tap.fails("invalid", json.decode(text))
    tap.ok(err.message:find "^not JSON: .+ %(byte %d+%)$", err.message)
  end
end)

test("json: nesting is limited", function()
  tap.ok(json.decode(("["):rep(128) .. ("]"):rep(128)))
  tap.fails("invalid", json.decode(("["):rep(129) .. ("]"):rep(129)))
  tap.fails("invalid", json.decode(("["):rep(1e6)))
  tap.fails("invalid", json.decode(('{"a":'):rep(1e6)))
end)

test("json: what is no data raises, naming the place", function()
  tap.raises(function() json.encode { a = { print = function() end } } end, "json.encode: a.print: a function is no data")
  tap.raises(function() json.encode { 0 / 0 } end, "not a number")
  tap.raises(function() json.encode { "\255" } end, "UTF%-8")
  tap.raises(function() json.encode({}, { prety = true }) end, "unknown option 'prety' %(did you mean 'pretty'%?%)")
  tap.raises(function() json.encode() end, "bad argument")
  tap.raises(function() json.decode {} end, "bad argument")
end)
