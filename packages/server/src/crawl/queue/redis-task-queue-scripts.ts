import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

/**
 * Who wants which task: the truth of the queue on Redis. BullMQ's jobs only carry tasks to workers, and a job whose
 * number is not the one in the record is stale: nobody asks for it any more. Each script is one step.
 *
 * Keys, all behind one prefix whose part in braces keeps them on one node of a cluster:
 *   last             number given to the last asking of a task
 *   lastCrawl        highest crawl that ever wanted one
 *   task:<key>       hash: `number` of the asking, `state` (open, dead), `crawls` that want it, as ' 1 2 '
 *   open:<crawl>     set of task keys that wait or are being worked on; likewise done:<crawl> and dead:<crawl>
 * What ended is forgotten `keepSeconds` after the last task of its crawl.
 */
const shared = `
local function setOf(prefix, kind, crawl) return prefix .. kind .. ':' .. crawl end

-- A crawl is remembered while any of its tasks is open, and for a while after that.
local function touch(prefix, crawl, keepSeconds)
  local isOpen = redis.call('EXISTS', setOf(prefix, 'open', crawl)) == 1
  for _, kind in ipairs({'done', 'dead'}) do
    if isOpen then redis.call('PERSIST', setOf(prefix, kind, crawl))
    else redis.call('EXPIRE', setOf(prefix, kind, crawl), keepSeconds) end
  end
end

local function moveAll(prefix, crawls, key, from, to, keepSeconds)
  for crawl in string.gmatch(crawls, '%d+') do
    redis.call('SMOVE', setOf(prefix, from, crawl), setOf(prefix, to, crawl), key)
    touch(prefix, crawl, keepSeconds)
  end
end
`

/**
 * A crawl wants tasks.
 *   KEYS    last, lastCrawl, then the record of each task
 *   ARGV    prefix, keepSeconds, crawl, then the key of each task
 *   Answer  for each task the number of its asking, or 0 where it ended in this crawl
 */
const joinScript = `${shared}
local prefix, keepSeconds, crawl = ARGV[1], ARGV[2], ARGV[3]
local numbers = {}
if tonumber(crawl) > (tonumber(redis.call('GET', KEYS[2])) or 0) then redis.call('SET', KEYS[2], crawl) end
for i = 3, #KEYS do
  local key, number = ARGV[i + 1], 0
  local isDone = redis.call('SISMEMBER', setOf(prefix, 'done', crawl), key) == 1
  if not isDone and redis.call('SISMEMBER', setOf(prefix, 'dead', crawl), key) == 0 then
    local record = redis.call('HMGET', KEYS[i], 'number', 'state', 'crawls')
    local crawls = record[3] or ' '
    number = tonumber(record[1])
    if record[2] ~= 'open' then
      -- A dead task that is wanted anew lives again for all who wanted it.
      number = redis.call('INCR', KEYS[1])
      moveAll(prefix, crawls, key, 'dead', 'open', keepSeconds)
      redis.call('PERSIST', KEYS[i])
    end
    if not string.find(crawls, ' ' .. crawl .. ' ', 1, true) then crawls = crawls .. crawl .. ' ' end
    redis.call('HSET', KEYS[i], 'number', number, 'state', 'open', 'crawls', crawls)
    redis.call('SADD', setOf(prefix, 'open', crawl), key)
  end
  numbers[#numbers + 1] = number
end
touch(prefix, crawl, keepSeconds)
return numbers
`

/**
 * An asking ended, for all crawls that wanted it.
 *   KEYS    the record
 *   ARGV    prefix, keepSeconds, key, number, done or dead, crawls as they were seen ('' for any)
 *   Answer  1; 0 when other crawls want it by now than those that were seen: nothing was done then
 */
const endScript = `${shared}
local prefix, keepSeconds, key, number, to, seen = unpack(ARGV)
local record = redis.call('HMGET', KEYS[1], 'number', 'crawls', 'state')
if record[1] ~= number then return 1 end
if seen ~= '' and record[2] ~= seen then return 0 end
moveAll(prefix, record[2], key, record[3], to, keepSeconds)
if to == 'dead' then
  redis.call('HSET', KEYS[1], 'state', 'dead')
  redis.call('EXPIRE', KEYS[1], keepSeconds)
else redis.call('DEL', KEYS[1]) end
return 1
`

/**
 * A crawl does not want some of its open tasks any more. What nobody wants loses its record, and its job is stale.
 *   KEYS    the record of each task
 *   ARGV    prefix, keepSeconds, crawl, then the key of each task
 *   Answer  nil
 */
const leaveScript = `${shared}
local prefix, keepSeconds, crawl = ARGV[1], ARGV[2], ARGV[3]
for i = 1, #KEYS do
  local others = string.gsub(redis.call('HGET', KEYS[i], 'crawls') or ' ', ' ' .. crawl .. ' ', ' ')
  if others == ' ' then redis.call('DEL', KEYS[i])
  else redis.call('HSET', KEYS[i], 'crawls', others) end
  redis.call('SREM', setOf(prefix, 'open', crawl), ARGV[i + 3])
end
touch(prefix, crawl, keepSeconds)
return false
`

/**
 * A dead task is to be tried again.
 *   KEYS    the record
 *   ARGV    prefix, keepSeconds, key, number
 *   Answer  1; 0 when the task was asked for anew since then
 */
const reviveScript = `${shared}
local prefix, keepSeconds, key, number = unpack(ARGV)
local record = redis.call('HMGET', KEYS[1], 'number', 'crawls')
if record[1] ~= number then return 0 end
redis.call('HSET', KEYS[1], 'state', 'open')
redis.call('PERSIST', KEYS[1])
moveAll(prefix, record[2], key, 'dead', 'open', keepSeconds)
return 1
`

const scripts = { join: joinScript, end: endScript, leave: leaveScript, revive: reviveScript } as const

const digests = new Map(
  Object.values(scripts).map((script) => [script, createHash('sha1').update(script).digest('hex')] as const),
)

/** Runs one of the scripts above. */
export async function runScript(
  redis: Redis,
  name: keyof typeof scripts,
  keys: readonly string[],
  values: readonly (string | number)[],
): Promise<unknown> {
  const script = scripts[name]
  try {
    return await redis.evalsha(digests.get(script) ?? '', keys.length, ...keys, ...values)
  } catch (error) {
    // Redis does not know the script yet, or forgot it in a restart.
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return await redis.eval(script, keys.length, ...keys, ...values)
  }
}
