import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import type { ArchitectureMatch } from '@/lib/api/types'
import { modelsKey } from './keys'

/** Picks among the architectures that fit an upload. */
export function useChooseArchitecture(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: ArchitectureMatch) =>
      unwrap(api.POST('/api/models/{model_id}/architecture', { params: { path: { model_id: id } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: modelsKey }),
  })
}
