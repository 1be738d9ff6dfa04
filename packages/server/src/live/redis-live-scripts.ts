import { leaseTransitions } from './publisher-lease.js'

/** How a script learns what time it is; tests hand in another clock. */
export const redisTime = "redis.call('TIME')"

const states = Object.entries(leaseTransitions).map(([state, events]) => {
  const next = Object.entries(events).map(([event, to]) => `${event} = '${to}'`)
  return `${state} = {${next.join(', ')}}`
})

/** The lease of a topic as it stands now: `state`, `token`, `expiresMs`. */
const readLease = (time: string) => `
local function whole(number) return string.format('%.0f', number) end
local time = ${time}
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local kept = redis.call('HMGET', KEYS[1], 'state', 'token', 'expiresMs')
local state, token, expiresMs = kept[1] or 'free', tonumber(kept[2]) or 0, tonumber(kept[3]) or 0
local transitions = {${states.join(', ')}}
if state == 'held' and now >= expiresMs then state = transitions[state].expire end
`

/**
 * Something happens to the lease of a topic.
 *   KEYS    the lease
 *   ARGV    event, token (of who renews, leaves or releases), leaseMs
 *   Answer  1, token, expiresMs; or 0, token of the last term, milliseconds until it ends
 */
export const leaseScript = (time: string) => `${readLease(time)}
local event = ARGV[1]
if event == 'acquire' and state == 'held' then return {0, token, expiresMs - now} end
if event == 'acquire' or event == 'takeover' then
  -- The clock makes it larger than all tokens that a Redis without memory gave.
  token = math.max(token + 1, now)
elseif tonumber(ARGV[2]) ~= token or state == 'free' then return {0, token, 0} end
expiresMs = now + tonumber(ARGV[3])
redis.call('HSET', KEYS[1], 'state', transitions[state][event], 'token', whole(token), 'expiresMs', whole(expiresMs))
return {1, token, expiresMs}
`

/** Whether the log is the one that this run of Redis began: one that came back may have lost its end. */
const readMeta = (key: string) => `
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local meta = redis.call('HMGET', ${key}, 'run', 'epoch', 'seq', 'bytes')
local isSound = meta[1] == run
local epoch, seq, bytes = meta[2], tonumber(meta[3]) or 0, tonumber(meta[4]) or 0
`

/**
 * Says where a log ends; begins a new epoch where it is not sound, or is to be given up. Numbers go on, so that who reads the
 * stream goes on reading.
 *   KEYS    meta, stream
 *   ARGV    the new epoch, the epoch to give up, * for any or '', a number that was given before
 *   Answer  epoch, seq
 */
export const openScript = `${readMeta('KEYS[1]')}
if not isSound or ARGV[2] == '*' or epoch == ARGV[2] then
  epoch = ARGV[1]
  seq = math.max(seq, tonumber(ARGV[3]))
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'run', run, 'epoch', epoch, 'seq', string.format('%.0f', seq), 'bytes', 0)
end
return {epoch, seq}
`

/** How long it is remembered what the last append of a process did; longer than one is tried again. */
const rememberedSeconds = 3_600

/**
 * Appends entries, or tells what the same append did before: an answer can be lost on its way.
 *   KEYS    lease, meta, stream, last append of the process
 *   ARGV    fence or '', epoch, number of the append, messagesMax, bytesMax, then kind and body of each
 *   Answer  'kept' and the last number, 'lost', or 'other' where the log is another one
 */
export const appendScript = (time: string) => `${readLease(time)}${readMeta('KEYS[2]')}
if not isSound or epoch ~= ARGV[2] then return {'other'} end
local name = ARGV[3] .. ' ' .. epoch .. ' '
local before = redis.call('GET', KEYS[4])
if before and string.sub(before, 1, #name) == name then return {'kept', tonumber(string.sub(before, #name + 1))} end
if ARGV[1] ~= '' and (tonumber(ARGV[1]) ~= token or state == 'free') then return {'lost'} end
for i = 6, #ARGV, 2 do
  seq = seq + 1
  redis.call('XADD', KEYS[3], whole(seq) .. '-0', 'epoch', epoch, 'kind', ARGV[i], 'body', ARGV[i + 1])
  bytes = bytes + #ARGV[i + 1]
end
local count = redis.call('XLEN', KEYS[3])
while count > 0 and (count > tonumber(ARGV[4]) or bytes > tonumber(ARGV[5])) do
  local oldest = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
  bytes = bytes - #oldest[2][6]
  redis.call('XDEL', KEYS[3], oldest[1])
  count = count - 1
end
redis.call('HSET', KEYS[2], 'seq', whole(seq), 'bytes', whole(bytes))
redis.call('SET', KEYS[4], name .. whole(seq), 'EX', ${rememberedSeconds})
return {'kept', seq}
`

/**
 * What follows a place.
 *   KEYS    meta, stream
 *   ARGV    epoch, seq, bytes of a page
 *   Answer  'gone', or 'page' and number, kind, body of each record
 */
export const sinceScript = `${readMeta('KEYS[1]')}
local from = tonumber(ARGV[2])
local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
local first = oldest and tonumber(string.match(oldest[1], '^%d+')) or seq + 1
if not isSound or epoch ~= ARGV[1] or from > seq or from < first - 1 then return {'gone'} end
local page, size = {'page'}, 0
while from < seq and size < tonumber(ARGV[3]) do
  local record = redis.call('XRANGE', KEYS[2], string.format('%.0f-0', from + 1), '+', 'COUNT', 1)[1]
  from = tonumber(string.match(record[1], '^%d+'))
  size = size + #record[2][6]
  for _, value in ipairs({from, record[2][4], record[2][6]}) do table.insert(page, value) end
end
return page
`
