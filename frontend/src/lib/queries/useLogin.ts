import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'

/** Trades a one-time code for a session cookie. */
export function useLogin(onSuccess: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (code: string) => unwrap(api.POST('/api/login', { body: { code } })),
    onSuccess: async () => {
      await client.resetQueries()
      onSuccess()
    },
  })
}
