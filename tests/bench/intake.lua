-- wrk: signed webhooks in turn, made beforehand so that the client costs little. The file holds "signature<TAB>body".
local requests, at = {}, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local signature, body = line:match "^(%S+)\t(.*)$"
    requests[#requests + 1] = wrk.format("POST", "/webhook/erp",
      { ["Content-Type"] = "application/json", ["X-Frappe-Webhook-Signature"] = signature }, body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  io.write(("RESULT %d %d %d %d %d\n"):format(summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.read + summary.errors.write + summary.errors.connect + summary.errors.timeout))
end
