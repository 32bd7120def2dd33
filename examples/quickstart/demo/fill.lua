-- Before Tidewire: an ERP with the world's countries in it, and an app with empty tables.

local time = require "tidewire.time"
local iso = require "demo.iso"
local screen = require "demo.screen"

local function insert(erp, label, documents)
  local started, done = time.clock(), 0
  local batch = {}
  local function flush()
    erp.insert_many(batch)
    done, batch = done + #batch, {}
    screen.bar(label, done, #documents, "")
  end
  for _, document in ipairs(documents) do
    batch[#batch + 1] = document
    if #batch == 200 then flush() end
  end
  if #batch > 0 then flush() end
  screen.bar(label, done, #documents, screen.seconds(time.clock() - started), true)
end

local function of_languages(countries, code)
  for _, country in ipairs(countries) do
    if country.code == code then return require("tidewire.json").decode(country.names) end
  end
end

return function(settings)
  local erp, app = settings.erp, settings.app
  screen.line(screen.bold "Tidewire quick start" .. screen.dim "  two systems with real data, kept the same")
  screen.line(("   %s  %s"):format(screen.dim "erp, speaks Frappe's API  ", erp.base))
  screen.line(("   %s  %s"):format(screen.dim "app, speaks Supabase's API", app.base))

  screen.step "The ERP is filled with ISO 3166; the app's tables are empty"
  erp.define()
  app.define()
  local countries, names, languages = iso.countries(settings.share)
  local subdivisions, with_parent = iso.subdivisions(settings.share)
  insert(erp, "countries", countries)
  insert(erp, "subdivisions", subdivisions)
  screen.line("   " .. screen.dim(("%s names in %d languages; %s subdivisions have a parent among them"):format(screen.count(names), languages,
    screen.count(with_parent))))
  local japan = of_languages(countries, "JP")
  local shown = {}
  for _, language in ipairs { "ja", "ar", "hi", "ru", "th", "el", "he", "ka", "ko", "am", "zh_CN" } do shown[#shown + 1] = japan[language] end
  screen.line("   " .. screen.dim(table.concat(shown, " · ")))
  return 0
end
