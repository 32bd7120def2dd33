--- Phone numbers in one spelling: "+" and digits (E.164).

local M = {}

-- Country calling codes. What is dialled before a national number is "0" unless said below.
local codes = {
  AD = 376, AE = 971, AF = 93, AL = 355, AM = 374, AO = 244, AR = 54, AT = 43, AU = 61, AZ = 994, BA = 387, BD = 880, BE = 32,
  BF = 226, BG = 359, BH = 973, BI = 257, BJ = 229, BN = 673, BO = 591, BR = 55, BT = 975, BW = 267, BY = 375, BZ = 501,
  CA = 1, CD = 243, CF = 236, CG = 242, CH = 41, CI = 225, CL = 56, CM = 237, CN = 86, CO = 57, CR = 506, CU = 53, CV = 238,
  CY = 357, CZ = 420, DE = 49, DJ = 253, DK = 45, DZ = 213, EC = 593, EE = 372, EG = 20, ER = 291, ES = 34, ET = 251, FI = 358,
  FJ = 679, FO = 298, FR = 33, GA = 241, GB = 44, GE = 995, GF = 594, GH = 233, GI = 350, GL = 299, GM = 220, GN = 224,
  GP = 590, GQ = 240, GR = 30, GT = 502, GW = 245, GY = 592, HK = 852, HN = 504, HR = 385, HT = 509, HU = 36, ID = 62, IE = 353,
  IL = 972, IN = 91, IQ = 964, IR = 98, IS = 354, IT = 39, JO = 962, JP = 81, KE = 254, KG = 996, KH = 855, KR = 82, KW = 965,
  KZ = 7, LA = 856, LB = 961, LI = 423, LK = 94, LR = 231, LS = 266, LT = 370, LU = 352, LV = 371, LY = 218, MA = 212, MC = 377,
  MD = 373, ME = 382, MG = 261, MK = 389, ML = 223, MM = 95, MN = 976, MO = 853, MQ = 596, MR = 222, MT = 356, MU = 230,
  MV = 960, MW = 265, MX = 52, MY = 60, MZ = 258, NA = 264, NC = 687, NE = 227, NG = 234, NI = 505, NL = 31, NO = 47, NP = 977,
  NZ = 64, OM = 968, PA = 507, PE = 51, PF = 689, PG = 675, PH = 63, PK = 92, PL = 48, PR = 1, PS = 970, PT = 351, PY = 595,
  QA = 974, RE = 262, RO = 40, RS = 381, RU = 7, RW = 250, SA = 966, SC = 248, SD = 249, SE = 46, SG = 65, SI = 386, SK = 421,
  SL = 232, SM = 378, SN = 221, SO = 252, SR = 597, SS = 211, SV = 503, SY = 963, SZ = 268, TD = 235, TG = 228, TH = 66,
  TJ = 992, TL = 670, TM = 993, TN = 216, TR = 90, TT = 1, TW = 886, TZ = 255, UA = 380, UG = 256, US = 1, UY = 598, UZ = 998,
  VA = 39, VE = 58, VN = 84, XK = 383, YE = 967, ZA = 27, ZM = 260, ZW = 263,
}

local no_prefix = "AD BF BH BI BJ BN BT BW BZ CG CI CL CM CR CV CY CZ DJ DK EE ES FJ FO GA GI GL GM GN GQ GR GT GW HK HN HT "
  .. "IS IT KW LS LU LV MC ML MO MR MT MU MV MW MX NC NE NI NO OM PA PF PG PL PT QA RW SC SG SM SN SV TD TG TJ TL TN TT VA"
local prefixes = { HU = "06", RU = "8", KZ = "8", TM = "8", BY = "8", CA = "1", PR = "1", US = "1" }
for country in no_prefix:gmatch "%a%a" do prefixes[country] = "" end
local abroad = { US = "011", CA = "011", PR = "011", TT = "011", AU = "0011", JP = "010", RU = "810", KZ = "810", BY = "810" }

function M.country(name) return codes[name] end

function M.countries()
  local list = {}
  for name in pairs(codes) do list[#list + 1] = name end
  table.sort(list)
  return list
end

local function starts(text, prefix) return prefix ~= "" and text:sub(1, #prefix) == prefix end

--- "+447700900123" for "07700 900123" in GB; nil for what is no phone number.
function M.e164(text, country)
  local plain = text:gsub("%(0%)", ""):gsub("[%s%(%)%-%./]", "")
  local international = plain:match "^%+(%d+)$"
  if not international then
    local digits = plain:match "^%d+$"
    if not digits then return nil end
    local prefix, leaving = prefixes[country] or "0", abroad[country] or "00"
    local code = ("%d"):format(codes[country])
    if starts(digits, leaving) then international = digits:sub(#leaving + 1)
    elseif #digits > 10 and starts(digits, code) and not starts(digits, prefix) then
      international = digits      -- "447700900123": the country's code without its plus
    else
      if starts(digits, prefix) then digits = digits:sub(#prefix + 1) end
      international = code .. digits
    end
  end
  if #international < 7 or #international > 15 or international:sub(1, 1) == "0" then return nil end
  return "+" .. international
end

return M
