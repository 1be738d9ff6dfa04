/**
 * One limit of an upstream. `key` names what is limited: 'twse:ip' for a limit that all connectors to one host share,
 * 'fugle:main' for one of the credential named main (its name, never its secret). Limits with the same key and `perMs` share their slots, whoever asks.
 */
export interface Limit {
  readonly key: string
  /** So many requests may arrive in any window of `perMs`. */
  readonly requests?: number
  /** No request leaves while the answers of the last `perMs` hold this many bytes or more. */
  readonly bytes?: number
  /** Length of the window, in milliseconds. */
  readonly perMs: number
}

/**
 * `reserve` waits in the order of arrival and sleeps until its moment; `attempt` tries, backs off and gives up.
 * See docs/guide/limits.md.
 */
export type WaitMode = 'reserve' | 'attempt'

export interface AcquireOptions {
  readonly signal?: AbortSignal
  /** `reserve` unless given. */
  readonly mode?: WaitMode
}

/** The right to send one request, now. Release it when the answer has come, whatever the answer is. */
export interface Slot {
  /**
   * Aborted when the slot can no longer be held, because Redis was out of reach for too long or because the request
   * takes longer than `holdMsMax`. Hand it to the request: what is sent after that moment is not counted. An aborted
   * slot is released like any other.
   */
  readonly signal: AbortSignal
  /**
   * The answer came, or the request failed: the slot is free one window from now. `bytes` count from now, too.
   * Rejects with SERVICE_UNAVAILABLE when Redis stays out of reach; then the slot comes back with its lease.
   */
  release(answer?: { readonly bytes?: number }): Promise<void>
  /** Nothing was sent: the slot is free at once. */
  cancel(): Promise<void>
}

export interface LimitStatus {
  /** Requests in flight and those answered less than one window ago. */
  readonly requestsUsed: number
  /** null when the limit counts no requests. */
  readonly requestsFree: number | null
  readonly bytesUsed: number
  readonly bytesFree: number | null
  readonly waiting: number
  /** How long nothing will be granted, after a Retry-After, a ban or a loss of state, in milliseconds; 0 if not blocked. */
  readonly blockedForMs: number
}

/** Holds requests back so that no upstream sees more of them than its limits allow. */
export interface Limiter {
  /**
   * Waits until every one of `limits` has room, and takes a slot of all of them in one step or of none.
   * Rejects with the signal's reason when aborted, TOO_MANY_REQUESTS when all tries of the mode `attempt` were denied,
   * OVER_CAPACITY when too many wait already, SERVICE_UNAVAILABLE when Redis is out of reach or the limiter closes.
   */
  acquire(limits: readonly Limit[], options?: AcquireOptions): Promise<Slot>
  /** Grants nothing on the limits of `key` for `delayMs`, in all processes. A pause grows, it never shrinks. */
  pause(key: string, delayMs: number): Promise<void>
  /** Ends the pause of `key` at once, in all processes; who waits notices within one heartbeat. Nothing else is forgotten. */
  resume(key: string): Promise<void>
  status(limit: Limit): Promise<LimitStatus>
  /** Rejects who waits. Slots that are held may still be released; while Redis is away they come back with their lease. */
  close(): Promise<void>
}
