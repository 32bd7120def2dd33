local tap = require "tap"
local decimal = require "tidewire.decimal"
local json = require "tidewire.json"
local outcome = require "tidewire.mapping.outcome"
local t = require "tidewire.transform"
local text = require "tidewire.text"

local test, equal, ok, raises = tap.test, tap.equal, tap.ok, tap.raises
local null = json.null

-- The pair as a row with these described types gets it.
local function fitted(pair, left, right, paths)
  local said = {}
  local context = { left_type = left, right_type = right, left_paths = paths and paths[1] or { "a" },
    right_paths = paths and paths[2] or { "b" },
    problem = function(message) said[#said + 1] = message end, warn = function(message) said[#said + 1] = message end }
  return pair.bind and pair.bind(context) or pair, said
end

local function dead(value, pattern)
  local kind, why = outcome.of(value)
  equal(kind, "dead")
  tap.ok(why:find(pattern), why)
end

test("what a conversion could not take is shown without half a letter", function()
  local csv = fitted(t.csv, { kind = "list" }, { kind = "text" })
  for length = 60, 84 do
    local long = ("x"):rep(length) .. "日本語"
    for _, out in ipairs { t.email.to_right(json.array { long }), t.phone("GB").to_right { a = long }, csv.to_left('"' .. long) } do
      local kind, why = outcome.of(out)
      ok(kind == "dead" and text.valid(why), why)
    end
  end
end)

test("t.phone writes numbers in one form, both ways", function()
  local p = t.phone "GB"
  equal(p.to_right "07700 900123", "+447700900123")
  equal(p.to_right "+44 (0)7700 900-123", "+447700900123")
  equal(p.to_right "0049 30 901820", "+4930901820")
  equal(p.to_right "44 7700 900123", "+447700900123")
  equal(p.to_left "+447700900123", "+447700900123")
  equal(p.to_right(nil), nil)
  equal(p.to_right "", nil)
  dead(p.to_right "call Ada", "no phone number of GB")
  -- A plus says that the digits are meant so, however few.
  for _, short in ipairs { "+1", "+44", "+44 12" } do equal(p.to_right(short), (short:gsub(" ", ""))) end
  for _, none in ipairs { "1", "0", "+", "+0", "+0 12", "+1a", "+1234567890123456" } do dead(p.to_right(none), "no phone number of GB") end
end)

test("t.phone knows how countries dial", function()
  equal(t.phone("US").to_right "(212) 555-0123", "+12125550123")
  equal(t.phone("US").to_right "1 212 555 0123", "+12125550123")
  equal(t.phone("US").to_right "011 49 30 901820", "+4930901820")
  equal(t.phone("IT").to_right "06 6982 1234", "+390669821234")
  equal(t.phone("HU").to_right "06 1 234 5678", "+3612345678")
  equal(t.phone("DE").to_right "030/901820", "+4930901820")
  equal(t.phone("RU").to_right "7 916 123-45-67", "+79161234567")
  equal(t.phone("IT").to_right "390 123 4567", "+393901234567")
  equal(t.phone("RU").to_right "8 495 123-45-67", "+74951234567")
  raises(function() t.phone "XX" end, "takes a country")
end)

test("t.phone tells a country's code from a number that begins like it", function()
  local function is(country, written, number) equal(t.phone(country).to_right(written), number, country .. " " .. written) end
  is("BR", "55991234567", "+5555991234567")                 -- area 55
  is("BR", "(55) 99123-4567", "+5555991234567")
  is("BR", "5511987654321", "+5511987654321")
  is("BR", "0055 55 99123 4567", "+5555991234567")
  is("DK", "45 12 34 56 78", "+4512345678")                 -- ten digits, of which numbers there have eight
  is("DK", "4512 3456", "+4545123456")
  is("SG", "65 6123 4567", "+6561234567")
  is("AD", "376 312 345", "+376312345")
  is("IT", "39 333 1234567", "+393331234567")
  is("IT", "39 06 1234567", "+39061234567")
  is("HU", "36 123 456", "+3636123456")
  is("LT", "37 012 345", "+37037012345")
  is("US", "12125550123", "+12125550123")
  is("IN", "91987 65432", "+919198765432")
  is("IN", "91 98765 43210", "+919876543210")
  is("DE", "4915112345678", "+4915112345678")
  dead(t.phone("DE").to_right "49 30 901820", "may be %+4930901820 or %+494930901820")
  dead(t.phone("US").to_right "1 1 212 555 0123", "no phone number of US")
  dead(t.phone("US").to_right "555-0123", "no phone number of US")        -- without its area
  dead(t.phone("BR").to_right "99123-4567", "no phone number of BR")
end)

test("t.phone takes off what is dialled before a number, and keeps a zero that belongs to it", function()
  local function is(country, written, number) equal(t.phone(country).to_right(written), number, country .. " " .. written) end
  is("BY", "8 029 1234567", "+375291234567")
  is("BY", "029 1234567", "+375291234567")
  is("BY", "29 1234567", "+375291234567")
  is("LT", "8 612 34567", "+37061234567")
  is("LT", "0 612 34567", "+37061234567")
  is("LT", "8 800 12345", "+37080012345")
  is("LT", "800 12345", "+37080012345")
  is("RU", "800 555-35-35", "+78005553535")
  is("UA", "8 044 123 4567", "+380441234567")
  is("MX", "01 55 1234 5678", "+525512345678")
  is("MX", "+52 1 55 1234 5678", "+525512345678")
  is("GB", "+44 07700 900123", "+447700900123")
  is("IT", "+39 (0)6 1234567", "+39061234567")
  is("DE", "+39 (0)6 1234567", "+39061234567")
  is("CI", "07 07 12 34 56", "+2250707123456")
  is("AU", "0011 49 30 901820", "+4930901820")
  is("BY", "810 49 30 901820", "+4930901820")
  is("KE", "000 44 7700 900123", "+447700900123")
  is("US", "0049 30 901820", "+4930901820")
  is("SG", "001 44 7700 900123", "+447700900123")
  dead(t.phone("SG").to_right "001 49 30 901820", "may be %+4930901820 or %+14930901820")
  is("SG", "00 1 212 555 0100", "+12125550100")
  is("GB", "+500 (0)21234", "+50021234")                    -- of a country that is not in the table
end)

test("t.phone: every country's numbers are the same in each spelling", function()
  local phone = require "tidewire.phone"
  for _, country in ipairs(phone.countries()) do
    local p, code = t.phone(country), phone.country(country)
    for _, digits in ipairs { "2", "3", code .. "4" } do
      for length = 5, 12 do
        local number = digits .. ("5678912345678"):sub(1, length - #digits)
        local written = p.to_right(number)
        if type(written) == "string" then
          ok(written == "+" .. code .. number or written == "+" .. number, country .. " " .. number .. " " .. written)
          equal(p.to_right(written), written)
          equal(p.to_right("00" .. written:sub(2)), written, country .. " by 00")
        end
      end
    end
  end
end)

test("t.date takes the day, and gives a datetime its midnight", function()
  local p = fitted(t.date, { kind = "date" }, { kind = "date" })
  equal(p.to_right "2024-05-01", "2024-05-01")
  equal(p.to_right "2024-05-01 10:11:12", "2024-05-01")
  equal(p.to_right(nil), nil)
  dead(p.to_right "yesterday", "no date")
  p = fitted(t.date, { kind = "date" }, { kind = "datetime", form = "instant" })
  equal(p.to_right "2024-05-01", "2024-05-01T00:00:00Z")
  equal(p.to_left "2024-05-01T00:00:00Z", "2024-05-01")
  p = fitted(t.date, { kind = "datetime", form = "local" }, { kind = "date" })
  equal(p.to_left "2024-05-01", "2024-05-01 00:00:00")
end)

test("t.date takes the day in UTC of a time with an offset, whichever way it is spelled", function()
  local p = fitted(t.date, { kind = "datetime", form = "instant" }, { kind = "date" })
  equal(p.to_right "2024-12-31T23:30:00-05:00", "2025-01-01")
  equal(p.to_right "2024-05-01T00:30:00+02:00", "2024-04-30")
  equal(p.to_right "2024-05-01T23:30:00Z", "2024-05-01")
  dead(p.to_right "0001-01-01T00:30:00+02:00", "beyond the years")
end)

test("t.date of a zone takes the day that its clocks show, and gives an instant its midnight", function()
  local p = fitted(t.date "Europe/Berlin", { kind = "datetime", form = "instant" }, { kind = "date" })
  equal(p.to_right "2024-04-30T22:30:00Z", "2024-05-01")
  equal(p.to_right "2024-05-01T00:30:00+02:00", "2024-05-01")
  equal(p.to_left "2024-05-01", "2024-04-30T22:00:00Z")
  equal(p.to_left(nil), nil)
  p = fitted(t.date "Europe/Berlin", { kind = "datetime", form = "local", zone = "Asia/Kolkata" }, { kind = "date" })
  equal(p.to_right "2024-05-01 00:30:00", "2024-05-01")
  equal(p.to_left "2024-05-01", "2024-05-01 00:00:00")
  dead(p.to_right "yesterday", "no date")
  raises(function() t.date "Mars" end, "t.date takes a time zone")
end)

test("t.datetime turns local time into instants by its zone or the described one", function()
  local p = fitted(t.datetime "Europe/Berlin")
  equal(p.to_right "2024-05-01 12:11:12", "2024-05-01T10:11:12Z")
  equal(p.to_left "2024-05-01T10:11:12Z", "2024-05-01 12:11:12")
  equal(p.to_left "2024-05-01T12:11:12+02:00", "2024-05-01 12:11:12")
  p = fitted(t.datetime, { kind = "datetime", form = "local", zone = "Asia/Kolkata" }, { kind = "datetime", form = "instant" })
  equal(p.to_right "2024-05-01 12:00:00", "2024-05-01T06:30:00Z")
  p = fitted(t.datetime "Europe/Berlin", { kind = "date" }, { kind = "datetime", form = "instant" })
  equal(p.to_right "2024-05-01", "2024-04-30T22:00:00Z")
  equal(p.to_left "2024-04-30T22:00:00Z", "2024-05-01")
  p = fitted(t.datetime "Europe/Berlin", { kind = "datetime", form = "instant" }, { kind = "datetime", form = "local" })
  equal(p.to_right "2024-05-01T10:11:12Z", "2024-05-01 12:11:12")
  local _, said = fitted(t.datetime)
  tap.ok(said[1]:find "needs a time zone", said[1])
  raises(function() t.datetime "Europe/Berln" end, "takes a time zone")
  dead(fitted(t.datetime "Europe/Berlin").to_right "soon", "no date or time")
end)

test("t.enum maps words, refuses others, and wants to know the way back", function()
  local p = t.enum { Active = "active", Left = "left" }
  equal(p.to_right "Active", "active")
  equal(p.to_left "left", "Left")
  equal(p.to_right "", nil)
  dead(p.to_right "Actve", "did you mean 'Active'")
  raises(function() t.enum { A = "x", B = "x" } end, "which comes back")
  local many = t.enum({ A = "x", B = "x" }, { back = { x = "A" } })
  equal(many.to_left "x", "A")
  equal(many.lossy, true)
  local numbers = t.enum { [0] = "draft", [1] = "posted" }
  equal(numbers.to_right(0), "draft")
  equal(numbers.to_left "posted", 1)
end)

test("t.enum has its words as the described fields have them", function()
  local p = fitted(t.enum { ["0"] = "off", ["1"] = "on" }, { kind = "int" }, { kind = "text" })
  equal(p.to_right(1), "on")
  equal(p.to_right(decimal.dec "0"), "off")
  equal(p.to_left "on", 1)
  p = fitted(t.enum { ["1"] = "on", ["1.5"] = "half" }, { kind = "decimal" })
  equal(p.to_right(decimal.dec "1.00"), "on")
  p = fitted(t.enum { [1] = "on" }, { kind = "enum", options = { "1" } })
  equal(p.to_right "1", "on")
  equal(p.to_left "on", "1")
  p = fitted(t.enum { on = "1" }, { kind = "text" }, { kind = "int" })
  equal(p.to_right "on", 1)
  equal(p.to_left(1), "on")
  p = fitted(t.enum({ A = "1", B = "1" }, { back = { ["1"] = "B" } }), { kind = "text" }, { kind = "int" })
  equal(p.to_left(1), "B")
  p = fitted(t.enum { yes = "1", no = "0" }, { kind = "text" }, { kind = "bool" })
  equal(p.to_left(true), "yes")
  dead(fitted(t.enum { ["1"] = "on" }).to_right(1), "'1' is not in t.enum, which has 1 %(it is a number and the table has a text%)")
  dead(fitted(t.enum { [1] = "on" }).to_right "1", "it is a text and the table has a number")
  local _, said = fitted(t.enum { ["1"] = "on", [1] = "off" }, { kind = "int" })
  ok(said[1]:find "t.enum says '1' twice", said[1])
  equal(t.enum({ A = "x" }, { back = { y = "A" } }).lossy, true)
end)

test("t.enum is compared with described options", function()
  local _, said = fitted(t.enum { Actve = "active" }, { kind = "enum", options = { "Active", "" } })
  tap.ok(said[1]:find("names 'Actve', which is no option of the left field (did you mean 'Active'?)", 1, true), said[1])
  tap.ok(said[2]:find("does not name 'Active'", 1, true), said[2])
end)

test("t.decimal rounds exactly", function()
  local p = t.decimal(2)
  equal(p.to_right(decimal.dec "1.005"):text(), "1.01")
  equal(p.to_right(7):text(), "7.00")
  equal(p.to_left "19.999":text(), "20.00")
  dead(p.to_right "many", "no number")
  equal(p.to_right(nil), nil)
end)

test("t.bool speaks words on the side that has them", function()
  local p = fitted(t.bool("Yes", "No"), { kind = "bool" }, { kind = "text" })
  equal(p.to_right(true), "Yes")
  equal(p.to_right(0), "No")
  equal(p.to_left "Yes", true)
  equal(p.to_left "No", false)
  dead(p.to_left "maybe", "neither")
  p = fitted(t.bool("Yes", "No"), { kind = "enum" }, { kind = "bool" })
  equal(p.to_right "No", false)
  equal(p.to_left(false), "No")
end)

test("t.invert turns a boolean of every form round, and is for nothing else", function()
  for _, one in ipairs { { true, false }, { 1, false }, { "1", false }, { "true", false }, { "Yes", false }, { false, true }, { 0, true }, { "0", true }, { "f", true } } do
    equal(t.invert.to_right(one[1]), one[2])
    equal(t.invert.to_left(one[1]), one[2])
  end
  equal(t.invert.to_right(nil), nil)
  dead(t.invert.to_right "maybe", "neither true nor false")
  local _, said = fitted(t.invert, { kind = "bool" }, { kind = "enum" })
  tap.ok(said[1]:find("the right field is enum: t.bool says its words", 1, true), said[1])
  raises(function() t.bool(false, true) end, "t.invert")
end)

test("t.enum knows booleans in whichever form the system has them", function()
  local p = t.enum { [true] = "off", [false] = "on" }
  equal(p.to_right(0), "on")
  equal(p.to_right(1), "off")
  equal(p.to_right(false), "on")
  p = t.enum { [0] = true, [1] = false }
  equal(p.to_right(false), true)
  equal(p.to_left(1), 0)
end)

test("t.trim, t.lower and t.upper leave what is no text alone", function()
  equal(t.trim.to_right "  a b ", "a b")
  equal(t.lower.to_right "Ada@X.ORG", "ada@x.org")
  equal(t.upper.to_left "de", "DE")
  equal(t.lower.to_right(5), 5)
  equal(t.lower.to_right "MÜLLER, ΟΔΟΣ, ΛΌΓΟς, ЁЖ Straße 日", "müller, οδοσ, λόγος, ёж straße 日")
  equal(t.upper.to_right "müller, λόγος, ёж ÿ ı ß 日", "MÜLLER, ΛΌΓΟΣ, ЁЖ Ÿ ı ß 日")
  equal(t.trim.to_right(nil), nil)
  equal(t.lower.to_right "ẞ Ế Ơ Ư Ș Ț Ə Ǎ Ἀ", "ß ế ơ ư ș ț ə ǎ ἀ")
  equal(t.upper.to_right "ß ế ơ ư ș ț ə ǎ ἀ ⱥ", "ß Ế Ơ Ư Ș Ț Ə Ǎ Ἀ Ⱥ")
end)

test("t.names joins and splits", function()
  local p = fitted(t.names, nil, nil, { { "first", "last" }, { "name" } })
  equal(p.to_right { first = "Ada", last = "Lovelace" }, "Ada Lovelace")
  equal(p.to_right { last = "Lovelace" }, "Lovelace")
  equal(p.to_right {}, null)
  equal(p.to_left "Ada King Lovelace", { first = "Ada King", last = "Lovelace" })
  equal(p.to_left "Ada", { first = "Ada", last = null })
  p = fitted(t.names, nil, nil, { { "first", "middle", "last" }, { "name" } })
  equal(p.to_left "Ada King Noel Lovelace", { first = "Ada", middle = "King Noel", last = "Lovelace" })
  local _, said = fitted(t.names)
  tap.ok(said[1]:find "joins several fields", said[1])
end)

test("t.list converts each element and stops at an outcome", function()
  local p = t.list(t.upper)
  equal(p.to_right { "a", "b" }, { "A", "B" })
  equal(json.encode(p.to_right(json.array {})), "[]")
  equal(p.to_right(nil), nil)
  equal(p.to_right { "a", null, "b" }, { "A", null, "B" })
  equal(t.list(t.default "n/a").to_right { "a", null }, { "a", "n/a" })
  equal(t.list(t.default "n/a").to_left { "a", "n/a", "b" }, { "a", null, "b" })
  equal(t.list(t.email).to_right { "", "a@X.y" }, { null, "a@x.y" })
  equal(fitted(t.list(t.enum { ["1"] = "on" }), { kind = "list", of = { kind = "int" } }).to_right { 1 }, { "on" })
  equal(fitted(t.list(t.datetime "Europe/Berlin")).lossy, true)
  dead(t.list(t.phone "GB").to_right { "07700 900123", "x" }, "no phone number")
  dead(p.to_right "a", "no list")
  equal({ t.list(t.ref "departments").reference, t.list(t.ref "departments").list }, { "departments", true })
  raises(function() t.list(t.ref_by { A = "departments" }) end, "one value for each element")
  raises(function() t.list "x" end, "takes a conversion")
end)

test("t.json reads and writes JSON in a text", function()
  local p = fitted(t.json)
  equal(p.to_right '{"a":[1,2]}', { a = { 1, 2 } })
  equal(p.to_left { a = 1 }, '{"a":1}')
  equal(p.to_right "", nil)
  dead(p.to_right "{", "no JSON")
  p = fitted(t.json, { kind = "json" }, { kind = "text" })
  equal(p.to_right { 1 }, "[1]")
end)

test("t.ref names a mapping", function()
  equal(t.ref("departments").reference, "departments")
  equal(t.ref("departments", { optional = true }).optional, true)
  raises(function() t.ref("departments", { optionl = true }) end, "did you mean 'optional'")
end)

test("t.matches passes what fits, and nothing", function()
  local f = t.matches "^%+"
  equal(f "+49", true)
  equal(f "49", false)
  equal(f(nil), true)
  raises(function() t.matches "[" end, "takes a Lua pattern")
end)

test("misuse and unknown names are refused in words", function()
  raises(function() t.find({}) end, "t.find takes a collection")
  raises(function() t.ref_by {} end, "t.ref_by takes a table")
  raises(function() return t.dat end, "did you mean 'date'")
  raises(function() t.trim "x" end, "without brackets")
end)
