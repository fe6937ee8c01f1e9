import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import type { paths as Paths } from '@/lib/api/schema'
import type { SizeAxis } from '@/lib/api/types'
import { runFigureKey } from './keys'

export type FigureName = Paths['/api/runs/{run_id}/figures/{name}']['get']['parameters']['path']['name']

/** What a figure is to show; each of these matters to one figure alone. */
interface Choice {
  x?: SizeAxis
  step?: number
  point?: number
  layer?: string
}

/** A figure of a run; the one before stays on screen until the next has come. */
export function useRunFigure(id: string, name: FigureName, query: Choice = {}) {
  return useQuery({
    queryKey: runFigureKey(id, name, query),
    queryFn: () => unwrap(api.GET('/api/runs/{run_id}/figures/{name}', { params: { path: { run_id: id, name }, query } })),
    placeholderData: keepPreviousData,
  })
}
