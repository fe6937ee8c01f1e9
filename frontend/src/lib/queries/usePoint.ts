import { useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import type { PointEntry } from '@/lib/api/types'
import { pointKey } from './keys'

const POLL_MS = 1500

/** Something of a point is on its way. */
function isBusy({ formats, latency }: PointEntry): boolean {
  return [latency, ...formats].some(({ standing }) => standing === 'queued' || standing === 'running')
}

/** One operating point; asked for again while a file is made or its latency is measured. */
export function usePoint(run: string, index: number) {
  return useQuery({
    queryKey: pointKey(run, index),
    queryFn: () =>
      unwrap(api.GET('/api/runs/{run_id}/points/{index}', { params: { path: { run_id: run, index } } })),
    refetchInterval: (query) => (query.state.data && isBusy(query.state.data) ? POLL_MS : false),
  })
}
