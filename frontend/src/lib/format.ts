/** Numbers as people read them. Every function takes `null` or `undefined` for "not known yet". */

type Maybe = number | null | undefined

const UNKNOWN = '–'
const whole = new Intl.NumberFormat('en')
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })
const moment = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' })
const MOST_LOSS = 10_000
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

export function formatCount(value: Maybe): string {
  return value == null ? UNKNOWN : whole.format(value)
}

export function formatCompact(value: Maybe): string {
  return value == null ? UNKNOWN : compact.format(value)
}

export function formatPercent(share: Maybe, digits = 1): string {
  return share == null ? UNKNOWN : `${(share * 100).toFixed(digits)}%`
}

/** What is lost of a whole, as a share of it; below 0 something was gained. */
export function formatLost(share: number): string {
  return `${formatPercent(Math.abs(share))} ${share < 0 ? 'more' : 'less'}`
}

/** A part of a whole; one that is not quite everything never reads as everything. */
export function formatPart(share: number): string {
  const text = formatPercent(share)
  return share < 1 && text === formatPercent(1) ? '> 99.9%' : text
}

/** Four digits after the point; the loss of a run that went astray in powers of ten, which is all there is room for. */
export function formatLoss(value: Maybe): string {
  if (value == null) return UNKNOWN
  return Math.abs(value) < MOST_LOSS ? value.toFixed(4) : value.toExponential(2)
}

export function formatBytes(bytes: Maybe): string {
  if (bytes == null) return UNKNOWN
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1)
  const value = bytes / 1000 ** power
  return `${power === 0 ? whole.format(value) : value.toPrecision(3)} ${UNITS[power] ?? ''}`
}

/** A factor, such as how many times faster. */
export function formatFactor(value: Maybe): string {
  return value == null ? UNKNOWN : `${value.toFixed(2)} ×`
}

export function formatMilliseconds(value: Maybe): string {
  return value == null ? UNKNOWN : `${value < 100 ? value.toPrecision(3) : whole.format(Math.round(value))} ms`
}

export function formatDuration(seconds: Maybe): string {
  if (seconds == null) return UNKNOWN
  const total = Math.round(seconds)
  const hours = Math.floor(total / 3600)
  const minutes = Math.floor((total % 3600) / 60)
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${total % 60} s` : `${total} s`
}

export function formatMoment(iso: string | null | undefined): string {
  return iso == null ? UNKNOWN : moment.format(new Date(iso))
}

/** A measured value of any size, with four digits; whole numbers in full. */
export function formatNumber(value: Maybe): string {
  if (value == null) return UNKNOWN
  return Number.isInteger(value) ? whole.format(value) : String(Number(value.toPrecision(4)))
}

export function formatShape(shape: readonly number[]): string {
  return shape.length === 0 ? 'one number' : shape.join(' × ')
}
