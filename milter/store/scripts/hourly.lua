-- Counts one reply of an identity if fewer than the limit were counted in the hour before. Asked again about the same reply, yes again.
-- KEYS the identity's replies   ARGV now (ms), an hour before (ms), a minute after (ms), the limit, message id, span to keep it (ms)
-- -> 1 it may leave, 0 too many have left

redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", ARGV[2])
-- Counted by a clock that had run ahead: left alone it would bar the way until that hour has come.
redis.call("ZREMRANGEBYSCORE", KEYS[1], "(" .. ARGV[3], "+inf")
if redis.call("ZSCORE", KEYS[1], ARGV[5]) then return 1 end
if redis.call("ZCARD", KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call("ZADD", KEYS[1], ARGV[1], ARGV[5])
redis.call("PEXPIRE", KEYS[1], ARGV[6])
return 1
