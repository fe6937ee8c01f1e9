import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { pointKey } from './keys'

/** Has the latency of an operating point measured beside the dense network. */
export function useOrderLatency(run: string, index: number) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/api/runs/{run_id}/points/{index}/latency', { params: { path: { run_id: run, index } } }),
      ),
    onSuccess: (point) => client.setQueryData(pointKey(run, index), point),
  })
}
