import type { ImportReport, LayerVerdict } from '@/lib/api/types'

/** Which pins hold a layer: its own, or that of a layer whose channels go together with its own. */
export function pinsOn(verdict: LayerVerdict, pins: readonly string[]): string[] {
  const holders = new Set([verdict.layer, ...verdict.coupled_with])
  return pins.filter((pin) => holders.has(pin))
}

/** Pins a layer, or takes away every pin that holds it. */
export function togglePin(verdict: LayerVerdict, pins: readonly string[]): string[] {
  const holding = pinsOn(verdict, pins)
  return holding.length > 0 ? pins.filter((pin) => !holding.includes(pin)) : [...pins, verdict.layer]
}

/** The pins that name a layer of this network. */
export function knownPins(report: ImportReport, pins: readonly string[]): string[] {
  const names = new Set(report.layers.map((verdict) => verdict.layer))
  return pins.filter((pin) => names.has(pin))
}
