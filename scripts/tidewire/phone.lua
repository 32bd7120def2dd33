--- Phone numbers in one spelling: "+" and digits (E.164).
---
--- A number is what its digits can be in the country that it is written in: how many digits numbers have there tells a country's
--- code without its plus from a number that begins like it (55 99 12 34 56 7 of Brazil). What can be two numbers is none.

local M = {}

-- Calling code, how many digits a number has after it, and the most that one has which begins with the code's own digits, where
-- that is not 10.
local plans = {
  AD = "376 6-9 6", AE = "971 7-9", AF = "93 9", AL = "355 8-9", AM = "374 8", AO = "244 9", AR = "54 10-11", AT = "43 4-13",
  AU = "61 6-10", AZ = "994 9", BA = "387 8-9", BD = "880 6-10", BE = "32 8-9", BF = "226 8", BG = "359 6-9", BH = "973 8",
  BI = "257 8", BJ = "229 10", BN = "673 7", BO = "591 8", BR = "55 10-11", BT = "975 7-8", BW = "267 7-8", BY = "375 9",
  BZ = "501 7", CA = "1 10", CD = "243 7-10", CF = "236 8", CG = "242 9", CH = "41 9", CI = "225 10", CL = "56 9", CM = "237 9",
  CN = "86 9-11", CO = "57 10", CR = "506 8", CU = "53 6-8", CV = "238 7", CY = "357 8", CZ = "420 9", DE = "49 5-13", DJ = "253 8",
  DK = "45 8", DZ = "213 8-9", EC = "593 8-9", EE = "372 7-8", EG = "20 8-10", ER = "291 7", ES = "34 9", ET = "251 9",
  FI = "358 5-12", FJ = "679 7", FO = "298 6", FR = "33 9", GA = "241 7-8", GB = "44 7-10", GE = "995 9", GF = "594 9",
  GH = "233 9", GI = "350 8", GL = "299 6", GM = "220 7-9", GN = "224 8-9", GP = "590 9", GQ = "240 9", GR = "30 10", GT = "502 8",
  GW = "245 9", GY = "592 7", HK = "852 8", HN = "504 8", HR = "385 8-9", HT = "509 8", HU = "36 8-9", ID = "62 7-12",
  IE = "353 7-10", IL = "972 8-10", IN = "91 10-11", IQ = "964 8-10", IR = "98 10", IS = "354 7-9", IT = "39 6-11 10",
  JO = "962 8-9", JP = "81 9-10", KE = "254 7-10", KG = "996 9", KH = "855 8-9", KR = "82 8-10", KW = "965 8", KZ = "7 10",
  LA = "856 8-10", LB = "961 7-8", LI = "423 7-9", LK = "94 9", LR = "231 7-9", LS = "266 8", LT = "370 8", LU = "352 4-11 6",
  LV = "371 8", LY = "218 9", MA = "212 9", MC = "377 8-9", MD = "373 8", ME = "382 8", MG = "261 9", MK = "389 8", ML = "223 8",
  MM = "95 6-10", MN = "976 8", MO = "853 8", MQ = "596 9", MR = "222 8", MT = "356 8", MU = "230 7-8", MV = "960 7",
  MW = "265 7-9", MX = "52 10", MY = "60 8-10", MZ = "258 8-9", NA = "264 8-9", NC = "687 6", NE = "227 8", NG = "234 10",
  NI = "505 8", NL = "31 7-10", NO = "47 8", NP = "977 8-10", NZ = "64 8-10", OM = "968 8", PA = "507 7-8", PE = "51 8-9",
  PF = "689 8", PG = "675 7-8", PH = "63 8-10", PK = "92 9-10", PL = "48 9", PR = "1 10", PS = "970 8-9", PT = "351 9",
  PY = "595 7-9", QA = "974 8", RE = "262 9", RO = "40 9", RS = "381 7-12", RU = "7 10", RW = "250 8-9", SA = "966 9", SC = "248 7",
  SD = "249 9", SE = "46 6-9", SG = "65 8", SI = "386 8", SK = "421 9", SL = "232 8", SM = "378 8-10", SN = "221 9", SO = "252 6-9",
  SR = "597 6-7", SS = "211 9", SV = "503 8", SY = "963 8-9", SZ = "268 8", TD = "235 8", TG = "228 8", TH = "66 8-9", TJ = "992 9",
  TL = "670 7-8", TM = "993 8", TN = "216 8", TR = "90 10", TT = "1 10", TW = "886 8-9", TZ = "255 9", UA = "380 9", UG = "256 9",
  US = "1 10", UY = "598 8", UZ = "998 9", VA = "39 6-11 10", VE = "58 10", VN = "84 9-10", XK = "383 8-9", YE = "967 7-9",
  ZA = "27 9", ZM = "260 9", ZW = "263 9",
}

-- What is dialled before a national number is "0" unless said here: most first, since it goes before what it begins with.
local no_prefix = "AD BF BH BI BJ BN BT BW BZ CG CI CM CR CV CY CZ DJ DK EE ES FJ FO GI GL GM GN GQ GR GT GW HK HN HT "
  .. "IS IT KW LS LU LV ML MO MR MT MU MV NC NE NI NO OM PA PF PG PL PT QA SC SG SM SN SV TD TG TJ TL TN VA"
local prefixes = { HU = { "06" }, RU = { "8" }, KZ = { "8" }, TM = { "8" }, BY = { "80", "8", "0" }, UA = { "80", "0" }, LT = { "8", "0" },
  UZ = { "8", "0" }, MX = { "045", "044", "01", "1" }, CA = { "1" }, PR = { "1" }, TT = { "1" }, US = { "1" } }
