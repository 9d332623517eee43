-- Marks promises of one owner as kept: those made to a person before now, or the one of that id.
-- KEYS the owner's promises by due instant   ARGV prefix of the promises' keys, now (ms), person or "", id or ""
-- -> how many were open until now

local function keep(id)
  local key = ARGV[1] .. id
  if redis.call("EXISTS", key) == 0 then return 0 end
  return redis.call("HSETNX", key, "kept", ARGV[2])
end

if ARGV[4] ~= "" then
  if not redis.call("ZSCORE", KEYS[1], ARGV[4]) then return 0 end
  return keep(ARGV[4])
end
local count = 0
for _, id in ipairs(redis.call("ZRANGE", KEYS[1], 0, -1)) do
  local record = redis.call("HMGET", ARGV[1] .. id, "people", "made")
  local theirs = record[1] and string.find(" " .. record[1] .. " ", " " .. ARGV[3] .. " ", 1, true)
  -- A letter written before the promise was made is no answer to it.
  if theirs and tonumber(record[2]) <= tonumber(ARGV[2]) then count = count + keep(id) end
end
return count
