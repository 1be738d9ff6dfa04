/** The text as a string of its own: a part of a string keeps the whole, often a chunk of a file, in memory as long as it lives. */
export function detached(text: string): string {
  return Buffer.from(text).toString()
}
