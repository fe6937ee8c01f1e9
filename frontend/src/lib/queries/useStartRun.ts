import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import type { PruneOrder, Run, SampleOrder } from '@/lib/api/types'
import { runListKey } from './keys'

export type RunOrder = PruneOrder | { kind: 'sample'; dataset_id: string; order: SampleOrder; name?: string | null }

/** Queues a run. */
export function useStartRun(onSuccess: (run: Run) => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: RunOrder) => unwrap(api.POST('/api/runs', { body })),
    onSuccess: (run) => {
      void client.invalidateQueries({ queryKey: runListKey })
      onSuccess(run)
    },
  })
}
