/**
 * The limiter's one script. Redis runs it as one step; all times are those of Redis, in microseconds.
 * The same rule as in memory-ledger.ts and memory-book.ts; a change of one is a change of both.
 *
 * KEYS
 *   1        clock: hash of `now` (latest time seen), `place` (last one given out), `keeper` (which server kept these
 *            books), `lostAt` (when that was last found to be another, or not known)
 *   then     pause, resume: the key that `pause` sets; for all other operations six keys for each limit:
 *     head     hash of `requests`, `bytes` (spent in the window), `r<time>`, `b<time>` (the same for one entry of spent),
 *              `entries`, `flying` (sizes of the two sets below, to notice a loss), `lostAt`
 *     spent    sorted set of the times at which spent requests are free again
 *     flying   sorted set of the ids of requests in flight, by the end of their lease
 *     queue    sorted set of the ids of those who wait, by place
 *     seen     sorted set of the same ids, by the time until which they count as living
 *     pause    time until which nothing is granted; 0 for a pause that was ended early
 * ARGV
 *   1        ask | renew | release | forget | pause | resume | status
 *   2        id of the request
 *   3        ask: place in the queue ('none', 'last' or a number); release: bytes; pause: for how long
 *   4 5 6    length of a lease; how long a waiter lives without asking; longest window that waits after a loss
 *   7 8      after how many seconds idle keys are dropped; how many entries of spent a forecast looks at
 *   then     seven for each limit: window, margin, step, how often who is held up elsewhere comes back, requests or -1,
 *            bytes or -1, and how long a pause lasts yet that the caller knows of
 * Answer
 *   ask      {1} granted, or {0, wait, place, number of the binding limit from 1}
 *   status   {requests used, bytes used, waiting, blocked for}
 *   others   nil
 */
