--- Always the left.
return function() return "left" end
