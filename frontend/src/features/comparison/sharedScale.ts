import type { FirstLayer } from '@/lib/api/types'

interface Scaled {
  type?: string
  zmax?: number
  colorbar?: { title?: { text?: string } }
}

/** Maps that show the same measure get one scale, so that their colors can be compared. */
export function shareScale(entries: (FirstLayer | undefined)[]): (FirstLayer | undefined)[] {
  const traces = entries.flatMap((entry) => (entry?.figure.data ?? []) as Scaled[])
  const largest = (measure: string) => Math.max(...traces.filter((trace) => measureOf(trace) === measure).map(topOf))
  const scale = (trace: Scaled) => {
    const measure = measureOf(trace)
    return measure === null ? trace : { ...trace, zmax: largest(measure) }
  }
  return entries.map((entry) => entry && withTraces(entry, scale))
}

function withTraces(entry: FirstLayer, change: (trace: Scaled) => Scaled): FirstLayer {
  const data = (entry.figure.data as Scaled[]).map(change) as FirstLayer['figure']['data']
  return { ...entry, figure: { ...entry.figure, data } }
}

/** The title of a heat map's scale; null for other traces. */
function measureOf({ type, colorbar }: Scaled): string | null {
  return type === 'heatmap' ? (colorbar?.title?.text ?? '') : null
}

function topOf({ zmax }: Scaled): number {
  return zmax ?? 0
}
