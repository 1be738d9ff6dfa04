const REDRAW_MS = 100
const BAR_CHARACTERS = 20

export interface ProgressOptions {
  readonly output?: { readonly isTTY?: boolean; write(text: string): unknown }
  readonly now?: () => number
}

/** One line on a terminal that says how far a long job is; without a terminal, a line every tenth. */
export class Progress {
  readonly #label: string
  readonly #output: NonNullable<ProgressOptions['output']>
  readonly #now: () => number
  readonly #startedMs: number
  #tenthsShown = 0
  #drawnMs = Number.NEGATIVE_INFINITY
  #drawn = ''

  constructor(label: string, { output = process.stderr, now = Date.now }: ProgressOptions = {}) {
    this.#label = label
    this.#output = output
    this.#now = now
    this.#startedMs = now()
  }

  /** `share` from 0 to 1 of the work; `rows` done so far. The whole is shown once. */
  show(share: number, rows: number): void {
    const nowMs = this.#now()
    const tenths = Math.floor(share * 10)
    const isOver = this.#tenthsShown === 10
    if (isOver) return
    if (this.#output.isTTY === true) {
      if (share < 1 && nowMs - this.#drawnMs < REDRAW_MS) return
      this.#drawn = `${this.#label} ${barOf(share)} ${this.#text(share, rows, nowMs)}`
      this.#drawnMs = nowMs
      this.#output.write(`\r\u001b[K${this.#drawn}`)
      if (share >= 1) this.stop()
    } else if (tenths > this.#tenthsShown) {
      this.#output.write(`${this.#label} ${this.#text(share, rows, nowMs)}\n`)
    }
    this.#tenthsShown = tenths
  }

  /** Writes a line without breaking the one that is redrawn. */
  print(line: string): void {
    this.#output.write(this.#drawn === '' ? `${line}\n` : `\r\u001b[K${line}\n${this.#drawn}`)
  }

  /** Leaves the line as it stands, so that what follows begins below it. */
  stop(): void {
    if (this.#drawn !== '') this.#output.write('\n')
    this.#drawn = ''
  }

  #text(share: number, rows: number, nowMs: number): string {
    const seconds = Math.max(0.001, (nowMs - this.#startedMs) / 1_000)
    const left =
      share >= 1 ? `in ${durationOf(seconds)}` : `${share > 0 ? durationOf((seconds / share) * (1 - share)) : '?'} left`
    const rate = Math.round(rows / seconds)
    return `${Math.floor(share * 100)} %, ${rows.toLocaleString('en')} rows, ${rate.toLocaleString('en')} rows/s, ${left}`
  }
}

function barOf(share: number): string {
  const full = Math.floor(Math.min(1, share) * BAR_CHARACTERS)
  return `[${'#'.repeat(full)}${'-'.repeat(BAR_CHARACTERS - full)}]`
}

/** `7 s`, `3 min 5 s`, `2 h 10 min`. */
function durationOf(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
