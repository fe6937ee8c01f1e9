declare module 'plotly.js-cartesian-dist-min' {
  export interface PlotlyElement extends HTMLDivElement {
    on: (event: 'plotly_click', handler: (event: { points: { customdata?: unknown }[] }) => void) => void
    removeAllListeners: (event: string) => void
  }
  export interface Plotly {
    react: (element: HTMLElement, data: unknown[], layout: object, config: object) => Promise<PlotlyElement>
    purge: (element: HTMLElement) => void
  }
  const plotly: Plotly
  export default plotly
}
