import { useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { pointsKey } from './keys'

/** The operating points of a run with their files. */
export function usePoints(id: string) {
  return useQuery({
    queryKey: pointsKey(id),
    queryFn: () => unwrap(api.GET('/api/runs/{run_id}/points', { params: { path: { run_id: id } } })),
  })
}
