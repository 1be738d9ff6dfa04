/** One line on a terminal that says how far a long job is; without a terminal, a line every tenth. */
export class Progress {
  readonly #startedMs = Date.now()
  readonly #label: string
  #lastTenth = -1
  #lastMs = 0

  constructor(label: string) {
    this.#label = label
  }

  /** `share` from 0 to 1 of the work; `rows` done so far. */
  show(share: number, rows: number): void {
    const nowMs = Date.now()
    const seconds = Math.max(0.001, (nowMs - this.#startedMs) / 1_000)
    const left = share > 0 ? Math.ceil((seconds / share) * (1 - share)) : 0
    const text = `${this.#label} ${Math.floor(share * 100)} %, ${rows.toLocaleString('en')} rows, ${Math.round(rows / seconds).toLocaleString('en')} rows/s, ${left} s left`
    const tenth = Math.floor(share * 10)
    if (process.stderr.isTTY && (nowMs - this.#lastMs > 100 || share === 1)) {
      process.stderr.write(`\r\u001b[K${text}${share === 1 ? '\n' : ''}`)
      this.#lastMs = nowMs
    } else if (!process.stderr.isTTY && tenth > this.#lastTenth) {
      process.stderr.write(`${text}\n`)
    }
    this.#lastTenth = tenth
  }
}
