import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import type { RunState } from '@/lib/api/types'
import { runListKey } from './keys'

export interface RunListQuery {
  limit: number
  offset: number
  state: RunState | null
}

const POLL_MS = 15_000

/** A page of runs, newest first. */
export function useRuns({ limit, offset, state }: RunListQuery) {
  return useQuery({
    queryKey: [...runListKey, limit, offset, state],
    queryFn: () => unwrap(api.GET('/api/runs', { params: { query: { limit, offset, ...(state ? { state } : {}) } } })),
    placeholderData: keepPreviousData,
    refetchInterval: POLL_MS,
  })
}
