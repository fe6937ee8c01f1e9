import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { datasetsKey } from './keys'

/** Makes a dataset of a finished upload. */
export function useAddDataset() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (upload_id: string) => unwrap(api.POST('/api/datasets', { body: { upload_id } })),
    onSuccess: () => client.invalidateQueries({ queryKey: datasetsKey }),
  })
}
