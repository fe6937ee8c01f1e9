import { useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { apiTokensKey } from './keys'

export function useApiTokens() {
  return useQuery({ queryKey: apiTokensKey, queryFn: () => unwrap(api.GET('/api/tokens')) })
}
