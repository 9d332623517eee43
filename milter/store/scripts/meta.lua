-- Answers whose store this is, and makes it ours if it is nobody's. A loss gives it a new id, so that every worker notices.
-- KEYS meta   ARGV format, secret's fingerprint, a new id, the id known here or "", now (ms), "lost" if a slot of it is gone
-- -> {format, fingerprint, id, instant of the last loss or "0", the id before that loss}

local known = ARGV[4]
local meta = redis.call("HMGET", KEYS[1], "format", "fingerprint", "id")
if not meta[3] then
  local gone = known ~= ""
  redis.call("HSET", KEYS[1], "format", ARGV[1], "fingerprint", ARGV[2], "id", ARGV[3], "lost", gone and ARGV[5] or "0", "before", known)
elseif meta[1] == ARGV[1] and meta[2] == ARGV[2] and ARGV[6] == "lost" and meta[3] == known then
  redis.call("HSET", KEYS[1], "id", ARGV[3], "lost", ARGV[5], "before", known)
end
meta = redis.call("HMGET", KEYS[1], "format", "fingerprint", "id", "lost", "before")
if meta[1] == ARGV[1] and meta[2] == ARGV[2] and tonumber(meta[4]) > tonumber(ARGV[5]) then
  -- Written by a clock that had run ahead: left alone it would silence replies until that day.
  redis.call("HSET", KEYS[1], "lost", ARGV[5])
  meta[4] = ARGV[5]
end
return meta
