-- Replaces one record of a sender. Behind buckets.lua.
-- KEYS reputation   ARGV most, hashes (see buckets.lua), field, last, good, bad, burst, count, flags

local function number(i) return tonumber(ARGV[i]) end
local record = {last = number(4), good = number(5), bad = number(6), burst = number(7), number = number(8), flags = number(9)}
write(KEYS[1], ARGV[3], record, number(4))
return 1
