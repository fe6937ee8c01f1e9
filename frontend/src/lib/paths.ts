/** Every address of the application. */
export const paths = {
  models: '/models',
  model: (id: string) => `/models/${id}`,
  datasets: '/datasets',
  dataset: (id: string) => `/datasets/${id}`,
  runs: '/runs',
  newRun: ({ pins = [], ...start }: { model?: string; dataset?: string; from?: string; preset?: string; pins?: string[] } = {}) => {
    const query = new URLSearchParams([...Object.entries(start), ...pins.map((pin) => ['pin', pin])]).toString()
    return query ? `/runs/new?${query}` : '/runs/new'
  },
  comparison: (runs: string[]) => `/comparison?${new URLSearchParams(runs.map((run) => ['run', run])).toString()}`,
  settings: '/settings',
  run: (id: string) => `/runs/${id}`,
  point: (run: string, index: number) => `/runs/${run}/points/${index}`,
}

/** Addresses of files that the browser fetches itself. */
export const files = {
  model: (id: string) => `/api/models/${id}/file`,
  examples: (id: string) => `/api/datasets/${id}/examples.png`,
  bundle: (run: string, point: number, formats: readonly string[] = []) => {
    const query = new URLSearchParams(formats.map((format) => ['formats', format])).toString()
    return `/api/runs/${run}/points/${point}/bundle.zip${query && `?${query}`}`
  },
  pointFile: (run: string, point: number, name: string) => `/api/runs/${run}/points/${point}/files/${name}`,
  checkpoint: (run: string) => `/api/runs/${run}/checkpoint`,
  runEvents: (id: string) => `/api/runs/${id}/events`,
  events: '/api/runs/events',
}
