import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { modelKey, modelsKey } from './keys'

export function useDeleteModel(id: string, onSuccess: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/models/{model_id}', { params: { path: { model_id: id } } })),
    onSuccess: async () => {
      onSuccess()
      client.removeQueries({ queryKey: modelKey(id) })
      await client.invalidateQueries({ queryKey: modelsKey })
    },
  })
}
