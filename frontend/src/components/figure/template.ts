import { isObject } from '@/lib/json'

export interface FigureData {
  data: unknown[]
  layout: Record<string, unknown>
}

const INK = {
  light: { text: '#495057', strong: '#212529', grid: '#e9ecef', line: '#ced4da', panel: '#ffffff' },
  dark: { text: '#a5b1bc', strong: '#e9ecef', grid: '#323c46', line: '#4a5662', panel: '#1c2329' },
}

const LEGEND_ROW = 18
const MOST_LABELS = 6
const MOST_LETTERS = 18
/** A line of a legend that a screen of 390 pixels shows whole: what starts after so many letters goes below. */
const LEGEND_LINE = /(?:.{1,36}|\S+)(?:\s|$)/g

/** On a narrow screen every legend entry takes lines of its own: room for them on top of the figure's height. */
export function legendRoom(data: unknown[], isNarrow: boolean): number {
  const named = isNarrow ? data.filter((trace) => !isAnnotation(trace) && !isUnnamed(trace)) : []
  return named.reduce((room: number, trace) => room + legendLines(trace).length * LEGEND_ROW, 0)
}

/** What is drawn: on a narrow screen long names broken, and no numbers over the marks, which would cover each other. */
export function pickTraces(data: unknown[], isNarrow: boolean): unknown[] {
  return isNarrow ? data.filter((trace) => !isAnnotation(trace)).map(breakName) : data
}

function breakName(trace: unknown): unknown {
  const lines = legendLines(trace)
  return isObject(trace) && lines.length > 1 ? { ...trace, name: lines.join('<br>') } : trace
}

function legendLines(trace: unknown): string[] {
  const name = isObject(trace) && typeof trace.name === 'string' ? trace.name : ''
  return name.match(LEGEND_LINE)?.map((line) => line.trim()) ?? [name]
}

function isAnnotation(trace: unknown): boolean {
  return isObject(trace) && trace.mode === 'text'
}

function isUnnamed(trace: unknown): boolean {
  return isObject(trace) && trace.showlegend === false
}

/** Names of rows may be long too, which a wide screen has room for. */
function spareRows(layout: FigureData['layout'], isNarrow: boolean): FigureData['layout'] {
  const { yaxis } = layout
  if (!isNarrow || !isObject(yaxis) || !Array.isArray(yaxis.ticktext)) return layout
  const ticktext = yaxis.ticktext.map((text) => (typeof text === 'string' ? shortenLines(text) : text))
  return { ...layout, yaxis: { ...yaxis, ticktext } }
}

/**
 * Long names would take the height of the picture, and a long row of them covers itself on a narrow screen: names lose
 * their beginning, and some are left out. The hover tells them all, in full.
 */
function spareLabels(layout: FigureData['layout'], isNarrow: boolean): FigureData['layout'] {
  const { xaxis } = layout
  if (!isObject(xaxis) || !Array.isArray(xaxis.ticktext)) return layout
  const names = xaxis.ticktext.map((text) => (typeof text === 'string' ? text : ''))
  const named = names.filter((text) => text !== '').length
  const every = isNarrow ? Math.ceil(named / MOST_LABELS) : 1
  let count = 0
  const ticktext = names.map((text) => (text !== '' && count++ % every === 0 ? shorten(text) : ''))
  return { ...layout, xaxis: { ...xaxis, ticktext } }
}

function shortenLines(text: string): string {
  return text.split('<br>').map(shorten).join('<br>')
}

function shorten(name: string): string {
  return name.length > MOST_LETTERS ? `…${name.slice(1 - MOST_LETTERS)}` : name
}

/** The server's layout in the colors and type of the page; what the figure itself says wins. */
export function dress(layout: FigureData['layout'], scheme: 'light' | 'dark', isNarrow: boolean): object {
  const ink = INK[scheme]
  const axis = {
    gridcolor: ink.grid,
    linecolor: ink.line,
    tickcolor: ink.line,
    zerolinecolor: ink.line,
    automargin: true,
    // Where no label is left (a holder of no width), plotly would place the title beside them at -Infinity.
    ticklabeloverflow: 'allow',
    title: { standoff: 10, font: { size: 12, color: ink.text } },
  }
  const template = {
    layout: {
      font: { family: 'Inter, system-ui, -apple-system, sans-serif', size: isNarrow ? 11 : 12, color: ink.text },
      paper_bgcolor: 'rgba(0,0,0,0)',
      plot_bgcolor: 'rgba(0,0,0,0)',
      xaxis: axis,
      yaxis: axis,
      hoverlabel: { bgcolor: ink.panel, bordercolor: ink.line, font: { color: ink.strong, size: 12 }, align: 'left' },
      legend: { font: { color: ink.text } },
      margin: { l: 8, r: 8, t: 8, b: 8, pad: 4 },
    },
  }
  return { ...spareRows(spareLabels(layout, isNarrow), isNarrow), template, autosize: true, uirevision: 'kept' }
}
