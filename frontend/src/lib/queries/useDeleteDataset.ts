import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { datasetKey, datasetsKey } from './keys'

export function useDeleteDataset(id: string, onSuccess: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/datasets/{dataset_id}', { params: { path: { dataset_id: id } } })),
    onSuccess: async () => {
      onSuccess()
      client.removeQueries({ queryKey: datasetKey(id) })
      await client.invalidateQueries({ queryKey: datasetsKey })
    },
  })
}
