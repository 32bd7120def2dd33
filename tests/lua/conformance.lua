-- Runs the conformance suite on one live system: `tidewire lua conformance.lua --profile io -- KIND URL KEY [SECRET|VERSION [many]]`.
local kind, url, key, secret, many = ...
if secret == "" then secret = nil end
local subjects = require "conformance_subjects"

require("connector_conformance").run(subjects[kind] { url = url, key = key, api_key = key, api_secret = secret, version = secret }, many)
return require "live"(kind .. " at " .. url)
