-- A reply came back. The journal says so; after a hard bounce the person gets no other one for a while, and none that waits.
-- A hard one that is told again, because not all of it could be noted, stands once in the journal.
-- KEYS record, due, journal   ARGV name, now (ms), code, status or "", no reply before this instant (ms) or ""
-- -> {owner, correspondent, Message-ID of the reply} noted, or 0: the record is long gone

local SWEEP = 2 * 86400000

local record = redis.call("HMGET", KEYS[1], "message", "to", "owner", "until", "opens", "about", "state")
if not record[3] then return 0 end
if ARGV[5] == "" or record[7] ~= "bounced" then
  redis.call("XADD", KEYS[3], "MAXLEN", "~", 10000, "*", "@at", ARGV[2], "@owner", record[3], "@code", ARGV[3],
    "message_id", record[1], "to", record[2], "about", record[6] or "", "status", ARGV[4])
end
local whom = {record[3], record[2] or "", record[1] or ""}
if ARGV[5] == "" then return whom end

-- Both bounds: whatever kind of closure comes next, one of them forbids a reply; and none was put off.
local function later(old) return old and old ~= "" and tonumber(old) > tonumber(ARGV[5]) and old or ARGV[5] end
redis.call("HSET", KEYS[1], "until", later(record[4]), "opens", later(record[5]), "again", "1", "state", "bounced")
redis.call("HDEL", KEYS[1], "job")
redis.call("ZREM", KEYS[2], ARGV[1])
local left = redis.call("PTTL", KEYS[1])
local span = tonumber(ARGV[5]) - tonumber(ARGV[2]) + SWEEP
if left >= 0 and left < span then redis.call("PEXPIRE", KEYS[1], string.format("%.0f", span)) end
return whom
