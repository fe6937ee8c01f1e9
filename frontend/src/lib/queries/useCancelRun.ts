import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { runKey, runListKey } from './keys'

/** Asks a run to stop; it does so within a step. */
export function useCancelRun(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => unwrap(api.POST('/api/runs/{run_id}/cancel', { params: { path: { run_id: id } } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: runKey(id) })
      await client.invalidateQueries({ queryKey: runListKey })
    },
  })
}
