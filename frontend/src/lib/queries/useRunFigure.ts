import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import type { SizeAxis } from '@/lib/api/types'
import { runFigureKey } from './keys'

export type FigureName = 'accuracy' | 'widths' | 'architecture' | 'loss' | 'information' | 'instability' | 'calibration'

/** A figure of a run; the one before stays on screen until the next has come. */
export function useRunFigure(id: string, name: FigureName, query: { x?: SizeAxis; step?: number } = {}) {
  return useQuery({
    queryKey: runFigureKey(id, name, query),
    queryFn: () => unwrap(api.GET('/api/runs/{run_id}/figures/{name}', { params: { path: { run_id: id, name }, query } })),
    placeholderData: keepPreviousData,
  })
}
