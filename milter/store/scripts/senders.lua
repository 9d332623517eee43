-- Reads one slot of senders and writes nothing. Behind buckets.lua.
-- KEYS reputation, outcomes...   ARGV most, hashes (see buckets.lua), field...
-- -> {"ok" | "unreadable", {record | ""...}, {outcome | false...}}

local base, status, records, outcomes = KEYS[1], "ok", {}, {}
-- Most slots are one hash: one command reads it all. Junk in its place costs no outcome: the sender is nobody then.
local fields = {}
for i = 3, #ARGV do fields[i - 2] = ARGV[i] end
if #fields > 0 then
  local found = redis.pcall("HMGET", base, "n", unpack(fields))
  if found.err then
    status, found = "unreadable", {}
  end
  for i, field in ipairs(fields) do
    local record = found[i + 1]
    if found[1] then
      record = redis.pcall("HGET", place(base, field, hashes_in(found[1])), field)
      if type(record) == "table" then status, record = "unreadable", false end
    end
    if record and not unpacked(record) then status, record = "unreadable", false end
    records[i] = record or ""
  end
end
for i = 2, #KEYS do outcomes[i - 1] = redis.call("GET", KEYS[i]) end
return {status, records, outcomes}
