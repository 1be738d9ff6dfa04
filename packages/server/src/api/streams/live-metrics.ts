import { type Topic, topics } from '@barkeep/core'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { LiveService } from './live-port.js'

/** Who listens, what is sent to them, how fast, and what becomes of those who are slow: docs/reference/metrics.md. */
export function liveMetrics(registry: Registry, live: LiveService): void {
  const registers = [registry]
  new Gauge({
    name: 'barkeep_live_connections',
    help: 'Connections of subscribers and publishers, and streams of server-sent events.',
    registers,
    collect() {
      this.set(live.stats().connections)
    },
  })
  new Gauge({
    name: 'barkeep_live_subscribers',
    help: 'Subscriptions of a topic by their state: live, catching up out of the log, or behind.',
    labelNames: ['topic', 'state'],
    registers,
    collect() {
      const { topics: stats } = live.stats()
      for (const topic of topics) {
        for (const [state, count] of Object.entries(stats[topic].subscribers)) this.set({ topic, state }, count)
      }
    },
  })
  new Gauge({
    name: 'barkeep_live_outbox_bytes',
    help: 'Bytes that wait for subscribers: for all of them together, and for the one who has most to take.',
    labelNames: ['of'],
    registers,
    collect() {
      const { bytes, bytesMax } = live.stats().outboxes
      this.set({ of: 'all' }, bytes)
      this.set({ of: 'fullest' }, bytesMax)
    },
  })
  topicCounter(registers, live, 'messages', 'Messages that were sent, once for each subscriber.')
  topicCounter(registers, live, 'bytes', 'Bytes of those messages, as written.')
  new Counter({
    name: 'barkeep_live_gaps_total',
    help: 'Gaps that subscribers were told: slow, their bars were conflated; gone, the log is another one.',
    labelNames: ['topic', 'reason'],
    registers,
    collect() {
      this.reset()
      const { topics: stats } = live.stats()
      for (const topic of topics) {
        for (const [reason, count] of Object.entries(stats[topic].gaps)) this.inc({ topic, reason }, count)
      }
    },
  })
  new Counter({
    name: 'barkeep_live_cuts_total',
    help: 'Connections that were cut off: slow, answers unread, too many words, bytes.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset()
      for (const [reason, count] of Object.entries(live.stats().cuts)) this.inc({ reason }, count)
    },
  })
  new Counter({
    name: 'barkeep_live_lease_terms_total',
    help: 'Terms of a lease that publishers began at this server; one that goes on rising is a topic that many want.',
    labelNames: ['topic'],
    registers,
    collect() {
      this.reset()
      const { topics: stats } = live.stats()
      for (const topic of topics) this.inc({ topic }, stats[topic].terms)
    },
  })
  logGauge(registers, live, 'messages', 'Messages that the log of a topic holds.')
  logGauge(registers, live, 'bytes', 'Bytes that the log of a topic holds.')
  observeTimes(registers, live)
}

function topicCounter(registers: Registry[], live: LiveService, what: 'messages' | 'bytes', help: string): void {
  new Counter({
    name: `barkeep_live_sent_${what}_total`,
    help,
    labelNames: ['topic'],
    registers,
    collect() {
      this.reset()
      const { topics: stats } = live.stats()
      for (const topic of topics) this.inc({ topic }, stats[topic][what])
    },
  })
}

function logGauge(registers: Registry[], live: LiveService, what: 'messages' | 'bytes', help: string): void {
  new Gauge({
    name: `barkeep_live_log_${what}`,
    help,
    labelNames: ['topic'],
    registers,
    async collect() {
      // Of a Redis that is away nothing is told: no value is better than a wrong one, and the others are still wanted.
      this.reset()
      const sizes = await Promise.allSettled(topics.map((topic) => live.logSize(topic)))
      for (const [index, topic] of topics.entries()) {
        const size = sizes[index]
        if (size?.status === 'fulfilled') this.set({ topic }, size.value[what])
      }
    },
  })
}

function observeTimes(registers: Registry[], live: LiveService): void {
  const publish = new Histogram({
    name: 'barkeep_live_publish_seconds',
    help: 'From the arrival of a publication until its bars were kept and broadcast.',
    labelNames: ['topic'],
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 10],
    registers,
  })
  const lateness = new Histogram({
    name: 'barkeep_live_done_lateness_seconds',
    help: 'From the end of a minute, an hour or a session until it was told to be complete.',
    labelNames: ['topic'],
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 120, 600],
    registers,
  })
  live.observe({
    published: (topic: Topic, elapsedMs) => publish.observe({ topic }, elapsedMs / 1_000),
    done: (topic: Topic, lateMs) => lateness.observe({ topic }, lateMs / 1_000),
  })
}
