import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import type { PointEntry } from '@/lib/api/types'
import { pointKey } from './keys'

export type Format = PointEntry['formats'][number]['format']

/** Has an operating point written in a format. */
export function useOrderFormat(run: string, index: number) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (format: Format) =>
      unwrap(
        api.POST('/api/runs/{run_id}/points/{index}/formats/{format}', {
          params: { path: { run_id: run, index, format } },
        }),
      ),
    onSuccess: (point) => client.setQueryData(pointKey(run, index), point),
  })
}
