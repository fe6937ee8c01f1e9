import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { apiTokensKey } from './keys'

/** Makes an API token; its secret is in the answer, and nowhere else ever again. */
export function useCreateApiToken() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: { name: string; days: number }) => unwrap(api.POST('/api/tokens', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: apiTokensKey }),
    gcTime: 0,
  })
}
