-- Settles one event in one owner's slot. A second call with the same event changes nothing and answers as the first.
-- Instants are milliseconds since 1970 in decimal, "" for none; spans are milliseconds.
-- KEYS event, store, due, journal, opted, record..., person written to...
-- ARGV now, span of the marker, store id or "", "lost" or "", the number of records, then the number of opt-outs
--      and the opt-outs, of replies, of records to count, of journal entries, of urgent messages: see the loops at the end
-- -> {"lost"} | {"settled", the claimed message ids, a line each}

local now = tonumber(ARGV[1])
local SWEEP = 2 * 86400000
local FOREVER = 253370764800000 -- the year 9999
local JOURNAL = 10000
local MOVED = 12 * 3600000 -- an opening put off by that much is announced again
local WRITTEN = 400 * 86400000 -- how long it is remembered that the owner wrote to somebody

local before = redis.call("GET", KEYS[1])
if before then
  -- A write, so that a WAIT behind it stands for the first one, too: Valkey counts only what this connection itself wrote.
  redis.call("PEXPIRE", KEYS[1], ARGV[2])
  return {"settled", before}
end
if ARGV[3] ~= "" and redis.call("GET", KEYS[2]) ~= ARGV[3] then return {"lost"} end

local due, journal, opted, lost = KEYS[3], KEYS[4], KEYS[5], ARGV[4] == "lost"
local HEAD, records, at = 5, tonumber(ARGV[5]), 5
local function take() at = at + 1; return ARGV[at] end
local function number() return tonumber(take()) end

local function read(key)
  local value = redis.call("HMGET", key, "until", "opens", "state", "message", "to", "owner", "since", "again", "with", "about")
  return {["until"] = value[1], opens = value[2], state = value[3], message = value[4], to = value[5], owner = value[6],
    since = value[7], again = value[8], with = value[9], about = value[10]}
end

-- Scripts are not rolled back: whatever is of a wrong type must fail here, before the first write.
redis.call("ZCARD", due)
redis.call("XLEN", journal)
redis.call("HLEN", opted)
for i = HEAD + 1, HEAD + records do read(KEYS[i]) end
for i = HEAD + records + 1, #KEYS do redis.call("GET", KEYS[i]) end

local function write_journal(...)
  redis.call("XADD", journal, "MAXLEN", "~", JOURNAL, "*", "@at", ARGV[1], ...)
end

-- `record` or reply: what became of it. `about` is the template, the language and the client, for whoever reads the journal.
local function tell(record, code)
  write_journal("@owner", record.owner, "@code", code, "message_id", record.message, "to", record.to, "about", record.about or "")
end

-- As milter/core/reply_job.py: _announced, _put_off, taken.
local function announced(record, claim)
  if record.opens and record.opens ~= "" and now < tonumber(record.opens) then return true end
  return record.since and record.since ~= "" and record.since == claim.since
end

local function put_off(record, claim)
  if claim.opens == "" then return false end
  return not record.opens or record.opens == "" or tonumber(claim.opens) - tonumber(record.opens) >= MOVED
end

local function taken(record, claim)
  if claim.guard == "none" or not record["until"] then return false end
  if claim.guard ~= "until" and announced(record, claim) then
    return record.again == "1" or not put_off(record, claim)
  end
  return claim.guard ~= "opens" and now < tonumber(record["until"])
end

local function later(old, new)
  if not old or old == "" then return new end
  if new == "" or tonumber(new) < tonumber(old) then return old end
  return new
end

local function keep(key, ...)
  local last = now
  for _, one in ipairs({...}) do
    if one ~= "" then last = math.max(last, tonumber(one)) end
  end
  if last >= FOREVER then
    redis.call("PERSIST", key)
  else
    redis.call("PEXPIRE", key, string.format("%.0f", last - now + SWEEP))
  end
end

local function name_of(key) return string.match(key, "[^:]*$") end

-- The job that the record held is past its time: say what became of it before it is forgotten.
local function close_old(record)
  if record.state == "handed" then
    tell(record, "reply-unknown-crash")
  elseif record.state == "due" or record.state == "leased" then
    tell(record, "reply-withheld-too-late")
  end
end

