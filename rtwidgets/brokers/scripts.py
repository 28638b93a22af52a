"""What Redis does in one step, in Lua.

The keys of a channel: `meta` (epoch, kind, id and place of the newest batch, bytes that are kept), `log` (a
stream, one entry a batch), `sizes` (a list: place, bytes and time of each of those), `items` (a hash: the
channel's state), `ranks` (a sorted set: which items are oldest, of chats only), `seqs` and `seen` (producers'
last numbers, and when they came).

All times are Redis' own: a hub whose clock is wrong must not remove what others have committed.
"""

from __future__ import annotations

from .calls import Script

KEYS = ("meta", "log", "sizes", "items", "ranks", "seqs", "seen")

# Arguments of `news`: from which place on, how many batches at most.
_NEWS = """
local function news(from, count)
  local have = redis.call('HMGET', KEYS[1], 'epoch', 'last', 'place')
  if not have[1] then return {''} end
  local batches = {}
  for _, entry in ipairs(redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', count)) do
    batches[#batches + 1] = entry[2][2]
  end
  return {have[1], have[2], have[3], redis.call('LINDEX', KEYS[3], 0) or '', batches}
end
local function expire(ttl_ms)
  for i = 1, 7 do redis.call('PEXPIRE', KEYS[i], ttl_ms) end
end
"""

_TIME = """
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
"""

# ARGV: place to start from, how many batches.
NEWS = Script(_NEWS + "return news(ARGV[1], ARGV[2])")

# Any key, so that a cluster knows whom to ask.
TIME = Script(_TIME + "return now_ms()")

# KEYS: a hash. ARGV: name and value of what it gets where it has none of that name. Returns what it has.
AGREE = Script("""
local found = {}
for i = 1, #ARGV, 2 do
  redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1])
  found[#found + 1] = redis.call('HGET', KEYS[1], ARGV[i])
end
return found
""")

# ARGV: time to live.
TOUCH = Script(_NEWS + "expire(ARGV[1])")

# ARGV: epoch for a channel that is new, kind, epoch that ends, time to live.
# Returns what `news` does, kind, and the producers with their numbers, oldest first.
ENTER = Script(
    _NEWS
    + """
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then
  for i = 1, 7 do redis.call('DEL', KEYS[i]) end
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'kind', ARGV[2], 'last', '', 'place', '0-0', 'bytes', 0)
elseif epoch == ARGV[3] then
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1])
end
expire(ARGV[4])
local have = redis.call('HMGET', KEYS[1], 'epoch', 'last', 'place', 'kind')
local producers = redis.call('ZRANGE', KEYS[7], 0, -1)
local seqs = {}
for i, producer in ipairs(producers) do seqs[i] = redis.call('HGET', KEYS[6], producer) or '0' end
return {have[1], have[2], have[3], have[4], producers, seqs}
"""
)

# ARGV: epoch and newest batch that it has, empty for none; those that it gets, its kind between them, its
# place, time to live.
RESTORE = Script(
    _NEWS
    + """
local have = redis.call('HMGET', KEYS[1], 'epoch', 'last')
if (have[1] or '') ~= ARGV[1] or (have[2] or '') ~= ARGV[2] then return end
for i = 1, 7 do redis.call('DEL', KEYS[i]) end
redis.call('HSET', KEYS[1], 'epoch', ARGV[3], 'kind', ARGV[4], 'last', ARGV[5], 'place', ARGV[6], 'bytes', 0)
expire(ARGV[7])
"""
)

