import { useComputedColorScheme } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useEffect, useRef } from 'react'
import { dress, legendRoom, pickTraces, type FigureData } from './template'

interface Props {
  figure: FigureData
  label: string
  name: string
  height?: number
  /** Gets the `customdata` of a clicked point. */
  onSelect?: (customdata: unknown) => void
}

const CONFIG = { responsive: true, displaylogo: false, displayModeBar: false }
const loadPlotly = () => import('plotly.js-cartesian-dist-min').then((module) => module.default)

/** A plotly figure from the server; `data-ready` appears once it is drawn. Plotly itself is loaded with the first one. */
export function Figure({ figure, label, name, height = 360, onSelect }: Props) {
  const holder = useRef<HTMLDivElement>(null)
  const select = useRef(onSelect)
  const scheme = useComputedColorScheme('light')
  const isNarrow = useMediaQuery('(max-width: 48em)')
  useEffect(() => {
    select.current = onSelect
  })
  useEffect(() => {
    const element = holder.current
    const stop = new AbortController()
    const draw = async () => {
      const plotly = await loadPlotly()
      if (stop.signal.aborted || !element) return
      const drawn = await plotly.react(
        element,
        pickTraces(figure.data, isNarrow),
        dress(figure.layout, scheme, isNarrow),
        CONFIG,
      )
      drawn.removeAllListeners('plotly_click')
      drawn.on('plotly_click', (event) => select.current?.(event.points[0]?.customdata))
      drawn.dataset.ready = 'true'
    }
    void draw()
    return () => stop.abort()
  }, [figure, scheme, isNarrow])
  useEffect(() => {
    const element = holder.current
    return () => void loadPlotly().then((plotly) => element && plotly.purge(element))
  }, [])
  const style = { height: height + legendRoom(figure.data, isNarrow), minWidth: 0 }
  return <div ref={holder} role="img" aria-label={label} data-testid={`figure-${name}`} style={style} />
}
