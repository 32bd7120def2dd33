--- Capital and small letters of Latin, Greek and Cyrillic, each for one.

local text = require "tidewire.text"

local M = {}

-- Small letters that follow their capital one by one, from the first capital to the last; and pairs that lie anywhere.
local following = { 0x01A0, 0x01A4, 0x01CD, 0x01DB, 0x01DE, 0x01EE, 0x01F8, 0x021E, 0x0222, 0x0232, 0x0246, 0x024E, 0x03D8, 0x03EE, 0x1E00, 0x1E94,
  0x1EA0, 0x1EFE }
local others = "Ɓɓ Ƃƃ Ƅƅ Ɔɔ Ƈƈ Ɖɖ Ɗɗ Ƌƌ Ǝǝ Əə Ɛɛ Ƒƒ Ɠɠ Ɣɣ Ɩɩ Ɨɨ Ƙƙ Ɯɯ Ɲɲ Ɵɵ Ʀʀ Ƨƨ Ʃʃ Ƭƭ Ʈʈ Ưư Ʊʊ Ʋʋ Ƴƴ Ƶƶ Ʒʒ Ƹƹ Ƽƽ Ǆǆ Ǉǉ Ǌǌ Ǳǳ "
  .. "Ǵǵ Ƕƕ Ƿƿ Ƞƞ Ⱥⱥ Ȼȼ Ƚƚ Ⱦⱦ Ɂɂ Ƀƀ Ʉʉ Ʌʌ Ͱͱ Ͳͳ Ͷͷ Ϳϳ Ϗϗ Ϸϸ Ϲϲ Ϻϻ Ͻͻ Ͼͼ Ͽͽ Ἀἀ Ἁἁ Ἂἂ Ἃἃ Ἄἄ Ἅἅ Ἆἆ Ἇἇ Ἐἐ Ἑἑ Ἒἒ Ἓἓ Ἔἔ Ἕἕ "
  .. "Ἠἠ Ἡἡ Ἢἢ Ἣἣ Ἤἤ Ἥἥ Ἦἦ Ἧἧ Ἰἰ Ἱἱ Ἲἲ Ἳἳ Ἴἴ Ἵἵ Ἶἶ Ἷἷ Ὀὀ Ὁὁ Ὂὂ Ὃὃ Ὄὄ Ὅὅ Ὑὑ Ὓὓ Ὕὕ Ὗὗ Ὠὠ Ὡὡ Ὢὢ Ὣὣ Ὤὤ Ὥὥ Ὦὦ Ὧὧ Ᾰᾰ Ᾱᾱ Ὰὰ Άά "
  .. "Ὲὲ Έέ Ὴὴ Ήή Ῐῐ Ῑῑ Ὶὶ Ίί Ῠῠ Ῡῡ Ὺὺ Ύύ Ῥῥ Ὸὸ Όό Ὼὼ Ώώ"

-- One letter of two or three bytes: a leading byte and those that follow it.
local letter = "[\xC3-\xEF][\x80-\xBF]+"

local function utf8_of(code)
  if code < 0x800 then return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64) end
  return string.char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

local small, capital

-- `fold` tells of most that two bytes write. A dotted capital I has its small letter in ASCII; a sigma at a word's end stays.
local function learn()
  small, capital = {}, {}
  local function pair(large, little) small[large], capital[little] = little, large end
  for code = 0xC0, 0x7FF do
    local one = utf8_of(code)
    local folded = text.fold(one)
    if folded ~= one then small[one] = folded end
    if folded ~= one and #folded == 2 then capital[folded] = one end
  end
  for i = 1, #following, 2 do
    for code = following[i], following[i + 1], 2 do pair(utf8_of(code), utf8_of(code + 1)) end
  end
  for large, little in others:gmatch("(" .. letter .. ")(" .. letter .. ")") do pair(large, little) end
  small["ς"], small["ẞ"] = nil, "ß"
  capital["σ"], capital["ς"] = "Σ", "Σ"
end

--- Each letter by itself, so that no letter and its mark become one.
function M.lower(value)
  if not small then learn() end
  return (value:lower():gsub(letter, small))
end

function M.upper(value)
  if not small then learn() end
  return (value:upper():gsub(letter, capital))
end

return M
