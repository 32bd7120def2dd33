-- The data: countries and their subdivisions as Debian's iso-codes package has them, and their names in many languages.

local json = require "tidewire.json"
local practice = require "tidewire.practice"

local M = {}

--- Twenty languages and almost as many scripts. Names live in gettext catalogues.
M.languages = { "am", "ar", "bn", "de", "el", "es", "fa", "fr", "he", "hi", "hy", "ja", "ka", "km", "ko", "ru", "ta", "th", "tr", "zh_CN" }

local function decoded(path)
  return assert(json.decode(assert(practice.read(path))))
end

local function number_at(text, offset)
  local a, b, c, d = text:byte(offset + 1, offset + 4)
  return a + b * 256 + c * 65536 + d * 16777216
end

-- A compiled gettext catalogue, little-endian: count and the offsets of two tables of (length, offset).
local function catalogue(path)
  local text = practice.read(path)
  if not text or text:sub(1, 4) ~= "\222\18\4\149" then return nil end
  local translations = {}
  local count, originals, translated = number_at(text, 8), number_at(text, 12), number_at(text, 16)
  local function entry(at)
    local length, offset = number_at(text, at), number_at(text, at + 4)
    return text:sub(offset + 1, offset + length)
  end
  for i = 0, count - 1 do translations[entry(originals + 8 * i)] = entry(translated + 8 * i) end
  return translations
end

local function catalogues(share)
  local found = {}
  for _, language in ipairs(M.languages) do
    found[language] = catalogue(("%s/locale/%s/LC_MESSAGES/iso_3166-1.mo"):format(share, language))
  end
  return found
end

local function names_of(country, translations)
  local names, count = { en = country.name }, 1
  for language, words in pairs(translations) do
    local name = words[country.name]
    if name and name ~= "" then
      names[language] = name
      count = count + 1
    end
  end
  return names, count
end

--- Documents of "Country Code" by code, and how many names they have in how many languages.
function M.countries(share)
  local translations, list, names, languages = catalogues(share), {}, 0, 1
  for _ in pairs(translations) do languages = languages + 1 end
  for i, country in ipairs(decoded(share .. "/iso-codes/json/iso_3166-1.json")["3166-1"]) do
    local own, count = names_of(country, translations)
    names = names + count
    list[i] = { doctype = "Country Code", code = country.alpha_2, alpha_3 = country.alpha_3, numeric_code = country.numeric,
      flag = country.flag, country_name = country.common_name or country.name, official_name = country.official_name,
      status = "In Use", names = json.encode(own) }
  end
  return list, names, languages
end

-- The file names a parent with or without the country in front.
local function parent_of(subdivision, by_code)
  local parent = subdivision.parent
  if not parent then return nil end
  if by_code[parent] then return parent end
  return subdivision.code:match "^%u%u%-" .. parent
end

--- Documents of "Subdivision", every parent before its children, and how many have a parent.
function M.subdivisions(share)
  local by_code, list, done, with_parent = {}, {}, {}, 0
  local all = decoded(share .. "/iso-codes/json/iso_3166-2.json")["3166-2"]
  for _, subdivision in ipairs(all) do by_code[subdivision.code] = subdivision end
  local function add(subdivision)
    if done[subdivision.code] then return end
    done[subdivision.code] = true
    local parent = parent_of(subdivision, by_code)
    if parent then
      with_parent = with_parent + 1
      add(by_code[parent])
    end
    list[#list + 1] = { doctype = "Subdivision", code = subdivision.code, subdivision_name = subdivision.name,
      subdivision_type = subdivision.type, country = subdivision.code:sub(1, 2), parent_subdivision = parent }
  end
  for _, subdivision in ipairs(all) do add(subdivision) end
  return list, with_parent
end

return M
