--- The later edit; within the clocks' precision, or where a side has no time, the tie side.
return function(dispute) return dispute.newer or dispute.tie or "left" end
