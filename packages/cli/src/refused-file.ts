import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import type { Refusal } from '@barkeep/connectors'
import { BarkeepError } from '@barkeep/core'

/** Refused rows that are shown; all of them are in the file. */
export const REFUSED_SHOWN_MAX = 10

/** Shows the first refusals, and writes all of them to a file once there are too many to show. */
export class RefusedFile {
  readonly path: string
  readonly reasons = new Map<string, number>()
  readonly #show: (line: string) => void
  readonly #shown: Refusal[] = []
  #file: WriteStream | undefined
  #count = 0

  constructor(path: string, show: (line: string) => void) {
    this.path = path
    this.#show = show
  }

  get count(): number {
    return this.#count
  }

  get isWritten(): boolean {
    return this.#file !== undefined
  }

  /** Resolves when the file can take more. Throws INVALID_PARAMETER when it cannot be written. */
  async write(refusals: readonly Refusal[]): Promise<void> {
    const lines: string[] = []
    for (const refusal of refusals) {
      this.#count += 1
      this.reasons.set(refusal.reason, (this.reasons.get(refusal.reason) ?? 0) + 1)
      if (this.#shown.length < REFUSED_SHOWN_MAX) {
        this.#shown.push(refusal)
        this.#show(`${refusal.file}:${refusal.line}: ${refusal.reason}: ${refusal.text}`)
      } else lines.push(csvLine(refusal))
    }
    if (lines.length === 0) return
    await this.#guarded(async () => {
      this.#file ??= await this.#open()
      // A stream that failed never drains.
      if (this.#file.errored !== null) throw this.#file.errored
      if (!this.#file.write(lines.join(''))) await once(this.#file, 'drain')
    })
  }

  async close(): Promise<void> {
    const file = this.#file
    if (file === undefined) return
    await this.#guarded(async () => {
      file.end()
      await finished(file)
    })
  }

  async #open(): Promise<WriteStream> {
    const file = createWriteStream(this.path)
    await once(file, 'open')
    // Whoever writes next or closes meets the error; without a listener it would end the process.
    file.on('error', () => undefined)
    file.write(`file,line,reason,text\n${this.#shown.map(csvLine).join('')}`)
    return file
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new BarkeepError('INVALID_PARAMETER', {
        message: `refused: '${this.path}' cannot be written: ${reason}. Name another file with --refused.`,
        cause,
      })
    }
  }
}

function csvLine({ file, line, reason, text }: Refusal): string {
  return `${[file, String(line), reason, text].map((field) => `"${field.replaceAll('"', '""')}"`).join(',')}\n`
}
