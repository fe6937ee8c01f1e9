/** Every address of the application. */
export const paths = {
  models: '/models',
  model: (id: string) => `/models/${id}`,
  datasets: '/datasets',
  dataset: (id: string) => `/datasets/${id}`,
  runs: '/runs',
  newRun: (start: { model?: string; dataset?: string; from?: string } = {}) => {
    const query = new URLSearchParams(start).toString()
    return query ? `/runs/new?${query}` : '/runs/new'
  },
  run: (id: string) => `/runs/${id}`,
}

/** Addresses of files that the browser fetches itself. */
export const files = {
  model: (id: string) => `/api/models/${id}/file`,
  examples: (id: string) => `/api/datasets/${id}/examples.png`,
  bundle: (run: string, point: number) => `/api/runs/${run}/points/${point}/bundle.zip`,
  pointFile: (run: string, point: number, name: string) => `/api/runs/${run}/points/${point}/files/${name}`,
  runEvents: (id: string) => `/api/runs/${id}/events`,
  events: '/api/runs/events',
}
