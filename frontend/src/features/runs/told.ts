import type { FigureData } from '@/components/figure/template'
import { isObject } from '@/lib/json'

/** How many rows a figure has whose vertical axis names them. */
export function countRows(figure: FigureData): number {
  const { yaxis } = figure.layout
  return isObject(yaxis) && Array.isArray(yaxis.ticktext) ? yaxis.ticktext.length : 0
}

/** The layers that a figure's lines belong to, each once, as the lines' `meta` names them. */
export function layersOf(figure: FigureData): string[] {
  const names = figure.data.map((trace) => (isObject(trace) ? trace.meta : undefined))
  return [...new Set(names.filter((name): name is string => typeof name === 'string'))]
}
