import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { api, unwrap } from '@/lib/api/client'
import type { PruneOrder, Run, SampleOrder } from '@/lib/api/types'
import { runListKey } from './keys'

export type RunOrder = PruneOrder | { kind: 'sample'; dataset_id: string; order: SampleOrder; name?: string | null }

/** Queues one run: the second click of a double click comes before anything is drawn anew, and is not heard. */
export function useStartRun(onSuccess: (run: Run) => void) {
  const client = useQueryClient()
  const isSent = useRef(false)
  const { mutate, isPending, isSuccess, error } = useMutation({
    mutationFn: (body: RunOrder) => unwrap(api.POST('/api/runs', { body })),
    onSuccess: (run) => {
      void client.invalidateQueries({ queryKey: runListKey })
      onSuccess(run)
    },
    onError: () => {
      isSent.current = false
    },
  })
  const start = (order: RunOrder) => {
    if (isSent.current) return
    isSent.current = true
    mutate(order)
  }
  return { start, isBusy: isPending || isSuccess, error }
}