for country in no_prefix:gmatch "%a%a" do prefixes[country] = {} end
local zero = { "0" }

-- Numbers there may begin with a zero, which stays behind the country's code.
local keeps_zero = {}
for country in ("BF BJ CG CI GA IT NE SM TJ VA"):gmatch "%a%a" do keeps_zero[country] = true end

-- What is dialled before a country's code besides "00", which is understood everywhere.
local abroad = { US = { "011" }, CA = { "011" }, PR = { "011" }, TT = { "011" }, AU = { "0011" }, JP = { "010" }, RU = { "810" }, KZ = { "810" },
  BY = { "810" }, TJ = { "810" }, TM = { "810" }, UZ = { "810" }, CU = { "119" }, GY = { "001" }, MN = { "001" }, KE = { "000" }, TZ = { "000" },
  UG = { "000" }, NG = { "009" }, SG = { "001", "002", "008", "018", "019" }, HK = { "001" }, KH = { "001" }, KR = { "001", "002" },
  TH = { "001", "007", "008", "009" }, ID = { "001", "007", "008", "009" } }
local everywhere = { "00" }

local read, by_code = {}, nil

local function plan_of(country)
  if not read[country] then
    local code, least, most, own = plans[country]:match "^(%d+) (%d+)%-?(%d*) ?(%d*)$"
    read[country] = { code = code, least = tonumber(least), most = tonumber(most) or tonumber(least), own = tonumber(own) or 10,
      prefixes = prefixes[country] or zero, zero = keeps_zero[country] or false }
  end
  return read[country]
end

function M.country(name) return plans[name] and plan_of(name).code end

function M.countries()
  local list = {}
  for name in pairs(plans) do list[#list + 1] = name end
  table.sort(list)
  return list
end

-- The plan of the country whose code the digits begin with, and what follows it; nil where it is not known here.
local function known(digits)
  if not by_code then
    by_code = {}
    for _, country in ipairs(M.countries()) do by_code[plan_of(country).code] = by_code[plan_of(country).code] or plan_of(country) end
  end
  for length = 1, 3 do
    local plan = by_code[digits:sub(1, length)]
    if plan then return plan, digits:sub(length + 1) end
  end
end

local function starts(text, prefix) return text:sub(1, #prefix) == prefix end

local function fits(plan, digits)
  if plan.code == "1" and digits:find "^1" then return false end
  return #digits >= plan.least and #digits <= plan.most and (plan.zero or digits:sub(1, 1) ~= "0")
end

-- A national number without what is dialled before it; nil where it is none.
local function national(plan, digits)
  if fits(plan, digits) then return digits end
  for _, prefix in ipairs(plan.prefixes) do
    local rest = digits:sub(#prefix + 1)
    if starts(digits, prefix) and fits(plan, rest) then return rest end
  end
end

-- What stands behind a country's code, with it; what is dialled inside the country may have stayed: 44 07700 900123. nil where
-- numbers of the country are longer or shorter.
local function behind_code(plan, rest)
  local own = national(plan, rest)
  if plan.code == "1" and own ~= rest then return nil end      -- the 1 that is dialled there is the code itself
  return own and plan.code .. own
end

local function international(digits)
  local plan, rest = known(digits)
  if plan then return behind_code(plan, rest) end
  return digits:sub(1, 1) ~= "0" and digits or nil
end

local function either(a, b) return ("it may be +%s or +%s"):format(a, b) end

-- Behind what is dialled before a country's code. nil, and the two that it may be where 00 is read in two ways: 001 49 30 ...
local function from_abroad(country, digits)
  local found
  for _, list in ipairs { abroad[country] or {}, everywhere } do
    for _, prefix in ipairs(list) do
      local number = starts(digits, prefix) and international(digits:sub(#prefix + 1)) or nil
      if found and number and number ~= found then return nil, either(found, number) end
      found = found or number
    end
  end
  return found
end

-- Digits without a plus: a national number, or one with the country's code. nil, and why, as above.
local function without_plus(plan, digits)
  local own = national(plan, digits)
  local whole = starts(digits, plan.code) and behind_code(plan, digits:sub(#plan.code + 1))
  own = own and plan.code .. own
  if not own or not whole or own == whole then return own or whole end
  if #digits > plan.own then return whole end
  if #plan.prefixes == 0 then return own end
  return nil, either(whole, own)
end

-- Fewer digits than any number has are a slip, unless a plus says that they are meant so: +1 stays what it is.
local least, most = 7, 15

--- "+447700900123" for "07700 900123" in GB; nil for what is no phone number, and why where it could be two.
function M.e164(text, country)
  local digits = text:gsub("[%s%(%)%-%./]", "")
  local number, why
  local has_plus = starts(digits, "+")
  if has_plus then
    digits = digits:match "^%+(%d+)$"
    if not digits then return nil end
    number = international(digits) or digits      -- who writes the plus knows the number
    if not known(digits) then number = text:gsub("%(0%)", ""):gsub("%D", "") end
  else
    if not digits:find "^%d+$" then return nil end
    number, why = from_abroad(country, digits)
    if not number and not why then number, why = without_plus(plan_of(country), digits) end
  end
  if not number then return nil, why end
  if #number < (has_plus and 1 or least) or #number > most or number:sub(1, 1) == "0" then return nil end
  return "+" .. number
end

return M
