--- Always the right.
return function() return "right" end
