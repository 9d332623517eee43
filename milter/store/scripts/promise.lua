-- Notes what became of a reply that promises an answer. Said again, it changes nothing.
-- KEYS the owner's promises by due instant, the promise
-- ARGV "handed", id, now (ms), forgotten before (ms), span to keep it (ms), persons, owner, client, to, message id, due (ms)
--    | "sent", id, now (ms) | "withdrawn", id

if ARGV[1] == "handed" then
  redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", ARGV[4])
  redis.call("HSET", KEYS[2], "people", ARGV[6], "owner", ARGV[7], "client", ARGV[8], "to", ARGV[9], "message", ARGV[10],
    "due", ARGV[11], "made", ARGV[3])
  redis.call("PEXPIRE", KEYS[2], ARGV[5])
  redis.call("ZADD", KEYS[1], ARGV[11], ARGV[2])
  if redis.call("PTTL", KEYS[1]) < tonumber(ARGV[5]) then redis.call("PEXPIRE", KEYS[1], ARGV[5]) end
elseif ARGV[1] == "sent" then
  if redis.call("EXISTS", KEYS[2]) == 1 then redis.call("HSETNX", KEYS[2], "sent", ARGV[3]) end
else
  redis.call("ZREM", KEYS[1], ARGV[2])
  redis.call("DEL", KEYS[2])
end
return 1
