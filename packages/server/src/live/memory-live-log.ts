import { type LivePosition, type Topic, topics } from '@barkeep/core'
import type { LiveLog, LogBounds, LogEntry, LogFollower, LogRecord, LogSize } from './live-log.js'
import { leaseLost } from './publisher-lease.js'

export interface MemoryLiveLogOptions extends LogBounds {
  /** Unlike that of every other process. */
  readonly epoch: string
  /** Whether a token is that of the topic's last term. */
  readonly holds: (topic: Topic, token: number) => boolean
}

/** The log of this process: another process is another epoch. */
export function createMemoryLiveLog({ epoch, holds, messagesMax, bytesMax }: MemoryLiveLogOptions): LiveLog {
  const lines = new Map(topics.map((topic) => [topic, new Line(epoch, { messagesMax, bytesMax })]))
  const followers = new Set<LogFollower>()
  const lineOf = (topic: Topic) => lines.get(topic) ?? new Line(epoch, { messagesMax, bytesMax })
  return {
    async append(topic, entries, fence) {
      if (fence !== undefined && !holds(topic, fence)) throw leaseLost(topic, fence)
      const line = lineOf(topic)
      const records = entries.map((entry) => line.add(entry))
      if (records.length > 0) for (const follower of followers) follower.appended(topic, records)
      return line.end
    },
    since: async (topic, place, pageBytes) => lineOf(topic).since(place, pageBytes),
    async follow(follower) {
      followers.add(follower)
      return { kmin: lineOf('kmin').end, khour: lineOf('khour').end, kday: lineOf('kday').end }
    },
    size: async (topic) => lineOf(topic).size,
    async close() {
      followers.clear()
    },
  }
}

class Line {
  readonly #epoch: string
  readonly #bounds: LogBounds
  /** Records that went leave holes at the beginning, which are cut off now and then. */
  #records: (LogRecord | undefined)[] = []
  #first = 0
  #bytes = 0
  #last = 0

  constructor(epoch: string, bounds: LogBounds) {
    this.#epoch = epoch
    this.#bounds = bounds
  }

  get end(): LivePosition {
    return { epoch: this.#epoch, seq: this.#last }
  }

  get size(): LogSize {
    return { messages: this.#records.length - this.#first, bytes: this.#bytes }
  }

  add({ kind, body }: LogEntry): LogRecord {
    const record = { epoch: this.#epoch, seq: ++this.#last, kind, body }
    this.#records.push(record)
    this.#bytes += body.length
    while (this.#records.length - this.#first > this.#bounds.messagesMax || this.#bytes > this.#bounds.bytesMax) {
      this.#bytes -= this.#records[this.#first]?.body.length ?? 0
      this.#records[this.#first] = undefined
      this.#first += 1
    }
    if (this.#first > this.#records.length / 2) {
      this.#records = this.#records.slice(this.#first)
      this.#first = 0
    }
    return record
  }

  since({ epoch, seq }: LivePosition, pageBytes: number): readonly LogRecord[] | 'gone' {
    const held = this.#records.length - this.#first
    if (epoch !== this.#epoch || seq > this.#last || seq < this.#last - held) return 'gone'
    const page: LogRecord[] = []
    let bytes = 0
    for (let index = this.#records.length - (this.#last - seq); index < this.#records.length; index++) {
      const record = this.#records[index]
      if (record === undefined || (bytes > 0 && bytes + record.body.length > pageBytes)) break
      page.push(record)
      bytes += record.body.length
    }
    return page
  }
}
