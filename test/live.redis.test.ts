import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type RedisServer,
  redisMissing,
  startRedis,
} from '../packages/server/src/crawl/limiter/redis-server.contract.js'
import { barAt, type LiveRig, openLiveRig } from './live-rig.js'

describe.skipIf(redisMissing)('with redis.url', () => {
  let redis: RedisServer
  let rig: LiveRig

  beforeAll(async () => {
    redis = await startRedis()
    rig = await openLiveRig({ 'redis.url': `redis://127.0.0.1:${redis.port}` })
  })
  afterAll(async () => {
    await rig.close()
    await redis.stop()
  })

  test('bars are sent and resumed as without, and a Redis that comes back empty is a gap', async () => {
    const [publisher, listener] = await Promise.all([rig.connect(), rig.connect()])
    await listener.say('sub_kmin')
    const first = await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0)] })
    expect(first).toMatchObject({ ok: true, rows: 1, lease: { token: expect.any(Number) } })
    await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'B', 0)] })
    await listener.until(() => listener.messages.length === 2)
    const late = await rig.connect()
    const { epoch, seq } = first
    expect(await late.say('sub_kmin', { since: { epoch, seq } })).toMatchObject({ epoch, seq, gone: false })
    await late.until(() => late.messages.length === 1)
    expect(late.messages).toEqual(listener.messages.slice(1))

    await redis.restart()
    await listener.until(() => listener.gaps.length > 0)
    expect(listener.gaps[0]).toMatchObject({ topic: 'kmin', reason: 'gone', since: { epoch } })
    // The lease went with Redis; a publisher takes it anew.
    let again = await publisher.say('lease_kmin')
    while (again.error !== undefined) again = await publisher.say('lease_kmin')
    expect(again.lease.token).toBeGreaterThan(first.lease.token)
    expect(await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 1)] })).toMatchObject({ ok: true })
    await listener.until(() => listener.messages.length === 3)
    expect(listener.messages.at(-1)?.epoch).toBe(listener.gaps[0]?.until.epoch)
    expect(await rig.stored('1m')).toHaveLength(3)
  })
})
