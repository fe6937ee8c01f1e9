/** Bytes per second over the last few seconds of progress reports. */

const WINDOW_MS = 4000

interface Sample {
  at: number
  sent: number
}

export class Speedometer {
  private samples: Sample[] = []

  add(at: number, sent: number): void {
    this.samples.push({ at, sent })
    this.samples = this.samples.filter((sample) => at - sample.at <= WINDOW_MS)
  }

  /** Null until there are two reports to compare. */
  get bytesPerSecond(): number | null {
    const first = this.samples[0]
    const last = this.samples.at(-1)
    if (!first || !last || last.at === first.at) return null
    return ((last.sent - first.sent) / (last.at - first.at)) * 1000
  }
}