# ARGV: 1 epoch, 2 id of the batch before, 3 id, 4 place, 5 the batch, 6 up to which offset they go, 7 bytes
# that may be kept, 8 for how long batches are kept, 9 time to live, 10 where the batch is told, empty for
# nowhere, 11 most items, 12 place to start news from, 13 how many, 14 most producers, 15 to 17 how many items
# are set and removed, and producers; then key, rank and value of each item, key and rank (0: whatever it is)
# of each that is gone, producers and numbers; then how many older batches are replaced, as they tell of a
# message that is deleted, and place and batch of each.
# Returns nothing when the batch is kept, else what `news` does.
COMMIT = Script(
    _NEWS
    + _TIME
    + """
local meta, log, sizes, items, ranks, seqs, seen = unpack(KEYS)
local have = redis.call('HMGET', meta, 'epoch', 'last')
if have[1] ~= ARGV[1] or have[2] ~= ARGV[2] then return news(ARGV[12], ARGV[13]) end
local now = now_ms()

redis.call('XADD', log, ARGV[4], 'b', ARGV[5])
redis.call('RPUSH', sizes, ARGV[4] .. ' ' .. #ARGV[5] .. ' ' .. now)
local bytes = redis.call('HINCRBY', meta, 'bytes', #ARGV[5])
redis.call('HSET', meta, 'last', ARGV[3], 'place', ARGV[4])

local first, freed = nil, 0
local gone_to, most_bytes, kept_from = tonumber(ARGV[6]), tonumber(ARGV[7]), now - tonumber(ARGV[8])
while true do
  local place, size, time = string.match(redis.call('LINDEX', sizes, 0), '^(%S+) (%d+) (%d+)$')
  if place == ARGV[4] then first = place break end
  local offset = tonumber(string.match(place, '^%d+'))
  if offset > gone_to and bytes - freed <= most_bytes and tonumber(time) >= kept_from then
    first = place
    break
  end
  redis.call('LPOP', sizes)
  freed = freed + tonumber(size)
end
if freed > 0 then
  redis.call('XTRIM', log, 'MINID', first)
  redis.call('HINCRBY', meta, 'bytes', -freed)
end

local at = 18
-- A message keeps its rank: one of another rank with the same key is another message.
local function is_other(key, rank)
  if ARGV[11] == '0' then return false end
  local known = redis.call('ZSCORE', ranks, key)
  return known and rank ~= '0' and known ~= rank
end
for _ = 1, tonumber(ARGV[15]) do
  if not is_other(ARGV[at], ARGV[at + 1]) then
    redis.call('HSET', items, ARGV[at], ARGV[at + 1] .. ' ' .. ARGV[at + 2])
    if ARGV[11] ~= '0' then redis.call('ZADD', ranks, ARGV[at + 1], ARGV[at]) end
  end
  at = at + 3
end
for _ = 1, tonumber(ARGV[16]) do
  if not is_other(ARGV[at], ARGV[at + 1]) then
    redis.call('HDEL', items, ARGV[at])
    if ARGV[11] ~= '0' then redis.call('ZREM', ranks, ARGV[at]) end
  end
  at = at + 2
end
if ARGV[11] ~= '0' then
  local over = redis.call('ZCARD', ranks) - tonumber(ARGV[11])
  if over > 0 then
    local oldest = redis.call('ZPOPMIN', ranks, over)
    for i = 1, #oldest, 2 do redis.call('HDEL', items, oldest[i]) end
  end
end
local producers = tonumber(ARGV[17])
for _ = 1, producers do
  redis.call('HSET', seqs, ARGV[at], ARGV[at + 1])
  redis.call('ZADD', seen, now, ARGV[at])
  at = at + 2
end
if producers > 0 then
  local over = redis.call('ZCARD', seen) - tonumber(ARGV[14])
  if over > 0 then
    local oldest = redis.call('ZPOPMIN', seen, over)
    for i = 1, #oldest, 2 do redis.call('HDEL', seqs, oldest[i]) end
  end
end
local changed = tonumber(ARGV[at])
if changed > 0 then
  -- An entry of a stream can't be changed, and no other one takes its place: the stream is written anew.
  local instead = {}
  for i = 1, changed do instead[ARGV[at + 2 * i - 1]] = ARGV[at + 2 * i] end
  local entries = redis.call('XRANGE', log, '-', '+')
  redis.call('DEL', log)
  for _, entry in ipairs(entries) do
    redis.call('XADD', log, entry[1], 'b', instead[entry[1]] or entry[2][2])
  end
end
expire(ARGV[9])
if ARGV[10] ~= '' then redis.call('PUBLISH', ARGV[10], ARGV[5]) end
"""
)
