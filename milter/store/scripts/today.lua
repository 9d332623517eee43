-- Adds one line to what an owner changed of his hours, and answers all of them. The same event again changes nothing.
-- KEYS the owner's changes, the event's marker (not for commands)   ARGV the line, the span to keep the list (ms), the most lines

if not KEYS[2] or redis.call("SET", KEYS[2], "1", "NX", "PX", ARGV[2]) then
  redis.call("RPUSH", KEYS[1], ARGV[1])
  redis.call("LTRIM", KEYS[1], -tonumber(ARGV[3]), -1)
end
-- The longest-lived line keeps the others: which of them still holds is told by the instants inside.
if redis.call("PTTL", KEYS[1]) < tonumber(ARGV[2]) then redis.call("PEXPIRE", KEYS[1], ARGV[2]) end
return redis.call("LRANGE", KEYS[1], 0, -1)
