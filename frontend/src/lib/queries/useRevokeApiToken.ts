import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { apiTokensKey } from './keys'

export function useRevokeApiToken() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (token_id: string) => unwrap(api.DELETE('/api/tokens/{token_id}', { params: { path: { token_id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: apiTokensKey }),
  })
}
