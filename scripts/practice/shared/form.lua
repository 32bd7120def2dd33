-- multipart/form-data, as browsers and HTTP clients send files.

local M = {}

--- The parts of a body by name: `{ value, filename, type }`, `filename` only of files. nil where it is no such form.
function M.parts(body, content_type)
  local boundary = (content_type or ""):match '^multipart/form%-data.*boundary="?([^";]+)"?'
  if not boundary then return nil end
  local parts, mark = {}, "--" .. boundary
  local from, at = body:find(mark, 1, true)
  if from ~= 1 then return nil end
  while body:sub(at + 1, at + 2) == "\r\n" do
    local head_end = body:find("\r\n\r\n", at + 3, true)
    local next_from, next_to = body:find("\r\n" .. mark, head_end or #body, true)
    if not head_end or not next_from then return nil end
    local head = body:sub(at + 3, head_end - 1)
    local name = head:match '[;%s]name="([^"]*)"'
    if not name then return nil end
    parts[name] = { value = body:sub(head_end + 4, next_from - 1), filename = head:match 'filename="([^"]*)"', type = head:match "[Cc]ontent%-[Tt]ype:%s*([^\r\n]+)" }
    at = next_to
  end
  return parts
end

return M
