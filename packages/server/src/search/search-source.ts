import type { FoundHit } from '@barkeep/core'

/** Something that can be searched. It knows nothing of other sources, nor of who asks. */
export interface SearchSource {
  readonly id: string
  /**
   * What it finds for a few words, page by page. `query` is as it was typed, without blanks around it. Ends soon after
   * the signal is aborted. Throws BarkeepError; what it has given by then stays.
   */
  search(query: string, signal: AbortSignal): AsyncIterable<readonly FoundHit[]>
}
