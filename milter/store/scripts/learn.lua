-- Settles one event in one slot of senders: outcomes to remember, and evidence. Behind buckets.lua.
-- KEYS event, reputation, outcomes..., evidence that counts once...
-- ARGV most, hashes (see buckets.lua), now (ms), span of the event's marker (ms), span in which the same evidence counts once (ms),
--      number of outcomes, for each its value and span, then for each piece of evidence:
--      field, field of the domain that learns too or "", good, bad, which of the KEYS lets it count once or "",
--      field of the domain that must always sign or "", "passed" | "failed" for the domain's signatures or ""
-- -> "ok" | "unreadable": something foreign lay there | "again": this event was settled before

local now, base = tonumber(ARGV[3]), KEYS[2]
local instant = math.min(math.max(0, math.floor(now / 1000)), 4294967295)
local SWEEP = 2 * 86400000
if redis.call("EXISTS", KEYS[1]) == 1 then return "again" end

local answer, at = "ok", 6
local function take() at = at + 1; return ARGV[at] end

for i = 1, tonumber(ARGV[6]) do
  local value, span = take(), take()
  redis.call("SET", KEYS[2 + i], value, "PX", span)
end

local function read(field)
  local packed = redis.pcall("HGET", place(base, field, count(base)), field)
  if type(packed) == "table" then return nil, false end
  local record = unpacked(packed)
  if packed and not record then answer = "unreadable" end
  return record, true
end

local function learn(field, good, bad, signed)
  local record, there = read(field)
  if not there then
    answer = "unreadable"
    return
  end
  record = record or {last = instant, good = 0, bad = 0, burst = 0, number = 0, flags = 0}
  -- A last instant of a clock that had run ahead fades nothing, and is healed.
  local passed = math.max(0, instant - record.last)
  local fading = 2 ^ (-passed / HALF_LIFE)
  record.burst = record.burst * math.exp(-passed / LEAKING)
  good = math.max(0, math.min(good, DAILY_GOOD - record.burst))
  record.burst, record.good, record.bad = record.burst + good, record.good * fading + good, record.bad * fading + bad
  local excess = math.max(1, (record.good + record.bad) / TOTAL)
  record.good, record.bad, record.last = record.good / excess, record.bad / excess, instant
  record.number = math.min(record.number + 1, 65535)
  if signed == "passed" then record.flags = math.min(record.flags + 1, 255) end
  if signed == "failed" then record.flags = 0 end
  write(base, field, record, instant)
end

local function counted(which)
  if which == "" then return false end
  local key = KEYS[tonumber(which)]
  local before = redis.call("GET", key)
  if before and math.abs(now - tonumber(before)) < tonumber(ARGV[5]) then return true end
  redis.call("SET", key, ARGV[3], "PX", string.format("%.0f", tonumber(ARGV[5]) + SWEEP))
  return false
end

local function always_signs(field)
  local record = field ~= "" and read(field)
  return record and record.flags >= 5
end

-- Junk in the slot's own place must not cost a remembered outcome: nobody is known there then.
local readable = type(redis.pcall("HGET", base, "n")) ~= "table"
if not readable then answer = "unreadable" end
while readable and at < #ARGV do
  local field, domain, good, bad, once, needs, signed = take(), take(), tonumber(take()), tonumber(take()), take(), take(), take()
  if (needs == "" or always_signs(needs)) and not counted(once) then
    learn(field, good, bad, "")
    if domain ~= "" then learn(domain, good, bad, signed) end
  end
end
redis.call("SET", KEYS[1], answer, "PX", ARGV[4])
return answer
