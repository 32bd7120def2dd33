--- A proposed mapping as data for the program: see tidewire.suggest.

local suggest = require "tidewire.suggest"

return function(_, argument) return suggest.propose(argument) end
