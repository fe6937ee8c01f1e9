import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { modelsKey } from './keys'

/** Tries again to inspect a model. */
export function useInspectModel(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => unwrap(api.POST('/api/models/{model_id}/inspect', { params: { path: { model_id: id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: modelsKey }),
  })
}