export const admitScript = `
local argumentsBefore, argumentsEach, keysEach = 8, 7, 6
local operation, id, detail = ARGV[1], ARGV[2], ARGV[3]
local lease, waiterTtl, quietMax = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local keepSeconds, forecastMax = ARGV[7], tonumber(ARGV[8])

-- '..' and tostring() round what has more than 14 digits.
local function text(number) return string.format('%.0f', number) end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
-- A clock that was set back stands still until it has caught up.
now = math.max(now, tonumber(redis.call('HGET', KEYS[1], 'now')) or 0)
redis.call('HSET', KEYS[1], 'now', text(now))
redis.call('EXPIRE', KEYS[1], keepSeconds)

local function setPause(key, untilTime)
  redis.call('SET', key, text(untilTime), 'PX', text(math.ceil((untilTime - now) / 1000) + 1))
end

if operation == 'pause' then
  local untilTime = now + tonumber(detail)
  if untilTime > (tonumber(redis.call('GET', KEYS[2])) or 0) then setPause(KEYS[2], untilTime) end
  return false
end

-- Other processes know of the pause by their own clocks and would bring it back, so for as long as it would have lasted
-- by any of them (they may run up to 500 ppm slow, and a second covers the way) the key says that it is over.
if operation == 'resume' then
  local untilTime = tonumber(redis.call('GET', KEYS[2])) or 0
  if untilTime > now then
    redis.call('SET', KEYS[2], '0', 'PX', text(math.ceil((untilTime - now) / 1000 * 1.001) + 1000))
  end
  return false
end

local function spend(book, at, requests, bytes)
  local free = text(math.ceil((at + book.window + book.margin) / book.step) * book.step)
  redis.call('ZADD', book.spent, free, free)
  redis.call('HINCRBY', book.head, 'r' .. free, requests)
  redis.call('HINCRBY', book.head, 'b' .. free, bytes)
  book.requests = redis.call('HINCRBY', book.head, 'requests', requests)
  book.bytes = redis.call('HINCRBY', book.head, 'bytes', bytes)
end

-- Books of which a part is gone say nothing: what is left of the spent is dropped, and the loss is noted.
local function begin(book)
  redis.call('DEL', book.head, book.spent)
  redis.call('HSET', book.head, 'lostAt', text(now))
  book.requests, book.bytes, book.lostAt = 0, 0, now
end

local function advance(book)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', book.flying, '-inf', text(now))) do
    spend(book, tonumber(redis.call('ZSCORE', book.flying, member)), 1, 0)
    redis.call('ZREM', book.flying, member)
  end
  for _, free in ipairs(redis.call('ZRANGEBYSCORE', book.spent, '-inf', text(now))) do
    local entry = redis.call('HMGET', book.head, 'r' .. free, 'b' .. free)
    book.requests = redis.call('HINCRBY', book.head, 'requests', 0 - tonumber(entry[1]))
    book.bytes = redis.call('HINCRBY', book.head, 'bytes', 0 - tonumber(entry[2]))
    redis.call('HDEL', book.head, 'r' .. free, 'b' .. free)
    redis.call('ZREM', book.spent, free)
  end
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', book.seen, '-inf', text(now))) do
    redis.call('ZREM', book.queue, member)
    redis.call('ZREM', book.seen, member)
  end
end

local books = {}
for first = 2, #KEYS, keysEach do
  local book = {}
  book.head, book.spent, book.flying, book.queue, book.seen, book.pause = unpack(KEYS, first, first + keysEach - 1)
  local argument = argumentsBefore + #books * argumentsEach
  book.window, book.margin = tonumber(ARGV[argument + 1]), tonumber(ARGV[argument + 2])
  book.step, book.look = tonumber(ARGV[argument + 3]), tonumber(ARGV[argument + 4])
  book.requestsMax, book.bytesMax = tonumber(ARGV[argument + 5]), tonumber(ARGV[argument + 6])
  local kept = redis.call('HMGET', book.head, 'requests', 'bytes', 'entries', 'flying', 'lostAt')
  book.requests, book.bytes = tonumber(kept[1]) or 0, tonumber(kept[2]) or 0
  book.lostAt = tonumber(kept[5])
  local entries, flying = redis.call('ZCARD', book.spent), redis.call('ZCARD', book.flying)
  if not book.lostAt or entries ~= (tonumber(kept[3]) or 0) or flying ~= (tonumber(kept[4]) or 0) then begin(book) end
  advance(book)
  book.pausedUntil = tonumber(redis.call('GET', book.pause))
  local knownPause = tonumber(ARGV[argument + 7])
  if not book.pausedUntil and knownPause > 0 then
    book.pausedUntil = now + knownPause
    setPause(book.pause, book.pausedUntil)
  end
  books[#books + 1] = book
end

local function lostAt() return tonumber(redis.call('HGET', KEYS[1], 'lostAt')) or 0 end

local function blockedUntil(book, lost)
  local quietUntil = 0
  if book.window <= quietMax then quietUntil = math.max(book.lostAt, lost) + lease + book.window + book.margin end
  return math.max(book.pausedUntil or 0, quietUntil)
end

-- The earliest time at which a request with so many waiters ahead can be granted.
local function freeAt(book, ahead)
  local requestsOver, bytesOver = 0, 0
  if book.requestsMax >= 0 then
    requestsOver = book.requests + redis.call('ZCARD', book.flying) + ahead + 1 - book.requestsMax
  end
  if book.bytesMax >= 0 then bytesOver = book.bytes + 1 - book.bytesMax end
  if requestsOver <= 0 and bytesOver <= 0 then return now end
  local entries = redis.call('ZRANGE', book.spent, 0, forecastMax - 1)
  for number, free in ipairs(entries) do
    local entry = redis.call('HMGET', book.head, 'r' .. free, 'b' .. free)
    requestsOver, bytesOver = requestsOver - tonumber(entry[1]), bytesOver - tonumber(entry[2])
    if (requestsOver <= 0 and bytesOver <= 0) or number == forecastMax then return tonumber(free) end
  end
  -- What is still in flight is free one window after its answer, and that is not before now.
  return now + book.window + book.margin
end

local function earliest(place)
  local latest, binding, lost = now, 0, lostAt()
  for number, book in ipairs(books) do
    local ahead
    if place then ahead = redis.call('ZCOUNT', book.queue, '-inf', '(' .. text(place))
    else ahead = redis.call('ZCARD', book.queue) end
    local at = math.max(blockedUntil(book, lost), freeAt(book, ahead))
    if at > latest then latest, binding = at, number end
  end
  return latest, binding
end

-- A restart and a change of master each change one of the two: what the last one did may be missing in these books.
local function noteKeeper()
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  local replication = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
  local keeper = run .. replication
  if redis.call('HGET', KEYS[1], 'keeper') ~= keeper then
    redis.call('HSET', KEYS[1], 'keeper', keeper, 'lostAt', text(now))
  end
end

local function ask()
  if books[1] and redis.call('ZSCORE', books[1].flying, id) then return {1} end
  noteKeeper()
  local place
  if detail == 'last' then
    -- Taken from the time, so that places keep their order when the last one is forgotten.
    place = math.max(now, (tonumber(redis.call('HGET', KEYS[1], 'place')) or 0) + 1)
    redis.call('HSET', KEYS[1], 'place', text(place))
  elseif detail ~= 'none' then place = tonumber(detail) end
  local at, binding = earliest(place)
  if binding == 0 then
    for _, book in ipairs(books) do
      redis.call('ZADD', book.flying, text(now + lease), id)
      redis.call('ZREM', book.queue, id)
      redis.call('ZREM', book.seen, id)
    end
    return {1}
  end
  local askAgainAt = at
  if place then
    for _, book in ipairs(books) do
      -- Whoever is held up elsewhere for longer than a slot here lasts lets others pass here until then.
      local claimAt = at - book.window - book.margin
      if claimAt <= now + book.look then
        redis.call('ZADD', book.queue, text(place), id)
        redis.call('ZADD', book.seen, text(now + waiterTtl), id)
      else
        redis.call('ZREM', book.queue, id)
        redis.call('ZREM', book.seen, id)
        askAgainAt = math.min(askAgainAt, claimAt)
      end
    end
  end
  return {0, askAgainAt - now, place or 0, binding}
end

local function status()
  local book = books[1]
  local blocked = math.max(0, blockedUntil(book, lostAt()) - now)
  local requests = book.requests + redis.call('ZCARD', book.flying)
  return {requests, book.bytes, redis.call('ZCARD', book.queue), blocked}
end

local answer = false
if operation == 'ask' then answer = ask() end
if operation == 'status' then answer = status() end
for _, book in ipairs(books) do
  if operation == 'renew' then redis.call('ZADD', book.flying, text(now + lease), id) end
  if operation == 'release' then
    redis.call('ZREM', book.flying, id)
    spend(book, now, 1, tonumber(detail))
  end
  if operation == 'forget' then
    for _, key in ipairs({book.flying, book.queue, book.seen}) do redis.call('ZREM', key, id) end
  end
  local sizes = {redis.call('ZCARD', book.spent), redis.call('ZCARD', book.flying)}
  redis.call('HSET', book.head, 'entries', sizes[1], 'flying', sizes[2])
  for _, key in ipairs({book.head, book.spent, book.flying, book.queue, book.seen}) do
    redis.call('EXPIRE', key, keepSeconds)
  end
end
return answer
`
