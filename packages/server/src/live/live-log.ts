import type { LivePosition, Topic } from '@barkeep/core'

/** A message before it has its place. */
export interface LogEntry {
  readonly kind: 'bars' | 'done'
  /** Its fields behind the place, as JSON without the braces: `"ts":"2026-11-20T01:00:00Z","bars":[…]`. */
  readonly body: string
}

/** A message at its place. */
export interface LogRecord extends LogEntry, LivePosition {}

/** Who hears what is appended, each topic in its order. None of its functions may throw. */
export interface LogFollower {
  appended(topic: Topic, records: readonly LogRecord[]): void
  /** The log is another one now and begins behind `position`. */
  restarted(topic: Topic, position: LivePosition): void
}

/**
 * The messages of each topic in one order for everybody, bounded in number and bytes: the oldest go first.
 * A log that cannot vouch for what it had begins a new epoch.
 */
export interface LiveLog {
  /**
   * Gives entries their places, one behind the other, and keeps them. Resolves with the last place when all followers in
   * this process were told. With a fence, nothing is kept unless that token is the one of the topic's last term.
   * Throws LEASE_LOST, SERVICE_UNAVAILABLE.
   */
  append(topic: Topic, entries: readonly LogEntry[], fence?: number): Promise<LivePosition>
  /** What follows a place, at least one record and about `bytesMax` bytes, none at the end; `gone` where that is not known. */
  since(topic: Topic, place: LivePosition, bytesMax: number): Promise<readonly LogRecord[] | 'gone'>
  /** Begins to tell a follower. Gives the places behind which it hears everything. */
  follow(follower: LogFollower): Promise<Readonly<Record<Topic, LivePosition>>>
  /** What is held of a topic. Throws SERVICE_UNAVAILABLE. */
  size(topic: Topic): Promise<LogSize>
  close(): Promise<void>
}

export interface LogSize {
  readonly messages: number
  readonly bytes: number
}

/** What a log may hold of each topic. */
export interface LogBounds {
  readonly messagesMax: number
  readonly bytesMax: number
}
