-- Moves one record to another state if it is in one of the named states and still the caller's.
-- KEYS record, due, journal   ARGV name, number of the lease or "" (anybody), states it may come from (space-separated), the new state,
--   score in the due set ("" takes it off), reason code for the journal or "", now (ms), owner, message id, correspondent, what it is about,
--   the opening that the reply told of or ""
-- -> 1 moved, 0 not

local SWEEP = 2 * 86400000
local BOUNCES = 15 * 86400000 -- more than core/bounces.py: VALID

local record = redis.call("HMGET", KEYS[1], "state", "leases", "message", "to", "owner", "about")
local mine = ARGV[2] == "" or record[2] == ARGV[2] and (ARGV[9] == "" or record[3] == ARGV[9])
local moves = mine and record[1] and string.find(" " .. ARGV[3] .. " ", " " .. record[1] .. " ", 1, true)

-- Sent is worth a line even if the record belongs to the next reply by now.
if ARGV[6] ~= "" and (moves or (ARGV[4] == "sent" and not mine)) then
  local theirs = ARGV[9] ~= ""
  redis.call("XADD", KEYS[3], "MAXLEN", "~", 10000, "*", "@at", ARGV[7], "@owner", theirs and ARGV[8] or record[5], "@code", ARGV[6],
    "message_id", theirs and ARGV[9] or record[3], "to", theirs and ARGV[10] or record[4],
    "about", theirs and ARGV[11] or record[6] or "")
end
if not moves then return 0 end

redis.call("HSET", KEYS[1], "state", ARGV[4])
if ARGV[4] == "sent" then
  -- As long as its bounce may come, and the record tells whom it was for.
  local left = redis.call("PTTL", KEYS[1])
  local span = BOUNCES
  -- It may have been put off while the reply waited: this person was told of the new one.
  local told = redis.call("HGET", KEYS[1], "opens")
  if ARGV[12] and ARGV[12] ~= "" and told and told ~= "" and tonumber(ARGV[12]) > tonumber(told) then
    redis.call("HSET", KEYS[1], "opens", ARGV[12])
    span = math.max(span, tonumber(ARGV[12]) - tonumber(ARGV[7]) + SWEEP)
  end
  if left >= 0 and left < span then redis.call("PEXPIRE", KEYS[1], string.format("%.0f", span)) end
end
if ARGV[5] == "" then
  redis.call("ZREM", KEYS[2], ARGV[1])
  redis.call("HDEL", KEYS[1], "job")
else
  redis.call("ZADD", KEYS[2], ARGV[5], ARGV[1])
end
return 1
