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

/** On a narrow screen every legend entry takes a line of its own: room for them on top of the figure's height. */
export function legendRoom(data: unknown[], isNarrow: boolean): number {
  return isNarrow ? data.filter((trace) => !isAnnotation(trace)).length * LEGEND_ROW : 0
}

/** What is drawn: on a narrow screen without the numbers over the marks, which would cover each other. */
export function pickTraces(data: unknown[], isNarrow: boolean): unknown[] {
  return isNarrow ? data.filter((trace) => !isAnnotation(trace)) : data
}

function isAnnotation(trace: unknown): boolean {
  return isObject(trace) && trace.mode === 'text'
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
  return { ...layout, template, autosize: true, uirevision: 'kept' }
}
