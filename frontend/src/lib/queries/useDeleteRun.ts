import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { runKey, runListKey } from './keys'

export function useDeleteRun(id: string, onSuccess: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/runs/{run_id}', { params: { path: { run_id: id } } })),
    onSuccess: async () => {
      onSuccess()
      client.removeQueries({ queryKey: runKey(id) })
      await client.invalidateQueries({ queryKey: runListKey })
    },
  })
}
