import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { modelsKey } from './keys'

/** Makes a model of a finished upload. */
export function useAddModel() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (upload_id: string) => unwrap(api.POST('/api/models', { body: { upload_id } })),
    onSuccess: () => client.invalidateQueries({ queryKey: modelsKey }),
  })
}
