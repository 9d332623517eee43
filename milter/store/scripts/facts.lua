-- Reads one owner's slot and writes nothing.
-- KEYS store, opted, record..., wrote..., changes of today...
-- ARGV store id or "", the number of records, person...
--   -> {"lost", {}, {}, {}} | {"known", {{until, opens, state, count, since, again} | false...}, {{opted out | "", wrote | ""}...},
--      {{line...}...}}

if ARGV[1] ~= "" and redis.call("GET", KEYS[1]) ~= ARGV[1] then
  return {"lost", {}, {}, {}}
end
local records, persons, count = {}, {}, tonumber(ARGV[2])
for i = 1, count do
  local record = redis.call("HMGET", KEYS[2 + i], "until", "opens", "state", "count", "with", "since", "again")
  if not record[1] then
    records[i] = false
  else
    -- A record claimed along with another has no state of its own: it is the other's.
    local state = record[3]
    if not state and record[5] then
      state = redis.call("HGET", record[5], "state")
    end
    records[i] = {record[1], record[2] or "", state or "sent", record[4] or "0", record[6] or "", record[7] or ""}
  end
end
for i = 1, #ARGV - 2 do
  persons[i] = {redis.call("HGET", KEYS[2], ARGV[2 + i]) or "", redis.call("GET", KEYS[2 + count + i]) or ""}
end
local changes = {}
for i = 2 + count + #persons + 1, #KEYS do changes[#changes + 1] = redis.call("LRANGE", KEYS[i], 0, -1) end
return {"known", records, persons, changes}
