-- The longer text; a project's own strategy.
return function(dispute) return #dispute.left >= #dispute.right and "left" or "right" end
