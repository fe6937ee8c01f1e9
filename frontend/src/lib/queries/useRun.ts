import { useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import type { RunState } from '@/lib/api/types'
import { runKey } from './keys'

const POLL_MS = 15_000

export function isOver(state: RunState): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled'
}

/** One run; asked for again until it is over, in case the event stream is cut. */
export function useRun(id: string) {
  return useQuery({
    queryKey: runKey(id),
    queryFn: () => unwrap(api.GET('/api/runs/{run_id}', { params: { path: { run_id: id } } })),
    refetchInterval: (query) => (query.state.data && isOver(query.state.data.state) ? false : POLL_MS),
  })
}
