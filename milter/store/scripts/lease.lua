-- Leases due replies of one shard to the caller. A reply that was handed over and never heard of again is listed, not sent.
-- KEYS due, journal, opted   ARGV now (ms), limit, span of the lease (ms), prefix of the records' keys, prefix of the persons written to
-- -> {name, job, number of this lease, attempts before it, count, opted out | "", when the owner wrote last | ""}...

-- Of all the persons that a reply claimed: whether one has opted out, and when the owner wrote last to any of them.
local function known(people)
  local opted, wrote = "", ""
  for person in string.gmatch(people or "", "%S+") do
    if redis.call("HEXISTS", KEYS[3], person) == 1 then opted = "1" end
    local at = redis.call("GET", ARGV[5] .. person)
    if at and (wrote == "" or tonumber(at) > tonumber(wrote)) then wrote = at end
  end
  return opted, wrote
end

local leased = {}
for _, name in ipairs(redis.call("ZRANGEBYSCORE", KEYS[1], "-inf", string.format("%.3f", tonumber(ARGV[1]) / 1000), "LIMIT", 0, ARGV[2])) do
  local key = ARGV[4] .. name
  local record = redis.call("HMGET", key, "state", "job", "attempts", "count", "message", "to", "owner", "people", "about")
  local state = record[1]
  if (state == "due" or state == "leased") and record[2] then
    redis.call("HSET", key, "state", "leased", "attempts", record[3] + 1)
    redis.call("ZADD", KEYS[1], string.format("%.3f", (tonumber(ARGV[1]) + tonumber(ARGV[3])) / 1000), name)
    -- The number is never used again, so that a worker whose lease ran out cannot move the record of the next one.
    local opted, wrote = known(record[8])
    leased[#leased + 1] = {name, record[2], redis.call("HINCRBY", key, "leases", 1), tonumber(record[3]), tonumber(record[4]), opted, wrote}
  else
    redis.call("ZREM", KEYS[1], name)
    if state == "handed" then
      redis.call("HSET", key, "state", "unknown")
      redis.call("HDEL", key, "job")
      redis.call("XADD", KEYS[2], "MAXLEN", "~", 10000, "*", "@at", ARGV[1], "@owner", record[7], "@code", "reply-unknown-crash",
        "message_id", record[5], "to", record[6], "about", record[9] or "")
    end
  end
end
return leased
