-- Reads one slot and writes nothing.
-- sender: KEYS reputation, done...   ARGV "sender", author's field or ""   -> {packed reputation | "", {value | false}...}
-- owner:  KEYS store, record...      ARGV "owner", store id or ""          -> {"lost"} | {"known", {until, opens, state, count} | false...}

if ARGV[1] == "sender" then
  local answer = {""}
  if ARGV[2] ~= "" then
    -- Junk under this key must not cost a reply or a remembered outcome: the sender is nobody then.
    local packed = redis.pcall("HGET", KEYS[1], ARGV[2])
    answer[1] = type(packed) == "string" and packed or ""
  end
  for i = 2, #KEYS do
    answer[i] = redis.call("GET", KEYS[i])
  end
  return answer
end

if ARGV[2] ~= "" and redis.call("GET", KEYS[1]) ~= ARGV[2] then
  return {"lost"}
end
local answer = {"known"}
for i = 2, #KEYS do
  local record = redis.call("HMGET", KEYS[i], "until", "opens", "state", "count", "with")
  if not record[1] then
    answer[i] = false
  else
    -- A record claimed along with another has no state of its own: it is the other's.
    local state = record[3]
    if not state and record[5] then
      state = redis.call("HGET", record[5], "state")
    end
    answer[i] = {record[1], record[2] or "", state or "sent", record[4] or "0"}
  end
end
return answer
