-- Set before the scripts of the reputation: where a record lies, how it is read, written and added to.
-- A slot of senders is one hash, and `<hash>:1`, `<hash>:2`... once it has grown; its field "n" says how many there are.
-- They split one at a time, in order (linear hashing), so that each stays a compact listpack and no call moves more than one.

local MOST = tonumber(ARGV[1]) -- records of one hash: below hash-max-listpack-entries
local HASHES = tonumber(ARGV[2]) -- of one slot; past that the weakest evidence goes
local HALF_LIFE, LEAKING, DAILY_GOOD, TOTAL = 2592000, 86400, 4, 64 -- as milter/core/reputation.py
local NAME = 6 -- bytes, as milter/store/layout.py
local DUST, OLD = 0.05, 90 * 86400 -- a mass that tells nothing, once nobody has added to it for so long

-- `said`: the field "n", false if there is none. Whatever else stands there is none of ours.
local function hashes_in(said)
  local hashes = tonumber(said or "1")
  return hashes and hashes >= 1 and hashes <= HASHES and math.floor(hashes) or 1
end

local function count(base) return hashes_in(redis.call("HGET", base, "n")) end

local function full(hashes)
  local level = 1
  while level * 2 <= hashes do level = level * 2 end
  return level
end

local function place(base, field, hashes)
  if hashes == 1 then return base end
  local level, hash = full(hashes), struct.unpack("<I4", field, #field - 3)
  local at = hash % (2 * level)
  if at >= hashes then at = hash % level end
  return at == 0 and base or base .. ":" .. at
end

-- nil: nothing there, or nothing that we wrote.
local function unpacked(packed)
  if not packed or #packed ~= 20 then return nil end
  local last, good, bad, burst, number, flags = struct.unpack("<I4fffI2I2", packed)
  if not (good >= 0 and bad >= 0 and burst >= 0 and good + bad <= 2 * TOTAL and burst <= 2 * DAILY_GOOD) then return nil end
  return {last = last, good = good, bad = bad, burst = burst, number = number, flags = flags}
end

local function mass(record, instant)
  return (record.good + record.bad) * 2 ^ (-math.max(0, instant - record.last) / HALF_LIFE)
end

-- One step: the records of one hash that belong into a new one move there.
local function split(base, hashes)
  local level = full(hashes)
  local from, new = hashes - level, base .. ":" .. hashes
  from = from == 0 and base or base .. ":" .. from
  local there = redis.call("TYPE", new).ok
  if there ~= "none" and there ~= "hash" then redis.call("DEL", new) end
  local all, moved, gone = redis.call("HGETALL", from), {}, {}
  for i = 1, #all, 2 do
    if #all[i] == NAME and place(base, all[i], hashes + 1) == new then
      moved[#moved + 1], moved[#moved + 2], gone[#gone + 1] = all[i], all[i + 1], all[i]
    end
  end
  if #gone > 0 then
    redis.call("HSET", new, unpack(moved))
    redis.call("HDEL", from, unpack(gone))
  end
  redis.call("HSET", base, "n", hashes + 1)
end

-- Makes room in a hash that has too many records: what has faded goes, then the slot grows, then the weakest quarter goes.
local function make_room(base, key, hashes, instant)
  local all, left, gone = redis.call("HGETALL", key), {}, {}
  for i = 1, #all, 2 do
    local record = unpacked(all[i + 1])
    if #all[i] == NAME then
      if not record or (instant - record.last > OLD and mass(record, instant) < DUST) then
        gone[#gone + 1] = all[i]
      else
        left[#left + 1] = {all[i], mass(record, instant), record.last}
      end
    end
  end
  if #left > MOST and hashes < HASHES then
    split(base, hashes)
  elseif #left > MOST then
    table.sort(left, function(a, b) return a[2] < b[2] or a[2] == b[2] and a[3] < b[3] end)
    for i = 1, math.floor(#left / 4) do gone[#gone + 1] = left[i][1] end
  end
  if #gone > 0 then redis.call("HDEL", key, unpack(gone)) end
end

local function write(base, field, record, instant)
  local hashes = count(base)
  local key = place(base, field, hashes)
  local packed = struct.pack("<I4fffI2I2", record.last, record.good, record.bad, record.burst, record.number, record.flags)
  if redis.call("HSET", key, field, packed) == 1 and redis.call("HLEN", key) > MOST then
    make_room(base, key, hashes, instant)
  end
end