local function claim(reply)
  local main = reply.claims[1]
  for place, one in ipairs(reply.claims) do
    local record = read(one.key)
    local til, opens = later(record["until"], one["until"]), later(record.opens, one.opens)
    -- Who was told of this closed period before is told for the second, and last, time.
    local again = "0"
    if record["until"] and announced(record, one) then
      again = (one.guard == "opens" or one.guard == "repeat") and "1" or record.again or "0"
    end
    redis.call("HSET", one.key, "until", til, "opens", opens, "since", one.since ~= "" and one.since or record.since or "", "again", again)
    if one.guard == "none" then
      redis.call("HINCRBY", one.key, "count", 1)
    else
      -- A new period begins: the reply must not speak of the messages of the one before.
      redis.call("HSET", one.key, "count", 1)
    end
    if place == 1 then
      close_old(record)
      redis.call("HSET", one.key, "state", reply.state, "message", reply.message, "to", reply.to, "owner", reply.owner,
        "job", reply.job, "about", reply.about, "attempts", 0, "people", reply.people)
      redis.call("HDEL", one.key, "with")
      if reply.state == "due" then
        redis.call("ZADD", due, string.format("%.3f", tonumber(reply.not_before) / 1000), name_of(one.key))
      else
        redis.call("ZREM", due, name_of(one.key))
      end
    elseif not record.state then
      redis.call("HSET", one.key, "with", main.key)
    end
    keep(one.key, til, opens, reply.not_after)
  end
end

-- A reply that waits is taken back; one that is claimed along is the job of another record.
local function take_back(key, code)
  local record = read(key)
  if not record.state and record.with then
    key = record.with
    record = read(key)
  end
  if record.state ~= "due" and record.state ~= "leased" then return end
  redis.call("HSET", key, "state", "cancelled")
  redis.call("HDEL", key, "job")
  redis.call("ZREM", due, name_of(key))
  tell(record, code)
end

for _ = 1, number() do
  local person, value = take(), take()
  if value == "" then
    redis.call("HDEL", opted, person)
  else
    redis.call("HSETNX", opted, person, value)
  end
  for _ = 1, number() do
    local key = KEYS[HEAD + number()]
    if value ~= "" then take_back(key, "reply-cancelled-opted-out") end
  end
end
for i = HEAD + records + 1, #KEYS do
  local before = redis.call("GET", KEYS[i])
  -- An event that waited in the outbox may be older than what is known.
  if not before or tonumber(before) < now then redis.call("SET", KEYS[i], ARGV[1], "PX", WRITTEN) end
end

local claimed = {}
for _ = 1, number() do
  local reply = {message = take(), state = take(), owner = take(), to = take(), job = take(), about = take(),
    not_before = take(), not_after = take(), claims = {}}
  for i = 1, number() do
    reply.claims[i] = {key = KEYS[HEAD + number()], ["until"] = take(), opens = take(), since = take(), guard = take(), person = take()}
  end
  local free, people = not lost, {}
  local unwanted = false
  for i, one in ipairs(reply.claims) do
    people[i] = one.person
    if redis.call("HEXISTS", opted, one.person) == 1 then unwanted = true end
  end
  reply.people = table.concat(people, " ")
  if unwanted then
    free = false
    tell(reply, "reply-withheld-opted-out")
  end
  for _, one in ipairs(reply.claims) do
    if taken(read(one.key), one) then
      free = false
      redis.call("HINCRBY", one.key, "count", 1)
    end
  end
  if free then
    claim(reply)
    claimed[#claimed + 1] = reply.message
  elseif lost and not unwanted then
    tell(reply, "reply-withheld-store-lost")
  end
end
for _ = 1, number() do
  local key = KEYS[HEAD + number()]
  if redis.call("EXISTS", key) == 1 then redis.call("HINCRBY", key, "count", 1) end
end
for _ = 1, number() do
  local entry = {}
  for i = 1, number() do entry[i] = take() end
  write_journal(unpack(entry))
end
for _ = 1, number() do
  local key, til = KEYS[HEAD + number()], take()
  redis.call("HSET", key, "until", til)
  redis.call("HINCRBY", key, "count", 1)
  keep(key, til)
end
local answer = table.concat(claimed, "\n")
redis.call("SET", KEYS[1], answer, "PX", ARGV[2])
return {"settled", answer}
