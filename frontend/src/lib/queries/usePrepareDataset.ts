import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { datasetsKey } from './keys'

/** Tries again to prepare a dataset. */
export function usePrepareDataset(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => unwrap(api.POST('/api/datasets/{dataset_id}/prepare', { params: { path: { dataset_id: id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: datasetsKey }),
  })
}
