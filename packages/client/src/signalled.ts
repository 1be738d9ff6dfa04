/** A call that can be called off. */
export interface Signalled {
  readonly signal?: AbortSignal
}
